//! Rules: ok and event stream, ok and anything else, content encoding, no content.

use embedded_sse::{Decoder, Item, StopReason};

use super::{HERE, OPENED, reading, told_of};
use crate::script::{Command, OPEN, Script, answers, ms, opens, status};

#[test]
fn ok_and_event_stream_is_open_before_the_first_event() {
    assert_eq!(told_of("Content-Type: text/event-stream\r\n"), OPENED);
}

#[test]
fn ok_and_event_stream_is_open_before_the_first_byte_of_the_body() {
    let log = Script::get(HERE).then(answers(OPEN)).run();
    assert_eq!(log.told(), ["open 200", "silent for ever"]);
}

#[test]
fn ok_and_event_stream_may_have_parameters_and_any_case() {
    for value in [
        "TEXT/Event-Stream",
        "text/event-stream;charset=utf-8",
        "text/event-stream ; charset=latin1; x",
        "text/event-stream;",
        "\ttext/event-stream\t ",
    ] {
        assert_eq!(told_of(&format!("CONTENT-type:{value}\r\n")), OPENED);
    }
}

#[test]
fn ok_and_event_stream_is_decided_by_the_last_type() {
    let html = "Content-Type: text/html\r\n";
    let stream = "content-type: text/event-stream\r\n";
    assert_eq!(told_of(&format!("{html}{stream}")), OPENED);
    assert_eq!(told_of(&format!("{stream}{html}")), "stop ContentType");
    for header in [
        "Content-Type: text/event-stream; x=\"a,b/c\"\r\n",
        "Content-Type: text/event-stream\r\nContent-Type:\r\n",
        "Content-Type: text/event-stream, */*\r\n",
        "Content-Type: text/event-stream,\r\n",
    ] {
        assert_eq!(told_of(header), OPENED, "{header}");
    }
    for parameter in [
        r#"",text/event-stream;""#,
        // An escaped quote does not end the string, and an escaped backslash escapes nothing.
        r#""\",text/event-stream;""#,
        r#""\\\",text/event-stream;""#,
        r#""\\";y="a\\\",text/event-stream;""#,
    ] {
        let quoted = format!("Content-Type: text/html; x={parameter}\r\n");
        assert_eq!(told_of(&quoted), "stop ContentType", "{quoted}");
    }
    for parameter in [r#""\\""#, r#""\"\\""#, r#""\a""#, r"a\"] {
        let ended = format!("Content-Type: text/html; x={parameter}, text/event-stream\r\n");
        assert_eq!(told_of(&ended), OPENED, "{ended}");
    }
    // A proxy may have joined the headers.
    let joined = "Content-Type: text/html;a=b , text/event-stream; charset=\"x,y\"\r\n";
    assert_eq!(told_of(joined), OPENED);
    let joined = "Content-Type: text/event-stream, text/html\r\n";
    assert_eq!(told_of(joined), "stop ContentType");
}

#[test]
fn ok_and_event_stream_shows_status_and_headers() {
    let mut decoder = Decoder::<512>::new();
    let mut source = reading(&mut decoder);
    let mut input =
        &b"HTTP/1.1 200 Fine\r\nA: 1\r\nb:  2 \r\nContent-Type: text/event-stream\r\n\r\n"[..];
    let Some(Item::Open(head)) = source.receive(&mut input, ms(0)) else {
        panic!("not open");
    };
    assert_eq!(head.status(), 200);
    assert_eq!((head.header("a"), head.header("B")), (Some("1"), Some("2")));
    assert_eq!(head.header("c"), None);
    assert_eq!(head.headers().count(), 3);
}

#[test]
fn ok_and_anything_else_stops() {
    for headers in [
        "",
        "Content-Type:\r\n",
        "Content-Type: text/html\r\n",
        "Content-Type: text/event-streams\r\n",
        "Content-Type: text/event\r\n",
        "Content-Type: text/plain; text/event-stream\r\n",
        "Content-Type: text /event-stream\r\n",
        "X-Content-Type: text/event-stream\r\n",
    ] {
        assert_eq!(told_of(headers), "stop ContentType", "{headers}");
    }
}

#[test]
fn ok_and_anything_else_shows_the_head_and_the_body() {
    let portal = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX: y\r\n\r\n<p>Log in";
    let log = Script::get(HERE).then(answers(portal).ends()).run();
    let response = log.response.unwrap();
    assert_eq!(
        (response.status, response.body.as_str()),
        (200, "<p>Log in")
    );
    let headers = [("Content-Type", "text/html"), ("X", "y")];
    assert_eq!(response.headers, headers.map(|(a, b)| (a.into(), b.into())));
    let stop = log.stop.unwrap();
    assert_eq!((stop.reason, stop.cause), (StopReason::ContentType, None));
    assert_eq!(stop.status, Some(200));
}

#[test]
fn ok_and_anything_else_shows_at_most_1024_bytes_of_the_body() {
    let head = "HTTP/1.1 404 Gone\r\n\r\n";
    for (len, kept) in [
        (0, 0),
        (1023, 1023),
        (1024, 1024),
        (1025, 1024),
        (2000, 1024),
    ] {
        let body = "x".repeat(len);
        let response = answers(format!("{head}{body}")).ends();
        let log = Script::get(HERE).then(response).run();
        assert_eq!(log.response.unwrap().body.len(), kept, "{len}");
    }
}

#[test]
fn ok_and_anything_else_shows_as_much_of_the_body_as_fits_in_data() {
    let head = "HTTP/1.1 404 Gone\r\n\r\n";
    let script = Script::get(HERE).then(answers(format!("{head}{}", "x".repeat(200))));
    let body = script.run_in::<128>().response.unwrap().body;
    assert_eq!(body.len(), 128 - head.len());
}

