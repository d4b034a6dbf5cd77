//! The guarantees in the README, one test for each. Some are in other files.

use std::fs;
use std::mem::size_of;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use crate::script::{OPEN, Script, answers, default_source, ms, opens, status, url};
use embedded_sse::{
    Decoder, EventSource, InvalidRedirect, Item, Policy, Reconnect, Request, Scheme, Step,
    StopReason, TooLong, Url,
};

#[test]
fn no_unsafe_in_the_crate() {
    let lib = include_str!("../../src/lib.rs");
    assert!(lib.contains("#![forbid(unsafe_code)]"));
    assert!(lib.contains("#![no_std]"));
}

/// The items of a stream, as text.
fn decoded<const DATA: usize>(pushes: &[&[u8]]) -> Vec<String> {
    let mut decoder = Decoder::<DATA>::new();
    decoder.show_comments(true);
    decoder.show_retry(true);
    let mut items = Vec::new();
    for mut push in pushes.iter().copied() {
        while let Some(item) = decoder.decode(&mut push) {
            items.push(format!("{item:?}"));
        }
    }
    items
}

#[test]
fn chunk_boundaries_do_not_matter() {
    let stream =
        "\u{feff}: c\r\nid: 1\revent: é\ndata: a\r\ndata: 🌍\n\nretry: 10\rdata\r\r".as_bytes();
    let whole = decoded::<16>(&[stream]);
    assert_eq!(whole.len(), 4);
    for cut in 0..=stream.len() {
        let (before, after) = stream.split_at(cut);
        assert_eq!(decoded::<16>(&[before, b"", after]), whole, "{cut}");
    }
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(decoded::<16>(&bytes), whole);
}

#[test]
fn memory_is_bounded_and_stated_in_the_type() {
    // Besides `DATA` and four times `META` bytes, the size is fixed.
    const fn fixed(size: usize, data: usize, meta: usize) -> usize {
        size - data - 4 * meta
    }
    assert!(fixed(size_of::<Decoder<1024, 64>>(), 1024, 64) <= 192);
    assert!(fixed(size_of::<Decoder<65536, 512>>(), 65536, 512) <= 192);
    assert!(size_of::<EventSource<'_, 1024, 64>>() <= 488);
}

/// The length is smaller in a debug build, so that the test ends within seconds.
const LEN: usize = if cfg!(debug_assertions) {
    1 << 17
} else {
    4 << 20
};

/// A static, because it is too large for the stack.
static DECODER: Mutex<Decoder<LEN>> = Mutex::new(Decoder::new());

/// If the time were quadratic for any of these streams, the test would take far too long.
#[test]
fn time_is_linear() {
    let lines: [&[u8]; 9] = [
        b"data: x\n",
        b"data",
        b":",
        b": a\n",
        b"id: 1\n",
        b"\xFF",
        b"\r",
        b"event: x\n",
        b"a:b\n",
    ];
    let mut in_pieces = Box::new(Decoder::<65536>::new());
    in_pieces.split_long_events(true);
    for line in lines {
        let stream = line.repeat(LEN / line.len());
        read_all(&mut DECODER.lock().unwrap(), &stream);
        read_all(&mut in_pieces, &stream);
        // Ill-formed bytes come out one by one.
        read_all(&mut in_pieces, &[b"data: ", &stream[..]].concat());
    }
}

fn read_all<const DATA: usize>(decoder: &mut Decoder<DATA>, stream: &[u8]) {
    for push in [1, 64, LEN] {
        decoder.new_stream();
        for mut push in stream.chunks(push) {
            while decoder.decode(&mut push).is_some() {}
        }
    }
}

#[test]
fn time_is_linear_for_a_hostile_redirect() {
    for dots in ["/..", "/.", "/x/..", "//", "/a"] {
        let location = dots.repeat((LEN - 1024) / dots.len());
        let head = format!("HTTP/1.1 302 x\r\nLocation: {location}\r\n\r\n");
        let mut decoder = DECODER.lock().unwrap();
        let mut source = default_source(&mut decoder);
        let _ = source.step(ms(0));
        source.connected(ms(0));
        source.wrote(usize::MAX);
        for byte in head.as_bytes().chunks(1) {
            assert!(source.receive(&mut &*byte, ms(0)).is_none());
        }
        source.ended(ms(0));
        let Step::Stop(stop) = source.step(ms(0)) else {
            panic!("the redirect is followed");
        };
        assert_eq!(stop.reason, StopReason::Redirect(InvalidRedirect::TooLong));
    }
}

#[test]
fn an_event_too_long_loses_itself_and_nothing_else() {
    let stream = format!(
        "data: a\n\nid: 1\ndata: {}\nevent: x\n\ndata: b\n\n",
        "x".repeat(99)
    );
    let mut decoder = Decoder::<8>::new();
    for mut push in stream.as_bytes().chunks(3) {
        while let Some(item) = decoder.decode(&mut push) {
            match item {
                Item::Event(event) if event.data == "a" => assert_eq!(event.last_event_id, ""),
                Item::Event(event) => {
                    assert_eq!((event.data, event.event_type), ("b", "message"));
                    assert_eq!(event.last_event_id, "1");
                }
                other => assert!(matches!(other, Item::TooLong(TooLong::Data { .. }))),
            }
        }
    }
    assert_eq!(decoder.last_event_id(), "1");
}

/// Scripts are run with and without spurious calls, and the logs are compared. See `tests/it/script`.
#[test]
fn spurious_calls_and_timeouts_are_harmless() {
    let log = Script::get("http://h/")
        .policy(|policy| policy.idle_timeout = Some(ms(5000)))
        .then(opens("id: 1\ndata: a\n\n").pauses(4999).sends(":\n"))
        .then(status(503, ""))
        .then(status(204, ""))
        .run();
    // The stream stayed open for 10 s, so its loss is not a failure.
    assert_eq!(log.delays, [3000, 3000]);
    assert_eq!(log.told()[2], "lost IdleTimeout");
}

#[test]
fn no_header_can_be_injected() {
    for evil in [
        "a\r\nX: y",
        "a\nX: y",
        "a\rX: y",
        "a\0",
        " ",
        "a b",
        "a\u{e9}",
    ] {
        assert!(Url::parse(&format!("http://h/{evil}")).is_err());
        assert!(Url::parse(&format!("http://h{evil}/")).is_err());
        assert!(Url::from_parts(Scheme::Http, "h", None, &format!("/{evil}")).is_err());
        assert!(Url::from_parts(Scheme::Http, evil, None, "/").is_err() || evil == "a");
        let mut decoder = Decoder::<256>::new();
        let request = Request {
            headers: &[(evil, "x")],
            ..Request::get(url("http://h/"))
        };
        assert!(EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).is_err());
    }
    // A server chooses IDs, and the URLs of redirects.
    let log = Script::get("http://h/")
        .then(opens("id: 1\u{1}X: y\ndata: a\n\nid: \u{9}2\n\n").ends())
        .then(answers("HTTP/1.1 307 x\r\nLocation: /a\tX:y\r\n\r\n"))
        .run();
    assert_eq!(log.header(1, "last-event-id"), None);
    assert!(log.requests.iter().all(|request| !request.contains("X")));
}

