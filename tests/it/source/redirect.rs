//! Rule: redirects. Which are followed, and where to.

use embedded_sse::{Decoder, InvalidHead, InvalidRedirect, LossCause, Request, Step, StopReason};

use super::{HERE, REDIRECTS, read, reading, redirect, source_of};
use crate::script::{Script, answers, ms, opens, status, url};

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

#[test]
fn redirects_leave_nothing_of_the_old_connection() {
    let mut decoder = Decoder::<512>::new();
    let mut source = reading(&mut decoder);
    let mut input = &b"HTTP/1.1 302 x\r\nLocation: http://g/\r\n\r\nHTTP/1.1 200 OK\r\n"[..];
    assert!(source.receive(&mut input, ms(0)).is_none());
    assert!(input.is_empty());
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
    let origin = "http://h".len();
    for (location, told) in [
        (format!("/{}", "x".repeat(8192 - origin - 1)), "open 200"),
        (
            format!("/{}", "x".repeat(8192 - origin)),
            "stop Redirect(TooLong)",
        ),
        (
            format!("http://h/{}", "x".repeat(8192 - origin - 1)),
            "open 200",
        ),
        (
            format!("http://h/{}", "x".repeat(8192 - origin)),
            "stop Redirect(TooLong)",
        ),
        // The limit is for the URL that comes of it.
        (format!("/{}", " x".repeat(2100)), "stop Redirect(TooLong)"),
        (format!("/{}x", "y/../".repeat(1600)), "open 200"),
        (format!("/{}", "x".repeat(9000)), "stop Redirect(TooLong)"),
    ] {
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
fn redirects_that_do_not_fit_beside_their_head_show_where_they_led() {
    for blank in ["", "\r\n", "\n"] {
        for (from, to, told) in [
            ("https://h/", "http://g/", "stop Redirect(Downgrade)"),
            ("http://h/", "https://g/", "stop Redirect(NoTls)"),
            ("http://h/", "http://u@g/", "stop Redirect(Location)"),
            ("http://h/", "http://g/", "stop Redirect(TooLong)"),
        ] {
            let len = if told.ends_with("(TooLong)") { 130 } else { 80 };
            let location = format!("{to}{}", "x".repeat(len));
            let head = format!(
                "{blank}HTTP/1.1 302 Found\r\nA: {}\r\nLocation: {location}\r\n\r\n",
                "b".repeat(60)
            );
            let script = match told {
                "stop Redirect(NoTls)" => Script::get(from).without_tls(),
                _ => Script::get(from),
            };
            let log = script.then(answers(head).ends()).run_in::<256>();
            assert_eq!(log.told(), [told]);
            let response = log.response.unwrap();
            assert_eq!(response.status, 302);
            assert_eq!(response.headers, [("Location".into(), location)], "{told}");
        }
    }
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
        [LossCause::Head(InvalidHead::TooLong { len: 144 })]
    );
    let short = Script::get("http://example.org/a/long/path/that/is/kept/and/kept/and/kept/x");
    let log = short.then(redirect(302, &"y".repeat(70))).run_in::<128>();
    assert_eq!(log.told(), ["stop Redirect(TooLong)"]);
}