#[test]
fn ok_and_anything_else_shows_a_chunked_body_without_its_framing() {
    let head = "HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (rest, body) in [
        ("3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", "abcde"),
        ("3\r\nabc\r\n2\r\nd", "abcd"),
        ("3\r\nabc\r\nbroken", "abc"),
        ("", ""),
    ] {
        let response = answers(format!("{head}{rest}")).ends();
        let log = Script::get(HERE).then(response).run();
        assert_eq!(log.response.unwrap().body, body, "{rest}");
        assert_eq!(log.stop.unwrap().reason, StopReason::Status);
    }
}

#[test]
fn ok_and_anything_else_does_not_wait_after_a_body_of_known_length() {
    let head = "HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\n";
    let log = Script::get(HERE)
        .then(answers(format!("{head}abcdef")))
        .run();
    assert_eq!(log.time_of("stop Status"), 0);
    assert_eq!(log.response.unwrap().body, "abc");
}

#[test]
fn ok_and_anything_else_waits_for_the_body_for_a_second() {
    let silent = answers("HTTP/1.1 400 Bad\r\n\r\n").sends("abc");
    let log = Script::get(HERE).then(silent).run();
    assert_eq!(log.time_of("stop Status"), 1000);
    assert_eq!(log.response.unwrap().body, "abc");
}

#[test]
fn ok_and_anything_else_does_not_wait_once_its_memory_is_full() {
    let until_close = "HTTP/1.1 404 Gone\r\n\r\n";
    let chunked = "HTTP/1.1 404 Gone\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n";
    let long = "HTTP/1.1 404 Gone\r\nContent-Length: 9999\r\n\r\n";
    for head in [until_close, chunked, long] {
        let full = answers(head).sends("x".repeat(1024));
        let log = Script::get(HERE).then(full).run();
        assert_eq!(log.timed(), ["0 stop Status"], "{head}");
        assert_eq!(log.response.unwrap().body.len(), 1024);
        let not_full = answers(head).sends("x".repeat(1023));
        let log = Script::get(HERE).then(not_full).run();
        assert_eq!(log.timed(), ["1000 stop Status"], "{head}");
    }
    // Up to a head that leaves no room at all.
    for room in 0..3 {
        let name = "x".repeat(128 - until_close.len() - "\r\n".len() - room);
        let head = format!("HTTP/1.1 404 Gone\r\n{name}\r\n\r\n");
        let full = answers(head).sends("x".repeat(room));
        let log = Script::get(HERE).then(full).run_in::<128>();
        assert_eq!(log.timed(), ["0 stop Status"], "{room}");
        assert_eq!(log.response.unwrap().body.len(), room);
    }
}

#[test]
fn ok_and_anything_else_stops_when_its_body_is_cut_off() {
    let head = "HTTP/1.1 400 Bad\r\nContent-Length: 9\r\n\r\n";
    for connection in [
        answers(format!("{head}abc")).resets(),
        answers(format!("{head}abc")).ends(),
    ] {
        let log = Script::get(HERE).then(connection).run();
        assert_eq!(log.told(), ["stop Status"]);
        assert_eq!(log.response.unwrap().body, "abc");
    }
}

#[test]
fn ok_and_event_stream_shows_no_response_after_a_close() {
    let script = Script::get(HERE).then(opens("data: a\n\n"));
    let log = script.on("message", Command::Close).run();
    assert_eq!(log.response, None);
}

const COMPRESSIONS: [&str; 9] = [
    "gzip",
    "x-gzip",
    "deflate",
    "compress",
    "x-compress",
    "br",
    "zstd",
    "dcb",
    "dcz",
];

#[test]
fn content_encoding_that_compresses_stops() {
    for name in COMPRESSIONS {
        for value in [
            name.to_owned(),
            name.to_uppercase(),
            format!("identity, {name}"),
            format!("{name},identity"),
            format!("none\r\nContent-Encoding: {name}"),
            format!("{name}\r\nContent-Encoding: identity"),
        ] {
            for header in ["content-encoding", "Transfer-Encoding"] {
                let headers = format!("Content-Type: text/event-stream\r\n{header}: {value}\r\n");
                assert_eq!(told_of(&headers), "stop ContentEncoding", "{headers}");
            }
        }
    }
}

#[test]
fn content_encoding_without_compression_is_ignored() {
    for value in [
        "identity",
        "Identity",
        "",
        "none",
        "utf-8",
        "UTF-8",
        "x",
        "gzipped",
        "chunked",
        "identity, none",
        ",",
    ] {
        let headers = format!("Content-Type: text/event-stream\r\nContent-Encoding: {value}\r\n");
        assert_eq!(told_of(&headers), OPENED, "{value}");
    }
}

#[test]
fn no_content_stops() {
    let log = Script::get(HERE).then(status(204, "")).run();
    assert_eq!(log.told(), ["stop NoContent"]);
    assert_eq!(log.time_of("stop NoContent"), 0);
    assert_eq!(log.stop.unwrap().status, Some(204));
    assert_eq!(log.response.unwrap().body, "");
}

#[test]
fn no_content_stops_a_reconnect_too() {
    let log = Script::get(HERE)
        .then(opens("data: a\n\n").ends())
        .then(status(204, "Content-Type: text/event-stream\r\n"))
        .run();
    assert_eq!(log.told().last(), Some(&"stop NoContent"));
}