#[test]
fn credentials_never_leave_their_origin() {
    let request = Request {
        headers: &[("authorization", "secret"), ("Cookie", "secret")],
        ..Request::get(url("http://h/"))
    };
    for (location, has_it) in [
        ("http://g/", false),
        ("http://h:81/", false),
        ("https://h/", false),
        ("//g/", false),
        ("/x", true),
        ("http://H:80/x", true),
    ] {
        let redirect = format!("HTTP/1.1 308 x\r\nLocation: {location}\r\n\r\n");
        let log = Script::new(request)
            .then(answers(redirect))
            .then(answers(OPEN))
            .run();
        assert_eq!(log.requests[1].contains("secret"), has_it, "{location}");
    }
}

/// The documentation includes the example that `tests/tools/minimal.rs` runs.
#[test]
fn the_loop_in_the_documentation_is_the_tested_example() {
    let source = include_str!("../../src/source.rs");
    let (before, _) = source.split_once("pub struct EventSource").unwrap();
    assert!(before.contains(r#"#[doc = include_str!("../examples/minimal.rs")]"#));
}

#[test]
fn each_guarantee_of_the_readme_is_the_name_of_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    for directory in ["src", "tests"] {
        read_code(&root.join(directory), &mut code);
    }
    let (_, section) = include_str!("../../README.md")
        .split_once("## Guarantees")
        .unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows: Vec<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .skip(1)
        .collect();
    assert!(rows.len() >= 10);
    for row in rows {
        let (guarantee, _) = row.split_once(" |").unwrap();
        let name = guarantee.replace('`', "").replace(' ', "_");
        assert!(code.contains(&format!("fn {name}()")), "{name}");
    }
}

/// Appends all code under this directory, except the files that cargo has built.
fn read_code(directory: &Path, code: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            read_code(&path, code);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *code += &fs::read_to_string(&path).unwrap();
        }
    }
}

/// `examples/qemu/README.md` has the table that `cargo run -- measure` prints.
#[test]
fn the_numbers_of_the_readme_are_the_measured_ones() {
    let measured = include_str!("../../examples/qemu/README.md");
    let kilobytes = |row: &str| {
        let (_, rest) = measured.split_once(&format!("| {row} | ")).unwrap();
        let (bytes, _) = rest.split_once(" |").unwrap();
        format!("{:.1} KB", bytes.parse::<f64>().unwrap() / 1000.0)
    };
    let readme = include_str!("../../README.md");
    let (_, table) = readme.split_once("| flash | static RAM | stack |").unwrap();
    let page = include_str!("../../docs/https.md");
    for (row, row_of_page, measured, stack) in [
        ("`http`", "`http`", "`sse()` over embassy-net", "`sse()`"),
        (
            "`https`, pinned key",
            "`https`, `PinnedKeys`",
            "`sse()` with a pinned key",
            "a pinned key, handshake",
        ),
        (
            "`https`, private authority",
            "`https`, `PrivateCa`",
            "`sse()` with an authority",
            "an authority, handshake",
        ),
    ] {
        let flash = kilobytes(&format!("{measured}, flash"));
        let ram = kilobytes(&format!("{measured}, static RAM"));
        let stack = kilobytes(&format!("peak stack, more with {stack}"));
        let start = format!("| {row} | {flash} | {ram}, ");
        let end = format!(" | {stack} |");
        let is_row = |line: &str| line.starts_with(&start) && line.ends_with(&end);
        assert!(table.lines().any(is_row), "{start}…{end}");
        let start = format!("| {row_of_page} | {flash} | {ram} | {stack} |");
        assert!(page.lines().any(|line| line.starts_with(&start)), "{start}");
    }
}

#[test]
fn the_clock_may_start_at_any_time() {
    for start in [Duration::ZERO, ms(1 << 40), Duration::MAX - ms(1 << 40)] {
        let mut reconnect = Reconnect::new(Policy::DEFAULT, 1);
        reconnect.connecting(start);
        let timeout = reconnect.deadline().unwrap() - start;
        assert_eq!(timeout, Policy::DEFAULT.connect_timeout.unwrap());
    }
}
