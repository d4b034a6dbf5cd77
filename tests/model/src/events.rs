//! Event streams.

use crate::random::Random;

pub fn event_stream(random: &mut Random, is_small: bool) -> Vec<u8> {
    const LINES: [&str; 34] = [
        "data: x",
        "data:x",
        "data",
        "data:",
        "data:  two",
        "data: a:b",
        "data: \u{e9}\u{20ac}\u{1f600}",
        "data: n\0l",
        "id: 1",
        "id: 2",
        "id: 2",
        "id",
        "id: a\0b",
        "id: with space ",
        "id: c\u{1}",
        "id: \u{e9}",
        "event: t",
        "event",
        "event:add",
        "retry: 1500",
        "retry: 0",
        "retry: 90000",
        "retry:7200000",
        "retry: +5",
        "retry",
        "retry: 5 ",
        "retry: 99999999999999999999",
        ": comment",
        ":",
        "other: 1",
        "Data: x",
        " data: x",
        "\u{feff}data: x",
        "datum",
    ];
    const ILL: [&[u8]; 6] = [
        b"\xff",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
        b"\xed\xa0\x80",
        b"\xc3",
        b"\xf4\x90\x80\x80",
    ];
    let mut bytes = Vec::new();
    while random.chance(4) {
        bytes.extend("\u{feff}".bytes());
    }
    let ends: &[&str] = match random.below(8) {
        0 => &["\r\n"],
        1 => &["\r"],
        2 => &["\r\n", "\n", "\r"],
        _ => &["\n"],
    };
    for _ in 0..random.below(5) {
        for _ in 0..random.below(5) {
            if random.chance(8) {
                let name =
                    random.pick(&["data: ", "data: ", "id: ", "event: ", ": ", "retry: ", "x"]);
                let fill = if name == "retry: " { "0" } else { "y" };
                let near = if is_small {
                    [14, 16, 17, 80, 159, 160, 161]
                } else {
                    [30, 63, 64, 65, 1000, 2047, 2049]
                };
                bytes.extend(name.bytes());
                bytes.extend(fill.repeat(random.one_of(&near)).bytes());
            } else {
                bytes.extend(random.pick(&LINES).bytes());
            }
            if random.chance(5) {
                bytes.extend(random.pick(&ILL));
            }
            bytes.extend(random.pick(ends).bytes());
        }
        bytes.extend(random.pick(ends).bytes());
    }
    if random.chance(20) {
        bytes.extend(b"data: unfinished");
    }
    bytes
}
