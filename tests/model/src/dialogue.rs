//! Responses: mostly valid, some of them mutated.

use crate::events::event_stream;
use crate::random::Random;

/// What a server sends on one connection.
pub fn response(random: &mut Random, is_small: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    while random.chance(6) {
        bytes.extend(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    }
    bytes.extend(final_response(random, is_small));
    if random.chance(12) {
        mutate(random, &mut bytes);
    }
    if random.chance(4) {
        bytes.truncate(random.below(bytes.len()));
    }
    bytes
}

/// A redirect that is valid, maybe back to the first URL.
pub fn redirect(random: &mut Random, first_url: &str) -> Vec<u8> {
    let status = random.pick(&["301", "302", "303", "307", "308"]);
    let target = random.pick(&[
        first_url,
        "http://other.example/",
        "//h.example/x",
        "https://h.example/",
        "/y",
    ]);
    format!("HTTP/1.1 {status}\r\nLocation: {target}\r\n\r\n").into()
}

fn final_response(random: &mut Random, is_small: bool) -> Vec<u8> {
    let end = if random.chance(12) { "\n" } else { "\r\n" };
    let status = status(random);
    let version = if random.chance(6) { "1.0" } else { "1.1" };
    let reason = random.pick(&[" OK", "", " ", " Not  so: good"]);
    let mut lines = vec![format!("HTTP/{version} {status}{reason}")];
    if status == 200 || random.chance(10) {
        lines.extend(content_type(random));
    }
    if (300..400).contains(&status) || random.chance(2) {
        lines.extend(locations(random));
    }
    if status >= 400 && random.chance(50) {
        let value = random.pick(&[
            "0",
            "1",
            "7",
            "120",
            "99999999999999999999",
            "-1",
            "",
            "Sun, 06 Nov 1994 08:49:37 GMT",
        ]);
        lines.push(format!("Retry-After: {value}"));
    }
    if random.chance(4) {
        let value = random.pick(&[
            "gzip",
            "identity",
            "br",
            "utf-8",
            "",
            "x, GZip",
            "X-Compress",
            "dcz",
            "none",
        ]);
        lines.push(format!("Content-Encoding: {value}"));
    }
    for _ in 0..random.below(if is_small { 2 } else { 4 }) {
        lines.push(random.pick(&ODD_LINES).into());
    }
    let is_stream = status == 200 && !random.chance(8);
    let body = if is_stream {
        event_stream(random, is_small)
    } else {
        text(random)
    };
    let body = frame(random, &mut lines, body);
    let first = lines.remove(0);
    if random.chance(20) && !lines.is_empty() {
        let by = random.below(lines.len());
        lines.rotate_left(by);
    }
    lines.insert(0, first);
    lines.push(String::new());
    lines.push(String::new());
    let mut bytes = lines.join(end).into_bytes();
    bytes.extend(body);
    bytes
}

const ODD_LINES: [&str; 13] = [
    "X-A: 1",
    "Date: Sun, 06 Nov 1994 08:49:37 GMT",
    "X-Fold: a\r\n  b\r\n\tc",
    " X-Fold: maybe of the status line",
    "X-Space : 1",
    "no header at all",
    ": no name",
    "Bad Name: 1",
    "X-Tab:\t1\t",
    "x-bytes: \u{1}\u{7f}\u{fc}",
    "Connection: close",
    "X-Empty:",
    "Set-Cookie: a=b; Path=/",
];

fn status(random: &mut Random) -> u16 {
    match random.below(100) {
        0..=57 => 200,
        58..=76 => random.one_of(&[301, 302, 303, 307, 308, 308]),
        77..=88 => random.one_of(&[408, 421, 425, 429, 500, 502, 503, 504, 520, 599]),
        89..=96 => random.one_of(&[
            201, 202, 204, 205, 206, 300, 304, 305, 400, 401, 404, 410, 501, 505, 506, 510, 511,
        ]),
        97 => 101,
        _ => 200 + random.below(500) as u16,
    }
}

fn content_type(random: &mut Random) -> Vec<String> {
    let good = "Content-Type: text/event-stream";
    let lines: &[&str] = match random.below(42) {
        0 => &["Content-Type: text/html"],
        1 => &[],
        2 => &["Content-Type: text/html", good],
        3 => &[good, "Content-Type: text/html"],
        4 => &["content-type:TEXT/Event-Stream ; charset=latin1"],
        5 => &["Content-Type: text/event-stream;charset=utf-8"],
        6 => &["Content-Type: text/event-streams"],
        7 => &["Content-Type: text/html;x=\",\", text/event-stream;y=\","],
        8 => &["Content-Type: text/html;x=\"\\\", text/event-stream;y=\""],
        9 => &["Content-Type: text/html;x=\"\\\\\", text/event-stream;y=\"\\\"\""],
        10 => &[
            "Content-Type: text/event-stream, */*, none",
            "Content-Type:",
        ],
        _ => &[good],
    };
    lines.iter().map(|&line| line.into()).collect()
}

fn locations(random: &mut Random) -> Vec<String> {
    const TARGETS: [&str; 30] = [
        "/",
        "/b",
        "c",
        "../d?e",
        "./",
        "?q=1",
        "#top",
        "/a/./b/../../c",
        "..",
        "/a b\u{e9}",
        "http://h.example/back",
        "http://H.example:80/back",
        "http://other.example/x",
        "http://other.example",
        "http://h.example:81/port",
        "https://h.example/tls",
        "https://h.example:443/tls2",
        "//other.example/y?z#w",
        "ftp://h.example/",
        "http://user@h.example/",
        "http://h.example:0/",
        "http://h.example:65536/",
        "",
        "http://",
        "http://[::1]:8080/six",
        "HTTP://h.example/caps",
        "//",
        "http://h.example?query",
        "d:e",
        "/long",
    ];
    let mut target = if random.chance(70) {
        TARGETS[random.below(18)].to_string()
    } else {
        random.pick(&TARGETS).to_string()
    };
    if target == "/long" {
        target += &"x".repeat(random.one_of(&[100, 1000, 1900, 2100, 8200]));
    }
    let line = format!("Location: {target}");
    match random.below(40) {
        0 => vec![],
        1 => vec![line.clone(), line],
        2 => vec![line, "Location: /second".into()],
        _ => vec![line],
    }
}

/// Adds the headers of a framing, and frames the body in it.
fn frame(random: &mut Random, lines: &mut Vec<String>, body: Vec<u8>) -> Vec<u8> {
    let len = body.len();
    match random.below(20) {
        0..=5 => lines.push(format!("Content-Length: {len}")),
        6..=12 => {
            let coding = random.pick(&[
                "chunked",
                "chunked",
                "Chunked",
                "identity, chunked",
                "chunked, chunked",
            ]);
            lines.push(format!("Transfer-Encoding: {coding}"));
            if random.chance(5) {
                lines.push("Content-Length: 3".into());
            }
            return chunked(random, &body);
        }
        13 => {
            let value = match random.below(9) {
                0 => format!("{len}, {len}"),
                1 => format!("0{len}"),
                2 => format!("{len}\r\nContent-Length: {len}"),
                3 => format!("{len}\r\nContent-Length: 1{len}"),
                4 => "+5".into(),
                5 => "18446744073709551616".into(),
                6 => format!("{}", len + 5),
                7 => "18446744073709551615".into(),
                _ => format!("{}", len / 2),
            };
            lines.push(format!("Content-Length: {value}"));
        }
        14 => {
            let coding =
                random.pick(&["identity", "gzip", "", "chunked, identity", "gzip, chunked"]);
            lines.push(format!("Transfer-Encoding: {coding}"));
        }
        _ => {}
    }
    body
}

fn chunked(random: &mut Random, mut body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !body.is_empty() {
        let (chunk, rest) = body.split_at(1 + random.below(body.len().min(40)));
        let size = chunk.len();
        let size = match random.below(8) {
            0 => format!("{size:X}"),
            1 => format!("000{size:x}"),
            2 => format!("{size:x};ext=\"1\""),
            _ => format!("{size:x}"),
        };
        bytes.extend(size.bytes());
        bytes.extend(b"\r\n");
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
        body = rest;
    }
    let ends = [
        "0\r\n\r\n",
        "0\r\n\r\n",
        "0\r\nTrailer: 1\r\n\r\n",
        "00;x\r\n\r\n",
        "0\r\n",
        "10000000000000000\r\n",
        "\r\n",
        "g\r\n",
    ];
    if random.chance(70) {
        bytes.extend(random.pick(&ends).bytes());
    }
    bytes
}

fn text(random: &mut Random) -> Vec<u8> {
    let len = random.one_of(&[0, 1, 20, 90, 200, 1023, 1024, 1025, 1900, 2100]);
    (0..len)
        .map(|at| b"<p>Not found, sorry.</p>\n"[at % 25])
        .collect()
}

fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    const BYTES: &[u8] = b"\0\r\n\r\n \t:;,0159aFx-/.?#\x7f\xc3\xa9\xef\xbb\xbf";
    for _ in 0..1 + random.below(3) {
        // Most mutations are in the head and where the body begins.
        let end = if random.chance(60) {
            bytes.len().min(130)
        } else {
            bytes.len()
        };
        let at = random.below(end);
        let byte = random.one_of(BYTES);
        if bytes.is_empty() || random.chance(40) {
            bytes.insert(at, byte);
        } else if random.chance(40) {
            bytes[at] = byte;
        } else {
            let len = (1 + random.below(4)).min(bytes.len() - at);
            let cut: Vec<u8> = bytes.drain(at..at + len).collect();
            if random.chance(30) {
                bytes.splice(at..at, [cut.clone(), cut].concat());
            }
        }
    }
}
