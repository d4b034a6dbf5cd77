//! Section 10 of the rules, "The connection", row by row; and the rows of its first table that
//! concern the connection.

use crate::script::{
    Command, OPEN, Script, answers, ms, never_connects, opens, refuses, status, url,
};
use embedded_sse::{
    Decoder, EventSource, Head, InvalidRedirect, InvalidRequest, Item, LossCause, Policy, Request,
    Step, StopReason, Verdict,
};

const HERE: &str = "http://h/stream";

/// What the server gets from a request that is accepted at once.
fn sent(request: Request<'_>) -> String {
    let log = Script::new(request).then(opens("").ends()).run();
    log.requests[0].clone()
}

// ---- request ----

#[test]
fn request_has_what_the_row_says_and_nothing_else() {
    assert_eq!(
        sent(Request::get(url("http://example.org/a?b=c#d"))),
        "GET /a?b=c HTTP/1.1\r\n\
         Host: example.org\r\n\
         Accept: text/event-stream\r\n\
         Accept-Encoding: identity\r\n\
         Cache-Control: no-cache\r\n\
         \r\n"
    );
}

#[test]
fn request_without_a_path_asks_for_the_root() {
    for (text, line) in [
        ("http://h", "/"),
        ("http://h?q", "/?q"),
        ("http://h#f", "/"),
    ] {
        let log = Script::get(text).then(opens("").ends()).run();
        assert_eq!(log.request_lines(), [format!("GET {line}")]);
    }
}

#[test]
fn request_host_has_a_port_that_is_not_the_schemes_own() {
    for (text, host, origin) in [
        ("http://h/", "h", "http h 80"),
        ("http://h:80/", "h", "http h 80"),
        ("http://h:8080/", "h:8080", "http h 8080"),
        ("http://h:443/", "h:443", "http h 443"),
        ("https://h/", "h", "https h 443"),
        ("https://h:443/", "h", "https h 443"),
        ("https://h:80/", "h:80", "https h 80"),
        ("http://[::1]/", "[::1]", "http ::1 80"),
        (
            "http://[2001:db8::1]:81/",
            "[2001:db8::1]:81",
            "http 2001:db8::1 81",
        ),
        ("http://h:65535/", "h:65535", "http h 65535"),
        ("http://h:1/", "h:1", "http h 1"),
        ("http://h:1000/", "h:1000", "http h 1000"),
    ] {
        let log = Script::get(text).then(opens("").ends()).run();
        assert_eq!(log.header(0, "host"), Some(host), "{text}");
        assert_eq!(log.origins, [origin]);
    }
}

#[test]
fn request_headers_of_the_caller_are_sent_in_their_order() {
    let request = Request {
        headers: &[("X-B", "2"), ("X-A", ""), ("X-B", "3")],
        ..Request::get(url(HERE))
    };
    assert!(sent(request).ends_with("\r\nX-B: 2\r\nX-A: \r\nX-B: 3\r\n\r\n"));
}

#[test]
fn request_headers_of_the_caller_replace_ours_in_any_case() {
    let request = Request {
        headers: &[
            ("HOST", "other"),
            ("accept", "*/*"),
            ("Cache-control", "no-store"),
            ("last-event-ID", "mine"),
        ],
        ..Request::get(url(HERE))
    };
    let script = Script::new(request).last_event_id("ours");
    let log = script.then(opens("").ends()).run();
    assert_eq!(log.header(0, "host"), Some("other"));
    assert_eq!(log.header(0, "accept"), Some("*/*"));
    assert_eq!(log.header(0, "cache-control"), Some("no-store"));
    assert_eq!(log.header(0, "last-event-id"), Some("mine"));
}

#[test]
fn request_without_a_body_in_its_response_is_refused() {
    for method in ["HEAD", "CONNECT"] {
        let request = Request {
            method,
            ..Request::get(url(HERE))
        };
        let mut decoder = Decoder::<512>::new();
        let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder);
        assert_eq!(source.err(), Some(InvalidRequest::NoBody));
    }
}

#[test]
fn request_of_a_get_has_a_length_only_with_a_body() {
    let get = Request::get(url(HERE));
    assert!(!sent(get).contains("Content-Length"));
    let body = Request {
        body: b"abc",
        ..get
    };
    assert!(sent(body).ends_with("Content-Length: 3\r\n\r\nabc"));
}

#[test]
fn request_of_a_post_has_a_length_always() {
    let post = sent(Request::post(url(HERE), b"{\"a\": 1}\r\n"));
    assert!(post.starts_with("POST /stream HTTP/1.1\r\n"));
    assert!(post.ends_with("Content-Length: 10\r\n\r\n{\"a\": 1}\r\n"));
    let empty = sent(Request::post(url(HERE), b""));
    assert!(empty.ends_with("Content-Length: 0\r\n\r\n"));
}

#[test]
fn request_has_last_event_id_only_when_not_empty() {
    let script = Script::get(HERE).then(opens("").ends());
    assert_eq!(script.clone().run().header(0, "last-event-id"), None);
    let log = script.last_event_id("a b").run();
    assert_eq!(log.header(0, "last-event-id"), Some("a b"));
}

// ---- the first table's rows that concern the connection ----

/// The `Last-Event-ID` of each request, when these bodies come one after the other.
fn ids(bodies: &[&str]) -> Vec<Option<String>> {
    let mut script = Script::get(HERE);
    for body in bodies {
        script = script.then(opens(body).ends());
    }
    let log = script.run();
    let id = |request| log.header(request, "last-event-id").map(str::to_owned);
    (0..bodies.len()).map(id).collect()
}

fn some(id: &str) -> Option<String> {
    Some(id.to_owned())
}

#[test]
fn id_outlives_streams_without_one_until_it_is_reset() {
    let bodies = ["id: abc\ndata\n\n", "data: x\n\n", "id\n\n", "data: x\n\n"];
    assert_eq!(ids(&bodies), [None, some("abc"), some("abc"), None]);
}

#[test]
fn id_alone_counts() {
    assert_eq!(ids(&["id: 7\n\n", ""]), [None, some("7")]);
}

#[test]
fn id_of_an_unfinished_block_or_line_does_not_count() {
    for rest in ["id: 8\ndata: x\n", "id: 8\n", "id: 8"] {
        let body = format!("id: 7\n\n{rest}");
        assert_eq!(ids(&[&body, ""]), [None, some("7")]);
    }
}

#[test]
fn id_with_nul_is_ignored() {
    assert_eq!(ids(&["id: 7\n\nid: a\0b\n\n", ""]), [None, some("7")]);
}

#[test]
fn id_that_does_not_fit_leaves_the_old_one() {
    let body = format!("id: 7\n\nid: {}\ndata: x\n\n", "x".repeat(65));
    let script = Script::get(HERE).then(opens(body).ends());
    let log = script.then(refuses()).run();
    assert_eq!(log.told()[1], "too long: Id { len: 65 }");
    assert_eq!(log.last_event_id, "7");
}

#[test]
fn id_of_an_event_that_does_not_fit_counts() {
    let body = format!("id: 7\ndata: {}\n\n", "x".repeat(3000));
    assert_eq!(ids(&[&body, ""]), [None, some("7")]);
}

#[test]
fn id_is_taken_over_by_the_next_stream() {
    let script = Script::get(HERE).last_event_id("seed");
    let log = script
        .then(opens("id\ndata: a\n\n").ends())
        .then(opens("data: b\n\nid: 3\ndata: c\n").ends())
        .run();
    assert_eq!(log.header(0, "last-event-id"), Some("seed"));
    assert_eq!(log.header(1, "last-event-id"), None);
    assert_eq!(log.last_event_id, "");
}

#[test]
fn id_beyond_ascii_is_sent_as_utf_8() {
    let log = Script::get(HERE)
        .last_event_id("\u{e9}")
        .then(opens("").ends())
        .run();
    assert_eq!(log.header(0, "last-event-id"), Some("\u{c3}\u{a9}"));
}

#[test]
fn control_bytes_in_an_id_leave_the_header_out_and_the_id_in() {
    for id in [
        "a\u{1}b",
        "\u{7f}",
        "\u{1b}[0m",
        " a",
        "a ",
        "\ta",
        "a\u{b}",
    ] {
        let body = format!("id: {id}\ndata: x\n\n");
        let log = Script::get(HERE)
            .then(opens(body).ends())
            .then(opens("").ends())
            .run();
        assert_eq!(log.header(1, "last-event-id"), None);
        assert_eq!(log.last_event_id, id);
    }
}

#[test]
fn control_bytes_but_a_tab_within_can_be_sent() {
    assert_eq!(ids(&["id: a\tb\n\n", ""]), [None, some("a\tb")]);
}

#[test]
fn retry_takes_effect_on_its_line() {
    for body in ["retry: 700\n", "data: x\nretry: 700\n", "retry:700\n\n"] {
        let log = Script::get(HERE).then(opens(body).ends()).run();
        assert_eq!(log.delays, [700]);
    }
}

#[test]
fn retry_of_other_than_digits_is_ignored() {
    for value in ["+700", " 700", "700 ", "", "7e2", "-1", "0x7", "700\u{660}"] {
        let body = format!("retry: {value}\n");
        let log = Script::get(HERE).then(opens(body).ends()).run();
        assert_eq!(log.delays, [3000], "{value}");
    }
    let unfinished = Script::get(HERE).then(opens("retry: 700").ends());
    assert_eq!(unfinished.run().delays, [3000]);
}

#[test]
fn retry_is_clamped_and_saturates() {
    for (value, delay) in [
        ("0", 500),
        ("499", 500),
        ("501", 501),
        ("3600000", 3_600_000),
        ("3600001", 3_600_000),
        ("18446744073709551616", 3_600_000),
        ("99999999999999999999999999999999999999", 3_600_000),
    ] {
        let body = format!("retry: {value}\n");
        let log = Script::get(HERE).then(opens(body).ends()).run();
        assert_eq!(log.delays, [delay], "{value}");
    }
}

#[test]
fn retry_stays_for_later_streams() {
    let log = Script::get(HERE)
        .then(opens("retry: 700\ndata: a\n\n").ends())
        .then(opens("data: b\n\n").ends())
        .run();
    assert_eq!(log.delays, [700, 700]);
}

#[test]
fn end_of_stream_drops_an_unfinished_block() {
    let log = Script::get(HERE)
        .then(opens("data: a\n\nid: 9\nevent: t\nretry: 800\ndata: b\n").ends())
        .then(opens("data: c\n\n").ends())
        .run();
    let told = log.told();
    assert_eq!(
        told[..4],
        ["open 200", "message: a", "lost End", "wait 800"]
    );
    assert_eq!(told[4..6], ["open 200", "message: c"]);
    assert_eq!(log.last_event_id, "");
}

#[test]
fn bom_is_dropped_from_each_stream() {
    let body = opens("\u{feff}data: a\n\n").ends();
    let log = Script::get(HERE).then(body.clone()).then(body).run();
    let events = log
        .told()
        .iter()
        .filter(|line| **line == "message: a")
        .count();
    assert_eq!(events, 2);
}

#[test]
fn cr_at_the_end_of_one_stream_swallows_nothing_of_the_next() {
    let log = Script::get(HERE)
        .shows_all()
        .then(opens("data: a\r\r").ends())
        .then(opens("\ndata: b\n\n").ends())
        .run();
    assert_eq!(log.told()[1], "message: a");
    assert_eq!(log.told()[5], "message: b");
}

// ---- 200 and text/event-stream ----

/// What is told about a 200 with these header lines and one event.
fn told_of(headers: &str) -> String {
    let response = format!("HTTP/1.1 200 OK\r\n{headers}\r\ndata: a\n\n");
    let log = Script::get(HERE).then(answers(response).ends()).run();
    log.told().join(", ")
}

const OPENED: &str = "open 200, message: a, lost End, wait 3000";

#[test]
fn ok_and_event_stream_is_open_before_the_first_event() {
    assert_eq!(told_of("Content-Type: text/event-stream\r\n"), OPENED);
}

#[test]
fn ok_and_event_stream_is_open_before_any_byte_of_the_body() {
    let log = Script::get(HERE).then(answers(OPEN)).run();
    assert_eq!(log.told(), ["open 200", "silent for ever"]);
}

#[test]
fn ok_and_event_stream_parameters_and_case_do_not_matter() {
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
fn ok_and_event_stream_the_last_of_several_headers_wins() {
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
    let quoted = "Content-Type: text/html; x=\",text/event-stream;\"\r\n";
    assert_eq!(told_of(quoted), "stop ContentType");
    // A proxy may have joined them.
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

// ---- 200 and anything else ----

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
fn ok_and_anything_else_shows_a_stated_number_of_body_bytes() {
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
fn ok_and_anything_else_shows_not_more_than_data_leaves() {
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
fn ok_and_anything_else_does_not_wait_behind_a_body_of_known_length() {
    let head = "HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\n";
    let log = Script::get(HERE)
        .then(answers(format!("{head}abcdef")))
        .run();
    assert_eq!(log.time_of("stop Status"), 0);
    assert_eq!(log.response.unwrap().body, "abc");
}

#[test]
fn ok_and_anything_else_waits_a_second_for_the_body() {
    let silent = answers("HTTP/1.1 400 Bad\r\n\r\n").sends("abc");
    let log = Script::get(HERE).then(silent).run();
    assert_eq!(log.time_of("stop Status"), 1000);
    assert_eq!(log.response.unwrap().body, "abc");
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
fn ok_and_anything_else_shows_nothing_of_an_open_stream() {
    let script = Script::get(HERE).then(opens("data: a\n\n"));
    let log = script.on("message", Command::Close).run();
    assert_eq!(log.response, None);
}

// ---- Content-Encoding ----

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
            let headers =
                format!("Content-Type: text/event-stream\r\ncontent-encoding: {value}\r\n");
            assert_eq!(told_of(&headers), "stop ContentEncoding", "{value}");
        }
    }
}

#[test]
fn content_encoding_that_is_no_compression_is_ignored() {
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

// ---- 204 ----

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

// ---- redirects ----

const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

fn redirect(code: u16, location: &str) -> crate::script::Connection {
    status(code, &format!("Location: {location}\r\n"))
}

/// Where a redirect leads from a URL, or why not: origin and path.
fn led(from: &str, location: &str) -> String {
    let script = Script::get(from).then(redirect(302, location));
    let log = script.then(opens("").ends()).run();
    match log.stop {
        Some(stop) => format!("{:?}", stop.reason),
        None => format!("{} {}", log.origins[1], &log.request_lines()[1][4..]),
    }
}

#[test]
fn redirects_of_all_five_codes_are_followed_at_once() {
    for code in REDIRECTS {
        let script = Script::get(HERE).then(redirect(code, "http://other:81/x"));
        let log = script.then(opens("data: a\n\n")).run();
        assert_eq!(log.told()[..2], ["open 200", "message: a"]);
        assert_eq!(log.time_of("message: a"), 0);
        assert_eq!(log.origins, ["http h 80", "http other 81"]);
        assert_eq!(log.request_lines(), ["GET /stream", "GET /x"]);
        assert_eq!(log.header(1, "host"), Some("other:81"));
    }
}

#[test]
fn redirects_are_not_other_3xx() {
    for code in [300, 304, 305, 306, 309] {
        let log = Script::get(HERE).then(redirect(code, "/x").ends()).run();
        assert_eq!(log.told(), ["stop Status"], "{code}");
    }
}

#[test]
fn redirects_with_a_relative_location_are_resolved() {
    for (from, location, to) in [
        ("http://h:81/a/b?q", "/x", "http h 81 /x"),
        ("http://h:81/a/b?q", "x", "http h 81 /a/x"),
        ("http://h:81/a/b?q", "?p", "http h 81 /a/b?p"),
        ("http://h:81/a/b?q", "../x/./y", "http h 81 /x/y"),
        ("http://h:81/a/b?q", "//g/x", "http g 80 /x"),
        ("https://h/a", "//g:1/x", "https g 1 /x"),
        ("http://h:81/a/b?q/r", "x", "http h 81 /a/x"),
        ("http://h", "x", "http h 80 /x"),
        ("http://h?q", "x", "http h 80 /x"),
        ("http://[::1]:81/a", "x", "http ::1 81 /x"),
        ("http://h/", "https://[::2]", "https ::2 443 /"),
        ("http://h/", "HTTPS://H/x#f", "https H 443 /x"),
        ("http://h/", "/x#y", "http h 80 /x"),
        ("http://h/", ".evil", "http h 80 /.evil"),
    ] {
        assert_eq!(led(from, location), to, "{location}");
    }
}

#[test]
fn redirects_are_relative_to_the_one_before() {
    let log = Script::get("http://h/a/b")
        .then(redirect(302, "http://g/c/d"))
        .then(redirect(302, "e"))
        .then(opens(""))
        .run();
    assert_eq!(log.origins, ["http h 80", "http g 80", "http g 80"]);
    assert_eq!(log.request_lines(), ["GET /a/b", "GET /c/d", "GET /c/e"]);
}

/// The second request after a POST that is redirected.
fn posted(code: u16) -> String {
    let request = Request {
        headers: &[("Content-Type", "text/plain"), ("X", "y")],
        ..Request::post(url(HERE), b"body")
    };
    let script = Script::new(request).then(redirect(code, "/x"));
    script.then(opens("")).run().requests[1].clone()
}

#[test]
fn redirects_301_302_and_303_turn_a_post_into_a_get() {
    for code in [301, 302, 303] {
        let second = posted(code);
        assert!(second.starts_with("GET /x HTTP/1.1\r\n"));
        assert!(second.ends_with("\r\nX: y\r\n\r\n"));
        assert!(!second.contains("Content-"));
    }
}

#[test]
fn redirects_307_and_308_post_again_which_is_no_retry() {
    for code in [307, 308] {
        let second = posted(code);
        assert!(second.starts_with("POST /x HTTP/1.1\r\n"));
        assert!(second.contains("Content-Type: text/plain\r\n"));
        assert!(second.ends_with("Content-Length: 4\r\n\r\nbody"));
    }
}

#[test]
fn redirects_stay_get_once_a_post_has_become_one() {
    let script = Script::new(Request::post(url(HERE), b"body"));
    let log = script
        .then(redirect(303, "/x"))
        .then(redirect(307, "/y"))
        .then(opens(""))
        .run();
    assert_eq!(log.request_lines()[1..], ["GET /x", "GET /y"]);
}

#[test]
fn redirects_turn_other_methods_into_get_on_303_only() {
    for (code, line) in [(301, "PUT /x"), (302, "PUT /x"), (303, "GET /x")] {
        let request = Request {
            method: "PUT",
            ..Request::get(url(HERE))
        };
        let script = Script::new(request).then(redirect(code, "/x"));
        assert_eq!(script.then(opens("")).run().request_lines()[1], line);
    }
}

const SECRETS: &[(&str, &str)] = &[
    ("AUTHORIZATION", "secret"),
    ("cookie", "secret"),
    ("Proxy-Authorization", "secret"),
    ("X", "y"),
];

/// Which of the secrets the second request has.
fn secrets_after(from: &str, location: &str) -> usize {
    let request = Request {
        headers: SECRETS,
        ..Request::get(url(from))
    };
    let script = Script::new(request).then(redirect(307, location));
    let log = script.then(opens("")).run();
    assert_eq!(log.requests[0].matches("secret").count(), 3);
    assert_eq!(log.header(1, "x"), Some("y"));
    log.requests[1].matches("secret").count()
}

#[test]
fn redirects_to_another_origin_get_no_secrets() {
    for location in [
        "http://g/",
        "http://h:81/",
        "https://h/",
        "//g/",
        "http://h.evil/",
        "http://sub.h/",
    ] {
        assert_eq!(secrets_after("http://h/", location), 0, "{location}");
    }
    assert_eq!(secrets_after("https://h:8443/", "https://h/"), 0);
}

#[test]
fn redirects_by_another_origin_do_not_bring_the_secrets_back() {
    let request = Request {
        headers: SECRETS,
        ..Request::get(url(HERE))
    };
    let log = Script::new(request)
        .then(redirect(302, "http://evil/"))
        .then(redirect(302, "http://h/admin"))
        .then(opens("data: a\n\n").ends())
        .then(opens(""))
        .run();
    let sent = log
        .requests
        .iter()
        .map(|request| request.contains("secret"));
    assert_eq!(sent.collect::<Vec<_>>(), [true, false, false, true]);
}

#[test]
fn redirects_that_are_remembered_are_forgotten_when_they_lead_to_nothing() {
    let log = Script::get(HERE)
        .remember(64)
        .then(redirect(301, "http://g/x"))
        .then(opens("data: a\n\n").ends())
        .then(refuses())
        .then(opens(""))
        .run();
    assert_eq!(
        log.origins,
        ["http h 80", "http g 80", "http g 80", "http h 80"]
    );
}

#[test]
fn redirects_are_not_forgotten_in_the_middle_of_a_request() {
    let request = Request {
        headers: SECRETS,
        ..Request::get(url(HERE))
    };
    let (mut one, mut two) = ([0; 64], [0; 64]);
    let mut decoder = Decoder::<512>::new();
    let mut source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    source.remember_permanent_redirects(&mut one);
    read(&mut source);
    feed(
        &mut source,
        "HTTP/1.1 301 x\r\nLocation: http://evil/\r\n\r\n",
    );
    open(&mut source);
    source.failed(ms(0));
    assert!(matches!(source.step(ms(0)), Step::Wait(_)));
    let Step::Connect { origin, .. } = source.step(ms(9000)) else {
        panic!("no attempt");
    };
    assert_eq!(origin.host, "evil");
    source.connected(ms(0));
    source.wrote(3);
    source.remember_permanent_redirects(&mut two);
    let Step::Connect { origin, .. } = source.step(ms(9000)) else {
        panic!("the request goes on, with what is not meant for evil");
    };
    assert_eq!(origin.host, "h");
}

#[test]
fn redirects_leave_nothing_of_the_old_connection() {
    let mut decoder = Decoder::<512>::new();
    let mut source = reading(&mut decoder);
    let mut input = &b"HTTP/1.1 302 x\r\nLocation: http://g/\r\n\r\nHTTP/1.1 200 OK\r\n"[..];
    assert!(source.receive(&mut input, ms(0)).is_none());
    assert!(input.is_empty());
}

#[test]
fn redirects_within_the_origin_keep_the_secrets() {
    for location in ["/x", "http://h/x", "http://h:80/x", "http://H/x", "x", "?q"] {
        assert_eq!(secrets_after("http://h/", location), 3, "{location}");
    }
}

#[test]
fn redirects_to_another_origin_get_its_own_host() {
    let request = Request {
        headers: &[("host", "mine")],
        ..Request::get(url(HERE))
    };
    let script = Script::new(request).then(redirect(307, "http://g/"));
    let log = script.then(opens("")).run();
    assert_eq!(log.header(0, "host"), Some("mine"));
    assert_eq!(log.header(1, "host"), Some("g"));
}

#[test]
fn redirects_from_https_to_http_stop() {
    for location in ["http://h/", "HTTP://h/", "http://h:443/"] {
        assert_eq!(led("https://h/", location), "Redirect(Downgrade)");
    }
    let log = Script::get("http://h/")
        .then(redirect(302, "https://h/"))
        .then(redirect(302, "http://h/"))
        .run();
    assert_eq!(log.told(), ["stop Redirect(Downgrade)"]);
}

#[test]
fn redirects_without_a_usable_location_stop() {
    for location in [
        "",
        "#f",
        "http://",
        "http:",
        "http:/x",
        "http:x",
        "ftp://h/",
        "javascript:1",
        "http://u:p@h/",
        "http://h:0/",
        "http://h:65536/",
        "http://[::1/",
        "http://h /",
        "http://\u{e9}/",
        "//",
        "\\\\",
    ] {
        assert_eq!(
            led("http://h/", location),
            "Redirect(Location)",
            "{location}"
        );
    }
    for code in REDIRECTS {
        let log = Script::get(HERE).then(status(code, "")).run();
        let stop = log.stop.unwrap();
        assert_eq!(stop.reason, StopReason::Redirect(InvalidRedirect::Location));
        assert_eq!((stop.status, stop.cause), (Some(code), None));
    }
}

/// By the URL standard: the percent-encode sets of path and special query.
#[test]
fn redirects_are_percent_encoded_where_a_url_needs_it() {
    for (location, path) in [
        (&b"/a b"[..], "/a%20b"),
        (b"a b/../c d?e f", "/c%20d?e%20f"),
        ("/\u{e9}\u{1f600}".as_bytes(), "/%C3%A9%F0%9F%98%80"),
        (b"/\xe9?\xff", "/%E9?%FF"),
        (b"/\x01\x7f", "/%01%7F"),
        (b"/a\tb", "/ab"),
        (b"/\"<>`{}^|", "/%22%3C%3E%60%7B%7D%5E|"),
        (b"/?\"<>'`{}^|", "/?%22%3C%3E%27`{}^|"),
        (b"\\a\\b?\\", "/a/b?\\"),
        (b"/%20%zz", "/%20%zz"),
    ] {
        let response = [b"HTTP/1.1 302 Found\r\nLocation: ", location, b"\r\n\r\n"].concat();
        let log = Script::get(HERE)
            .then(answers(response))
            .then(opens(""))
            .run();
        let name = location.escape_ascii();
        assert_eq!(log.request_lines()[1], format!("GET {path}"), "{name}");
    }
}

#[test]
fn redirects_by_two_locations_that_differ_stop() {
    for (second, told) in [
        ("/x", "open 200"),
        ("/y", "stop Redirect(Location)"),
        ("", "stop Redirect(Location)"),
    ] {
        let headers = format!("Location: /x\r\nA: b\r\nlocation:{second}\r\n");
        let script = Script::get(HERE).then(status(302, &headers).ends());
        assert_eq!(script.then(opens("")).run().told()[0], told, "{second}");
    }
}

#[test]
fn redirects_to_a_url_of_more_than_8192_bytes_stop() {
    let origin = "http://h:80".len();
    for (location, told) in [
        (format!("/{}", "x".repeat(8192 - origin - 1)), "open 200"),
        (
            format!("/{}", "x".repeat(8192 - origin)),
            "stop Redirect(TooLong)",
        ),
        // The limit is for the URL that comes of it.
        (format!("/{}", " x".repeat(2100)), "stop Redirect(TooLong)"),
        (format!("/{}x", "y/../".repeat(1600)), "open 200"),
        (format!("/{}", "x".repeat(9000)), "stop Redirect(TooLong)"),
    ] {
        let location = match told {
            "open 200" => location.replacen('/', "http://h:80/", 1),
            _ => location,
        };
        let mut decoder = Decoder::<40_000>::new();
        let mut source = source_of(Request::get(url(HERE)), &mut decoder);
        let response = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n");
        read(&mut source);
        assert!(source.receive(&mut response.as_bytes(), ms(0)).is_none());
        match source.step(ms(0)) {
            Step::Connect { .. } => assert_eq!(told, "open 200"),
            _ => assert_eq!(told, "stop Redirect(TooLong)", "{}", location.len()),
        }
    }
}

#[test]
fn redirects_that_grow_the_url_stop_at_its_limit() {
    let mut decoder = Decoder::<40_000>::new();
    let mut source = source_of(Request::get(url(HERE)), &mut decoder);
    let location = format!("{}/", "a".repeat(1000));
    let response = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n");
    for redirects in 0.. {
        if let Step::Stop(stop) = source.step(ms(0)) {
            assert_eq!(stop.reason, StopReason::Redirect(InvalidRedirect::TooLong));
            assert_eq!(redirects, 9);
            break;
        }
        read(&mut source);
        assert!(source.receive(&mut response.as_bytes(), ms(0)).is_none());
        if !matches!(source.step(ms(0)), Step::Connect { .. }) {
            source.ended(ms(0));
        }
    }
}

#[test]
fn redirects_that_are_not_followed_show_the_response() {
    for (code, from, location, told) in [
        (302, "http://h/", "ftp://g/x", "stop Redirect(Location)"),
        (302, "http://h/", "//u@g/", "stop Redirect(Location)"),
        (307, "https://h/", "http://g/x", "stop Redirect(Downgrade)"),
        (308, "http://h/", "https://g/x", "stop Redirect(NoTls)"),
    ] {
        let script = match told {
            "stop Redirect(NoTls)" => Script::get(from).without_tls(),
            _ => Script::get(from),
        };
        let headers = format!("Location: {location}\r\nContent-Length: 4\r\n");
        let log = script.then(status(code, &headers).sends("body")).run();
        assert_eq!(log.told(), [told]);
        let response = log.response.unwrap();
        assert_eq!((response.status, &response.body[..]), (code, "body"));
        assert_eq!(response.headers[0], ("Location".into(), location.into()));
        assert_eq!(log.stop.unwrap().status, Some(code));
    }
    // One that does not fit beside the head is followed, or stops, without it.
    let long = format!("/{}", "x".repeat(60));
    let headers = format!("Location: {long}\r\nA: {}\r\n", "b".repeat(100));
    let script = Script::get("http://h/").then(status(302, &headers).ends());
    assert_eq!(
        script
            .clone()
            .then(opens(""))
            .run_in::<256>()
            .requests
            .len(),
        2
    );
}

#[test]
fn redirects_that_are_too_many_stop() {
    let mut script = Script::get(HERE);
    for _ in 0..20 {
        script = script.then(redirect(301, "/stream"));
    }
    let open = script.clone().then(opens(""));
    assert_eq!(open.run().told()[0], "open 200");
    let log = script.then(redirect(301, "/stream")).run();
    assert_eq!(log.told(), ["stop Redirect(TooMany)"]);
    assert_eq!(log.requests.len(), 21);
}

#[test]
fn redirects_are_as_many_as_the_caller_says() {
    for most in [0, 1, 2] {
        let request = Request {
            max_redirects: most,
            ..Request::get(url(HERE))
        };
        let mut script = Script::new(request);
        for _ in 0..3 {
            script = script.then(redirect(307, "/x"));
        }
        assert_eq!(script.run().requests.len(), usize::from(most) + 1);
    }
}

#[test]
fn redirects_are_counted_in_a_row() {
    let request = Request {
        max_redirects: 1,
        ..Request::get(url(HERE))
    };
    let mut script = Script::new(request);
    for _ in 0..3 {
        script = script
            .then(redirect(302, "/x"))
            .then(opens("data: a\n\n").ends());
    }
    let log = script.run();
    assert_eq!((log.stop, log.requests.len()), (None, 6));
}

#[test]
fn redirects_that_do_not_fit_stop() {
    let long = format!("http://h/{}", "x".repeat(100));
    let script = Script::get("http://example.org/").then(redirect(302, &long));
    let log = script.clone().run_in::<128>();
    assert_eq!(
        log.losses,
        [LossCause::Head(embedded_sse::InvalidHead::TooLong {
            len: 144
        })]
    );
    let short = Script::get("http://example.org/a/long/path/that/is/kept/and/kept/and/kept/x");
    let log = short.then(redirect(302, &"y".repeat(70))).run_in::<128>();
    assert_eq!(log.told(), ["stop Redirect(TooLong)"]);
}

#[test]
fn redirects_are_forgotten_by_a_reconnect() {
    for code in REDIRECTS {
        let log = Script::get(HERE)
            .then(redirect(code, "http://g/x"))
            .then(opens("data: a\n\n").ends())
            .then(opens(""))
            .run();
        assert_eq!(log.origins, ["http h 80", "http g 80", "http h 80"]);
    }
}

/// Where the reconnect goes after these redirects, if permanent ones are to be remembered.
fn remembered(codes: &[u16], bytes: usize) -> String {
    let mut script = Script::get(HERE).remember(bytes);
    for (number, code) in codes.iter().enumerate() {
        script = script.then(redirect(*code, &format!("http://g{number}/x")));
    }
    let log = script
        .then(opens("data: a\n\n").ends())
        .then(opens(""))
        .run();
    log.origins.last().unwrap().clone()
}

#[test]
fn redirects_are_remembered_if_asked_and_permanent() {
    for codes in [&[301][..], &[308]] {
        assert_eq!(remembered(codes, 64), "http g0 80");
        assert_eq!(remembered(codes, 0), "http h 80");
    }
    for codes in [&[302][..], &[303], &[307], &[301, 302], &[302, 301]] {
        assert_eq!(remembered(codes, 64), "http h 80", "{codes:?}");
    }
    assert_eq!(remembered(&[301, 308], 64), "http g1 80");
}

#[test]
fn redirects_are_remembered_only_if_they_fit() {
    let len = "http://g0/x".len();
    assert_eq!(remembered(&[301], len), "http g0 80");
    assert_eq!(remembered(&[301], len - 1), "http h 80");
}

#[test]
fn redirects_that_changed_the_request_are_not_remembered() {
    let request = Request {
        repeatable: true,
        ..Request::post(url(HERE), b"x")
    };
    let log = Script::new(request)
        .remember(64)
        .then(redirect(301, "http://g/x"))
        .then(opens("data: a\n\n").ends())
        .then(opens(""))
        .run();
    assert_eq!(log.origins, ["http h 80", "http g 80", "http h 80"]);
    assert_eq!(
        log.request_lines(),
        ["POST /stream", "GET /x", "POST /stream"]
    );
}

#[test]
fn redirects_are_remembered_only_if_they_lead_to_a_stream() {
    let log = Script::get(HERE)
        .remember(64)
        .then(redirect(301, "http://g/x"))
        .then(status(503, ""))
        .then(opens(""))
        .run();
    assert_eq!(log.origins[2], "http h 80");
}

#[test]
fn redirects_that_are_remembered_get_no_secrets() {
    let request = Request {
        headers: SECRETS,
        ..Request::get(url(HERE))
    };
    let log = Script::new(request)
        .remember(64)
        .then(redirect(301, "http://g/x"))
        .then(opens("data: a\n\n").ends())
        .then(opens(""))
        .run();
    assert_eq!(log.origins[2], "http g 80");
    assert!(!log.requests[2].contains("secret"));
}

#[test]
fn redirects_that_are_remembered_get_no_secrets_if_they_ever_left() {
    let request = Request {
        headers: SECRETS,
        ..Request::get(url(HERE))
    };
    let log = Script::new(request)
        .remember(64)
        .then(redirect(308, "http://g/x"))
        .then(redirect(308, "http://h/chosen-by-g"))
        .then(opens("data: a\n\n").ends())
        .then(redirect(308, "/still-chosen-by-g"))
        .then(opens("data: a\n\n").ends())
        .then(opens("").resets())
        .then(refuses())
        .then(opens(""))
        .run();
    assert!(log.requests[0].contains("secret"));
    for request in &log.requests[1..6] {
        assert!(!request.contains("secret"), "{request}");
    }
    // Once they are forgotten, the request is the caller's again.
    assert_eq!(log.request_lines()[6], "GET /stream");
    assert!(log.requests[6].contains("secret"));
}

#[test]
fn redirects_that_are_remembered_are_the_base_of_the_next() {
    let log = Script::get(HERE)
        .remember(64)
        .then(redirect(301, "http://g/x/y"))
        .then(opens("data: a\n\n").ends())
        .then(redirect(308, "z"))
        .then(opens("data: a\n\n").ends())
        .then(opens(""))
        .run();
    assert_eq!(
        log.request_lines()[2..],
        ["GET /x/y", "GET /x/z", "GET /x/z"]
    );
    assert_eq!(log.origins[4], "http g 80");
}

// ---- retried statuses ----

#[test]
fn retried_statuses_are_retried_with_the_backoff() {
    let of_the_server = (500..600).filter(|code| !matches!(code, 501 | 505 | 506 | 510 | 511));
    for code in [408, 421, 425, 429].into_iter().chain(of_the_server) {
        let log = Script::get(HERE)
            .then(status(code, ""))
            .then(status(code, "Content-Type: text/event-stream\r\n"))
            .then(opens(""))
            .run();
        let lost = format!("lost Status({code})");
        let want = [&lost, "wait 3000", &lost, "wait 6000", "open 200"];
        assert_eq!(log.told()[..5], want);
    }
}

/// The delay after a 503 with this `Retry-After`.
fn delay_after(retry_after: &str) -> u64 {
    let headers = format!("retry-after: {retry_after}\r\n");
    Script::get(HERE).then(status(503, &headers)).run().delays[0]
}

#[test]
fn retried_statuses_retry_after_is_a_lower_bound() {
    assert_eq!(delay_after("2"), 3000);
    assert_eq!(delay_after("0"), 3000);
    assert_eq!(delay_after("4"), 4000);
    assert_eq!(delay_after("120"), 120_000);
}

#[test]
fn retried_statuses_retry_after_is_not_clamped_and_saturates() {
    assert_eq!(delay_after("7200"), 7_200_000);
    for value in ["18446744073709551615", "99999999999999999999999999"] {
        let head = format!("HTTP/1.1 503 x\r\nRetry-After: {value}\r\n\r\n");
        let mut decoder = Decoder::<512>::new();
        let mut source = reading(&mut decoder);
        assert!(source.receive(&mut head.as_bytes(), ms(0)).is_none());
        let Step::Wait(wait) = source.step(ms(0)) else {
            panic!("no wait");
        };
        assert!(wait.delay.as_secs() > u64::MAX / 2);
    }
}

#[test]
fn retried_statuses_retry_after_of_other_forms_is_ignored() {
    for value in [
        "Fri, 31 Dec 2099 23:59:59 GMT",
        "",
        "+9",
        "-9",
        "9.5",
        "9, 9",
    ] {
        assert_eq!(delay_after(value), 3000, "{value}");
    }
}

#[test]
fn retried_statuses_retry_after_is_for_one_delay() {
    let log = Script::get(HERE)
        .then(status(429, "Retry-After: 100\r\n"))
        .then(status(429, ""))
        .run();
    assert_eq!(log.delays, [100_000, 6000]);
}

// ---- other statuses ----

#[test]
fn other_statuses_stop() {
    for code in [
        101, 201, 202, 203, 205, 206, 299, 300, 304, 400, 401, 403, 404, 410, 418, 501, 505, 506,
        510, 511, 600, 999,
    ] {
        let response = status(code, "Content-Type: text/event-stream\r\n");
        let log = Script::get(HERE).then(response.ends()).run();
        assert_eq!(log.told(), ["stop Status"], "{code}");
        let stop = log.stop.unwrap();
        assert_eq!((stop.status, stop.cause), (Some(code), None));
    }
}

#[test]
fn switching_protocols_stops_before_the_other_protocol() {
    let other = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\n";
    let log = Script::get(HERE)
        .then(status(101, "Upgrade: x\r\n").sends(other))
        .run();
    assert_eq!(log.told(), ["stop Status"]);
    let response = log.response.unwrap();
    assert_eq!((response.status, &response.body[..]), (101, ""));
}

#[test]
fn other_statuses_ignore_retry_after() {
    let log = Script::get(HERE)
        .then(status(404, "Retry-After: 1\r\n").ends())
        .run();
    assert_eq!(log.told(), ["stop Status"]);
}

#[test]
fn other_statuses_without_a_body_stop_at_once() {
    let log = Script::get(HERE)
        .then(status(304, "Content-Length: 9\r\n"))
        .run();
    assert_eq!(log.time_of("stop Status"), 0);
}

#[test]
fn a_request_tells_no_secret_of_itself() {
    let request = Request {
        headers: &[("Authorization", "Bearer secret")],
        ..Request::post(url("http://h/"), b"secret")
    };
    let text = format!("{request:?}");
    assert!(
        text.contains("POST") && text.contains("Authorization"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
}

fn portal_verdict(head: &Head<'_>) -> Verdict {
    match (head.status(), head.header("x")) {
        (200, Some("retry")) | (404, _) => Verdict::Retry,
        (206, Some("open")) => Verdict::Open,
        (200, Some("follow")) => Verdict::Follow,
        (503, Some("stop")) => Verdict::Stop,
        _ => Verdict::default_for(head),
    }
}

#[test]
fn other_statuses_are_the_callers_to_judge() {
    for (code, x, told) in [
        (200, "retry", "lost Status(200)"),
        (404, "", "lost Status(404)"),
        (206, "open", "open 206"),
        (503, "stop", "stop Verdict"),
        (503, "", "lost Status(503)"),
        (200, "", "stop ContentType"),
        (200, "follow", "stop Redirect(Location)"),
    ] {
        let script = Script::get(HERE).verdict(portal_verdict);
        let log = script
            .then(status(code, &format!("X: {x}\r\n")).ends())
            .run();
        assert_eq!(log.told()[0], told, "{code} {x}");
    }
}

#[test]
fn other_statuses_judged_to_be_followed_are_followed() {
    let log = Script::get(HERE)
        .verdict(portal_verdict)
        .then(status(200, "X: follow\r\nLocation: /x\r\n"))
        .then(opens(""))
        .run();
    assert_eq!(log.request_lines(), ["GET /stream", "GET /x"]);
}

// ---- 1xx ----

#[test]
fn informational_responses_are_skipped() {
    let early = "HTTP/1.1 100 Continue\r\n\r\n\
                 HTTP/1.1 103 Early Hints\r\nContent-Type: text/html\r\nContent-Length: x\r\n\r\n\
                 HTTP/1.1 199 Odd\r\n\r\n";
    let response = format!("{early}{OPEN}data: a\n\n");
    let log = Script::get(HERE).then(answers(response).ends()).run();
    assert_eq!(log.told().join(", "), OPENED);
}

#[test]
fn informational_responses_are_skipped_behind_a_redirect_and_take_no_memory() {
    let many = "HTTP/1.1 102 Processing\r\n\r\n".repeat(20);
    let log = Script::get(HERE)
        .then(redirect(302, "http://g/x"))
        .then(answers(format!("{many}{OPEN}data: a\n\n")))
        .run_in::<128>();
    assert_eq!(log.told()[..2], ["open 200", "message: a"]);
}

// ---- lost ----

#[test]
fn lost_connections_are_retried_also_the_first() {
    let open = || opens("data: a\n\n");
    for (connection, lost) in [
        (refuses(), "lost Connect"),
        (refuses().made_after(9), "lost Connect"),
        (never_connects(), "lost ConnectTimeout"),
        (answers(""), "lost ResponseTimeout"),
        (open().takes(0), "lost Transport"),
        (open().takes(20), "lost Transport"),
        (answers("").resets(), "lost Transport"),
        (answers("HTTP/1.1 200").resets(), "lost Transport"),
        (answers("").ends(), "lost CutOff"),
        (answers("HTTP/1.1 200 OK\r\n").ends(), "lost CutOff"),
        (answers("SSH-2.0\r\n\r\n"), "lost Head(Malformed)"),
        (answers("HTTP/1.1 200"), "lost ResponseTimeout"),
    ] {
        let log = Script::get(HERE).then(connection).then(opens("")).run();
        assert_eq!(log.told()[..3], [lost, "wait 3000", "open 200"]);
    }
}

#[test]
fn lost_streams_are_retried() {
    for (connection, lost) in [
        (opens("data: a\n\n").ends(), "lost End"),
        (opens("data: a\n\n").resets(), "lost Transport"),
    ] {
        let log = Script::get(HERE).then(connection).then(opens("")).run();
        let want = ["open 200", "message: a", lost, "wait 3000", "open 200"];
        assert_eq!(log.told()[..5], want);
    }
}

// ---- POST ----

#[test]
fn post_is_not_retried_once_a_byte_of_it_is_written() {
    for (connection, cause) in [
        (answers("").takes(1), LossCause::Transport),
        (answers("").resets(), LossCause::Transport),
        (answers(""), LossCause::ResponseTimeout),
        (status(503, ""), LossCause::Status(503)),
        (opens("data: a\n\n").resets(), LossCause::Transport),
        (opens("data: a\n\n"), LossCause::IdleTimeout),
        // The server has acted on what it answered by a redirect.
        (redirect(307, "http://g/"), LossCause::Connect),
        (redirect(303, "http://g/"), LossCause::Connect),
    ] {
        let script = Script::new(Request::post(url(HERE), b"x"))
            .policy(|policy| policy.idle_timeout = Some(ms(9000)));
        let log = script.then(connection).then(refuses()).run();
        let stop = log.stop.unwrap();
        assert_eq!(
            (stop.reason, stop.cause),
            (StopReason::NotRepeatable, Some(cause))
        );
        assert!(log.delays.is_empty());
    }
}

#[test]
fn post_is_retried_before_its_first_byte_is_written() {
    for connection in [refuses(), never_connects(), answers("").takes(0)] {
        let script = Script::new(Request::post(url(HERE), b"x")).then(connection);
        let log = script.then(opens("data: a\n\n")).run();
        assert_eq!(log.delays, [3000]);
        assert_eq!(log.told()[2..4], ["open 200", "message: a"]);
    }
}

#[test]
fn post_whose_stream_has_ended_is_an_end() {
    let length = answers("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
        .sends("Content-Length: 9\r\n\r\ndata: a\n\n");
    for connection in [opens("data: a\n\n").ends(), length] {
        let log = Script::new(Request::post(url(HERE), b"x"))
            .then(connection)
            .run();
        let stop = log.stop.unwrap();
        assert_eq!(
            (stop.reason, stop.cause),
            (StopReason::Ended, Some(LossCause::End))
        );
    }
}

#[test]
fn post_is_retried_when_the_caller_says_so() {
    let request = Request {
        repeatable: true,
        ..Request::post(url(HERE), b"body")
    };
    let log = Script::new(request)
        .then(refuses())
        .then(opens("").ends())
        .then(opens(""))
        .run();
    assert_eq!(log.requests.len(), 2);
    assert_eq!(log.requests[0], log.requests[1]);
    assert!(log.requests[1].ends_with("\r\n\r\nbody"));
}

#[test]
fn post_is_a_post_again_after_a_reconnect() {
    let request = Request {
        repeatable: true,
        ..Request::post(url(HERE), b"body")
    };
    let log = Script::new(request)
        .then(redirect(303, "/x"))
        .then(opens("").ends())
        .then(opens(""))
        .run();
    assert_eq!(
        log.request_lines(),
        ["POST /stream", "GET /x", "POST /stream"]
    );
}

#[test]
fn post_stops_like_a_get() {
    let script = Script::new(Request::post(url(HERE), b"x"));
    assert_eq!(
        script.then(status(204, "")).run().told(),
        ["stop NoContent"]
    );
}

// ---- idle ----

#[test]
fn idle_is_off_unless_set() {
    let connection = opens("data: a\n\n").pauses(5_000_000).sends("data: b\n\n");
    let log = Script::get(HERE).then(connection).run();
    let want = ["open 200", "message: a", "message: b", "silent for ever"];
    assert_eq!(log.told(), want);
}

fn watched() -> Script<'static> {
    Script::get(HERE).policy(|policy| policy.idle_timeout = Some(ms(1000)))
}

#[test]
fn idle_streams_are_lost() {
    let log = watched().then(opens("data: a\n\n")).run();
    let want = ["open 200", "message: a", "lost IdleTimeout", "wait 3000"];
    assert_eq!(log.told(), want);
    assert_eq!(log.time_of("lost IdleTimeout"), 1000);
}

#[test]
fn idle_streams_are_lost_before_the_first_byte_too() {
    let log = watched()
        .then(answers(OPEN).pauses(1001).sends(":\n"))
        .run();
    assert_eq!(log.told()[1], "lost IdleTimeout");
}

#[test]
fn idle_is_not_a_stream_with_any_byte_in_time() {
    let chunked = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                   Transfer-Encoding: chunked\r\n\r\n";
    for (head, byte) in [(OPEN, ":"), (OPEN, "\n"), (OPEN, "d"), (chunked, "0")] {
        let mut connection = answers(head);
        for _ in 0..5 {
            connection = connection.pauses(999).sends(byte);
        }
        let log = watched().then(connection).run();
        assert_eq!(log.time_of("lost IdleTimeout"), 5 * 999 + 1000);
    }
}

#[test]
fn idle_does_not_concern_the_response_head() {
    let slow = answers("").made_after(9000).pauses(9000).sends(OPEN);
    let log = watched().then(slow).run();
    assert_eq!(log.time_of("open 200"), 18_000);
}

#[test]
fn idle_is_judged_where_a_read_has_found_nothing() {
    let mut decoder = Decoder::<512>::new();
    let policy = Policy {
        idle_timeout: Some(ms(1000)),
        ..Policy::DEFAULT
    };
    let mut source = source(policy, &mut decoder);
    open(&mut source);
    // The application was busy, and bytes were waiting.
    assert!(matches!(source.step(ms(5000)), Step::Read { .. }));
    assert!(source.receive(&mut &b":\n"[..], ms(5000)).is_none());
    source.timed_out(ms(5999));
    assert!(matches!(source.step(ms(5999)), Step::Read { .. }));
    source.timed_out(ms(6000));
    let Step::Wait(wait) = source.step(ms(6000)) else {
        panic!("not lost");
    };
    assert_eq!(wait.cause, LossCause::IdleTimeout);
}

// ---- delay ----

fn refused_often(script: Script<'_>, times: usize) -> Vec<u64> {
    let refused = (0..times).fold(script, |script, _| script.then(refuses()));
    refused.run().delays
}

#[test]
fn delay_doubles_from_the_base_to_the_cap() {
    let want = [3000, 6000, 12_000, 24_000, 30_000, 30_000, 30_000];
    assert_eq!(refused_often(Script::get(HERE), 7), want);
}

#[test]
fn delay_of_the_caller_is_not_clamped() {
    for (base, want) in [(1, [1, 2, 4]), (40_000, [40_000; 3])] {
        let script = Script::get(HERE).policy(|policy| policy.reconnection_time = ms(base));
        assert_eq!(refused_often(script, 3), want);
    }
}

#[test]
fn delay_of_zero_is_only_that_of_the_first_attempt() {
    let script = Script::get(HERE).policy(|policy| policy.reconnection_time = ms(0));
    assert_eq!(refused_often(script, 4), [0, 500, 1000, 2000]);
}

#[test]
fn delay_has_another_base_after_a_retry_field_and_keeps_its_growth() {
    let log = Script::get(HERE)
        .then(refuses())
        .then(refuses())
        .then(opens("retry: 1000\n").resets())
        .then(refuses())
        .run();
    assert_eq!(log.delays, [3000, 6000, 4000, 8000]);
}

#[test]
fn delay_has_jitter_to_either_side() {
    let script = Script::get(HERE).policy(|policy| policy.jitter_percent = 50);
    for (delay, base) in refused_often(script, 5).into_iter().zip([3, 6, 12, 24, 30]) {
        assert!((base * 500..=base * 1500).contains(&delay) && delay >= 3000);
    }
}

#[test]
fn delay_is_waited_for_in_full() {
    let log = Script::get(HERE).then(refuses()).then(opens("")).run();
    assert_eq!(log.time_of("open 200"), 3000);
}

// ---- what is a failure ----

/// The delays of failing twice and then this, which counts as a failure if the third is 12 s.
fn third_delay(connection: crate::script::Connection) -> u64 {
    let script = Script::get(HERE).then(refuses()).then(refuses());
    script.then(connection).run().delays[2]
}

#[test]
fn what_is_a_failure_an_attempt_that_did_not_open() {
    for connection in [
        refuses(),
        status(500, ""),
        answers("").ends(),
        answers("nonsense\n\n"),
        answers("HTTP/1.1 200 OK\r\n"),
    ] {
        assert_eq!(third_delay(connection), 12_000);
    }
}

#[test]
fn what_is_a_failure_a_connection_that_was_lost_early() {
    for body in ["", "data: a\n\n"] {
        assert_eq!(third_delay(opens(body).resets()), 12_000);
        assert_eq!(third_delay(opens(body).pauses(7999).resets()), 12_000);
    }
}

#[test]
fn what_takes_a_failure_back_each_healthy_time() {
    for body in ["", "data: a\n\n"] {
        for end in [
            crate::script::Connection::resets,
            crate::script::Connection::ends,
        ] {
            let after = |ms| {
                let four = (0..4).fold(Script::get(HERE), |script, _| script.then(refuses()));
                four.then(end(opens(body).pauses(ms))).run().delays[4]
            };
            assert_eq!([after(8000), after(16_000)], [12_000, 6000]);
            assert_eq!([after(24_000), after(32_000)], [3000, 3000]);
        }
    }
}

/// A stream of one chunk that ends as it should.
fn chunked(body: &str) -> crate::script::Connection {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
    let chunk = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    answers(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}"))
}

#[test]
fn what_takes_a_failure_back_an_end_with_two_signs_of_intent() {
    // An explicit end, and progress or a `retry`.
    for body in [
        "data\n\n",
        "id: 1\n\n",
        "id: 1\ndata: a\n\n",
        "retry: 3000\n",
    ] {
        assert_eq!(third_delay(chunked(body)), 3000, "{body}");
    }
    for body in ["retry: 3000\ndata\n\n", "id: 1\nretry: 3000\n\n"] {
        assert_eq!(third_delay(opens(body).ends()), 3000, "{body}");
    }
    for body in [":\n", "event: a\n\n", "data: a\n", "retry: x\n", "id\n\n"] {
        assert_eq!(third_delay(chunked(body)), 12_000, "{body}");
    }
    // A process that crashes closes its connections too.
    for body in ["", "data: a\n\n", "id: 1\n\n", "retry: 3000\n"] {
        assert_eq!(third_delay(opens(body).ends()), 12_000, "{body}");
    }
}

#[test]
fn what_takes_a_failure_back_an_id_only_if_it_moves() {
    let script = Script::get(HERE).last_event_id("1");
    let log = script
        .then(chunked("id: 1\n\n"))
        .then(chunked("id: 2\n\n"))
        .then(chunked("id: 2\n\n"))
        .then(chunked("id: 2\n\n"))
        .run();
    assert_eq!(log.delays, [3000, 3000, 3000, 6000]);
}

#[test]
fn what_is_a_failure_a_clean_end_after_only_a_comment_that_does_not_fit() {
    let script = Script::get(HERE).shows_all().then(refuses());
    let comment = format!(":{}\n", "x".repeat(3000));
    let log = script.then(opens(comment).ends()).run();
    assert_eq!(log.told()[3], "too long: Comment");
    assert_eq!(log.delays, [3000, 6000]);
}

#[test]
fn what_takes_a_failure_back_polling_goes_on_at_the_base() {
    let poll = chunked("data: a\n\n");
    let script = (0..5).fold(Script::get(HERE), |script, _| script.then(poll.clone()));
    assert_eq!(script.run().delays, [3000; 5]);
}

// ---- connect timeout, response timeout ----

#[test]
fn connect_timeout_is_from_the_dns_to_the_connection() {
    for connection in [
        never_connects(),
        answers(OPEN).made_after(30_000),
        refuses().made_after(30_000),
    ] {
        let log = Script::get(HERE).then(connection).run();
        assert_eq!(log.told(), ["lost ConnectTimeout", "wait 3000"]);
        assert_eq!(log.time_of("lost ConnectTimeout"), 30_000);
    }
}

#[test]
fn response_timeout_is_from_the_connection_to_the_end_of_the_head() {
    for connected in [0, 20_000] {
        for connection in [
            answers(""),
            answers("").pauses(300_000).sends(OPEN),
            answers(&OPEN[..OPEN.len() - 1]).pauses(300_000).sends("\n"),
        ] {
            let log = Script::get(HERE)
                .then(connection.made_after(connected))
                .run();
            assert_eq!(log.told(), ["lost ResponseTimeout", "wait 3000"]);
            assert_eq!(log.time_of("lost ResponseTimeout"), 300_000 + connected);
        }
    }
}

#[test]
fn response_timeout_is_longer_than_the_pause_before_a_first_event() {
    let slow = answers("").pauses(100_000).sends(OPEN);
    let log = Script::get(HERE).then(slow.sends("data: a\n\n")).run();
    assert_eq!(log.time_of("message: a"), 100_000);
}

#[test]
fn response_timeout_can_be_off() {
    let script = Script::get(HERE).policy(|policy| policy.response_timeout = None);
    assert_eq!(script.then(answers("")).run().told(), ["silent for ever"]);
}

#[test]
fn each_redirect_has_its_own_timeouts() {
    let log = Script::get(HERE)
        .then(redirect(302, "/x").made_after(29_000))
        .then(answers("").made_after(29_000).pauses(299_000).sends(OPEN))
        .run();
    assert_eq!(log.time_of("open 200"), 29_000 + 29_000 + 299_000);
}

#[test]
fn connect_timeout_is_told_as_such_by_a_driver_that_has_given_up_at_it() {
    let mut decoder = Decoder::<512>::new();
    let mut source =
        EventSource::new(Request::get(url(HERE)), Policy::DEFAULT, 1, &mut decoder).unwrap();
    let Step::Connect {
        deadline: Some(deadline),
        ..
    } = source.step(ms(0))
    else {
        panic!("no deadline");
    };
    source.failed(deadline);
    let Step::Wait(wait) = source.step(deadline) else {
        panic!("not lost");
    };
    assert_eq!(wait.cause, LossCause::ConnectTimeout);
}

#[test]
fn response_timeout_does_not_depend_on_the_cuts() {
    for cut in [OPEN.len(), 9] {
        let mut decoder = Decoder::<512>::new();
        let mut source = reading(&mut decoder);
        for mut late in [&OPEN.as_bytes()[..cut], &OPEN.as_bytes()[cut..]] {
            assert!(source.receive(&mut late, ms(300_500)).is_none());
        }
        let Step::Wait(wait) = source.step(ms(300_500)) else {
            panic!("not lost");
        };
        assert_eq!(wait.cause, LossCause::ResponseTimeout);
    }
}

#[test]
fn response_timeout_does_not_concern_an_open_stream() {
    let slow = answers("").made_after(20_000).pauses(299_999).sends(OPEN);
    let log = Script::get(HERE)
        .then(slow.pauses(90_000).sends("data: a\n\n"))
        .run();
    assert_eq!(log.time_of("message: a"), 409_999);
}

#[test]
fn connect_timeout_can_be_off() {
    let script = Script::get(HERE).policy(|policy| policy.connect_timeout = None);
    let log = script.then(never_connects()).run();
    assert_eq!(log.told(), ["silent for ever"]);
}

#[test]
fn response_timeout_is_found_however_late_the_driver_is() {
    let mut decoder = Decoder::<512>::new();
    let mut source = source(Policy::DEFAULT, &mut decoder);
    assert!(matches!(source.step(ms(0)), Step::Connect { .. }));
    source.connected(ms(0));
    let Step::Wait(wait) = source.step(ms(399_000)) else {
        panic!("not lost");
    };
    assert_eq!(wait.cause, LossCause::ResponseTimeout);
    assert!(wait.until >= ms(402_000));
}

// ---- attempts ----

fn limited(attempts: u32) -> Script<'static> {
    Script::get(HERE).policy(|policy| policy.max_reconnection_attempts = Some(attempts))
}

#[test]
fn attempts_of_zero_is_never() {
    let log = limited(0).then(refuses()).run();
    assert_eq!(log.told(), ["lost Connect", "stop Attempts"]);
    let log = limited(0).then(opens("data: a\n\n").ends()).run();
    assert_eq!(log.told()[2..], ["lost End", "stop Attempts"]);
}

#[test]
fn attempts_are_counted_per_outage() {
    let log = limited(2)
        .then(refuses())
        .then(refuses())
        .then(opens("").resets())
        .then(refuses())
        .then(refuses())
        .then(opens(""))
        .run();
    assert_eq!(log.delays, [3000, 6000, 12_000, 24_000]);
    assert_eq!(log.stop.unwrap().cause, Some(LossCause::Connect));
    assert_eq!(log.origins.len(), 5);
}

#[test]
fn attempts_are_without_end_by_default() {
    assert_eq!(refused_often(Script::get(HERE), 200).len(), 200);
}

// ---- what is told ----

#[test]
fn what_is_told_of_a_retried_status_is_lost_and_never_open() {
    let log = limited(1).then(status(503, "")).then(status(502, "")).run();
    let want = [
        "lost Status(503)",
        "wait 3000",
        "lost Status(502)",
        "stop Attempts",
    ];
    assert_eq!(log.told(), want);
    let stop = log.stop.unwrap();
    assert_eq!(stop.reason, StopReason::Attempts);
    assert_eq!(stop.cause, Some(LossCause::Status(502)));
    assert_eq!(stop.status, Some(502));
}

/// Whatever the reason is.
#[test]
fn a_stop_by_a_response_shows_it() {
    let response = |code| status(code, "Retry-After: 9\r\nContent-Length: 4\r\n").sends("body");
    let post = || Script::new(Request::post(url(HERE), b"x"));
    let judged: fn(&Head<'_>) -> Verdict = |_| Verdict::Stop;
    let unframed = || {
        let lengths = "Content-Length: 4\r\nContent-Length: 5\r\n";
        status(
            200,
            &format!("Content-Type: text/event-stream\r\n{lengths}"),
        )
    };
    for (script, reason, code) in [
        (post().then(response(429)), StopReason::NotRepeatable, 429),
        (post().then(response(503)), StopReason::NotRepeatable, 503),
        (limited(0).then(response(503)), StopReason::Attempts, 503),
        (
            limited(1).then(refuses()).then(response(502)),
            StopReason::Attempts,
            502,
        ),
        (
            Script::get(HERE).then(response(404)),
            StopReason::Status,
            404,
        ),
        (
            Script::get(HERE).then(response(200)),
            StopReason::ContentType,
            200,
        ),
        (
            Script::get(HERE).verdict(judged).then(response(503)),
            StopReason::Verdict,
            503,
        ),
        (
            Script::get(HERE).then(response(302)),
            StopReason::Redirect(InvalidRedirect::Location),
            302,
        ),
    ] {
        let log = script.run();
        let stop = log.stop.unwrap();
        assert_eq!((stop.reason, stop.status), (reason, Some(code)));
        let response = log.response.unwrap();
        assert_eq!((response.status, &response.body[..]), (code, "body"));
        assert_eq!(response.headers[0].1, "9");
    }
    let log = limited(0).then(unframed()).run();
    assert_eq!(log.stop.unwrap().reason, StopReason::Attempts);
    assert_eq!(log.response.unwrap().status, 200);
}

#[test]
fn a_stop_by_no_response_shows_none() {
    for script in [
        limited(0).then(refuses()),
        limited(0).then(opens("data: a\n\n").resets()),
        limited(0).then(opens("").resets()),
        limited(0).then(answers("nonsense\n\n")),
        limited(1).then(status(503, "")).then(answers("").resets()),
        limited(0).then(answers("HTTP/1.1 200 OK\r\n")),
    ] {
        let log = script.run();
        assert_eq!(log.stop.unwrap().reason, StopReason::Attempts);
        assert_eq!(log.response, None);
    }
}

#[test]
fn what_is_told_with_used_up_attempts_is_the_last_status() {
    let log = limited(1).then(status(503, "")).then(refuses()).run();
    let stop = log.stop.unwrap();
    assert_eq!(
        (stop.cause, stop.status),
        (Some(LossCause::Connect), Some(503))
    );
    assert_eq!(limited(0).then(refuses()).run().stop.unwrap().status, None);
}

#[test]
fn what_is_told_of_what_ends_it_is_stopped_alone() {
    for response in [
        status(200, "").ends(),
        status(404, "").ends(),
        status(204, ""),
        status(302, ""),
    ] {
        let log = Script::get(HERE).then(response).run();
        assert_eq!(log.lines.len(), 1);
        assert!(log.losses.is_empty());
    }
}

#[test]
fn what_is_told_of_a_wait_of_no_length_is_lost_too() {
    let script = Script::get(HERE).policy(|policy| policy.reconnection_time = ms(0));
    let log = script.then(refuses()).then(opens("")).run();
    assert_eq!(log.told()[..3], ["lost Connect", "wait 0", "open 200"]);
}

#[test]
fn what_is_told_does_not_depend_on_how_late_the_driver_is() {
    let mut decoder = Decoder::<512>::new();
    let mut source = source(Policy::DEFAULT, &mut decoder);
    let _ = source.step(ms(0));
    source.failed(ms(0));
    assert!(matches!(source.step(ms(99_000)), Step::Wait(_)));
    assert!(matches!(source.step(ms(99_000)), Step::Connect { .. }));
}

// ---- close and restart ----

#[test]
fn close_stops_whatever_is_going_on() {
    let script = || Script::get(HERE).then(opens("data: a\n\ndata: b\n\n").ends());
    for (line, told) in [
        ("open", &["open 200", "stop Closed"][..]),
        ("message: a", &["open 200", "message: a", "stop Closed"]),
        (
            "wait",
            &[
                "open 200",
                "message: a",
                "message: b",
                "lost End",
                "wait 3000",
                "stop Closed",
            ],
        ),
    ] {
        let log = script().on(line, Command::Close).run();
        assert_eq!(log.told(), told);
        assert_eq!(log.stop.unwrap().cause, None);
    }
}

#[test]
fn restart_after_a_stop_begins_anew() {
    let log = limited(1)
        .on("stop", Command::Restart)
        .then(refuses())
        .then(refuses())
        .then(refuses())
        .then(opens("data: a\n\n"))
        .run();
    assert_eq!(log.delays, [3000, 3000]);
    assert_eq!(log.told().last(), Some(&"silent for ever"));
}

#[test]
fn restart_after_a_refusal_begins_anew() {
    let log = Script::get(HERE)
        .on("stop", Command::Restart)
        .then(status(404, "").sends("much text").ends())
        .then(opens("data: a\n\n"))
        .run();
    assert_eq!(log.told()[..3], ["stop Status", "open 200", "message: a"]);
}

#[test]
fn restart_within_a_wait_ends_it_at_once() {
    let log = Script::get(HERE)
        .on("wait", Command::Restart)
        .then(refuses())
        .then(opens(""))
        .run();
    assert_eq!(log.time_of("open 200"), 0);
}

#[test]
fn restart_within_a_stream_keeps_the_id_and_the_retry() {
    let log = Script::get(HERE)
        .on("message 7: a", Command::Restart)
        .then(opens("retry: 700\nid: 7\ndata: a\n\nid: 8\ndata: b\n\n").ends())
        .then(refuses())
        .then(opens("").ends())
        .run();
    let want = [
        "open 200",
        "message 7: a",
        "lost Connect",
        "wait 700",
        "open 200",
    ];
    assert_eq!(log.told()[..5], want);
    assert_eq!(log.header(1, "last-event-id"), Some("7"));
}

#[test]
fn restart_after_a_close_begins_anew() {
    let log = Script::get(HERE)
        .on("open", Command::Close)
        .on("stop", Command::Restart)
        .then(opens("data: a\n\n"))
        .then(opens("data: b\n\n"))
        .run();
    let want = ["open 200", "stop Closed", "open 200", "message: b"];
    assert_eq!(log.told()[..4], want);
}

#[test]
fn restart_goes_to_the_original_url() {
    let log = Script::get(HERE)
        .on("open", Command::Restart)
        .then(redirect(302, "http://g/x"))
        .then(opens(""))
        .then(opens(""))
        .run();
    assert_eq!(log.origins, ["http h 80", "http g 80", "http h 80"]);
}

#[test]
fn restart_goes_to_the_original_url_also_if_a_redirect_was_remembered() {
    let log = Script::get(HERE)
        .remember(64)
        .on("open", Command::Restart)
        .then(redirect(301, "http://g/x"))
        .then(opens(""))
        .then(opens(""))
        .run();
    assert_eq!(log.origins, ["http h 80", "http g 80", "http h 80"]);
}

type Source<'a> = EventSource<'a, 512, 64>;

/// Brings a source into each of its states.
const STATES: [fn(&mut Source<'_>); 10] = [
    |_| {},
    |source| assert!(matches!(source.step(ms(0)), Step::Connect { .. })),
    |source| {
        let _ = source.step(ms(0));
        source.connected(ms(0));
        source.wrote(9);
    },
    read,
    |source| {
        read(source);
        feed(source, "HTTP/1.1 200 O");
    },
    |source| {
        read(source);
        feed(source, "HTTP/1.1 302 Found\r\nLocation: http://g/x\r\n\r\n");
        assert!(matches!(source.step(ms(0)), Step::Connect { .. }));
    },
    |source| {
        open(source);
        feed(source, "id: lost\ndata: a");
    },
    |source| {
        read(source);
        feed(source, "HTTP/1.1 404 No\r\n\r\nsome text");
        assert!(matches!(source.step(ms(0)), Step::Read { .. }));
    },
    |source| {
        let _ = source.step(ms(0));
        source.failed(ms(0));
        assert!(matches!(source.step(ms(0)), Step::Wait(_)));
    },
    |source| {
        read(source);
        feed(source, "HTTP/1.1 204 No\r\n\r\n");
        assert!(matches!(source.step(ms(0)), Step::Stop(_)));
    },
];

#[test]
fn restart_works_from_each_state() {
    for enter in STATES {
        let mut decoder = Decoder::new();
        let mut source = source(Policy::DEFAULT, &mut decoder);
        enter(&mut source);
        source.restart();
        assert!(source.response().is_none());
        let Step::Connect { origin, deadline } = source.step(ms(100)) else {
            panic!("no attempt");
        };
        assert_eq!((origin.host, deadline), ("h", Some(ms(30_100))));
        open(&mut source);
        feed(&mut source, "data: fresh\n\n");
        assert_eq!(source.decoder().last_event_id(), "");
    }
}

#[test]
fn close_works_from_each_state() {
    for enter in STATES {
        let mut decoder = Decoder::new();
        let mut source = source(Policy::DEFAULT, &mut decoder);
        enter(&mut source);
        let stopped = source.response().is_some();
        source.close();
        let mut late = &b"\n\ndata: x\n\n"[..];
        assert!(source.receive(&mut late, ms(1)).is_none());
        let Step::Stop(stop) = source.step(ms(99_999)) else {
            panic!("not closed");
        };
        // One that has stopped keeps its reason and its response.
        assert_eq!(stop.reason != StopReason::Closed, stopped);
        assert_eq!(source.response().is_some(), stopped);
        assert_eq!(stop.cause, None);
    }
}

fn source_of<'a, const DATA: usize>(
    request: Request<'a>,
    decoder: &'a mut Decoder<DATA>,
) -> EventSource<'a, DATA> {
    EventSource::new(request, Policy::DEFAULT, 1, decoder).unwrap()
}

fn source<'a>(policy: Policy, decoder: &'a mut Decoder<512>) -> Source<'a> {
    EventSource::new(Request::get(url(HERE)), policy, 1, decoder).unwrap()
}

fn reading(decoder: &mut Decoder<512>) -> Source<'_> {
    let mut source = source(Policy::DEFAULT, decoder);
    read(&mut source);
    source
}

/// Goes on until the request is written.
fn read<const DATA: usize>(source: &mut EventSource<'_, DATA>) {
    assert!(matches!(source.step(ms(0)), Step::Connect { .. }));
    source.connected(ms(0));
    source.wrote(usize::MAX);
    assert!(matches!(source.step(ms(0)), Step::Read { .. }));
}

fn open(source: &mut Source<'_>) {
    read(source);
    let opened = source.receive(&mut OPEN.as_bytes(), ms(0));
    assert!(matches!(opened, Some(Item::Open(_))));
}

fn feed(source: &mut Source<'_>, bytes: &str) {
    let mut input = bytes.as_bytes();
    while source.receive(&mut input, ms(0)).is_some() {}
}
