//! Rule: redirects. Which redirects are followed, and to which URL.

use embedded_sse::{Decoder, InvalidRedirect, Request, StopReason};

use super::{HERE, REDIRECTS, reading, redirect};
use crate::script::{Script, answers, gone, ms, opens, status, url};

/// The origin and path to which a redirect leads, or the reason of the stop.
fn led(from: &str, location: &str) -> String {
    let script = Script::get(from).then(redirect(302, location));
    let log = script.then(opens("").ends()).run();
    match log.stop {
        Some(stop) => format!("{:?}", stop.reason),
        None => format!("{} {}", log.origins[1], &log.request_lines()[1][4..]),
    }
}

#[test]
fn redirects_with_each_of_five_codes_are_followed_at_once() {
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
fn redirects_do_not_include_other_3xx() {
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
fn redirects_are_relative_to_the_previous_one() {
    let log = Script::get("http://h/a/b")
        .then(redirect(302, "http://g/c/d"))
        .then(redirect(302, "e"))
        .then(opens(""))
        .run();
    assert_eq!(log.origins, ["http h 80", "http g 80", "http g 80"]);
    assert_eq!(log.request_lines(), ["GET /a/b", "GET /c/d", "GET /c/e"]);
}

/// The second request, after a redirect of a POST.
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
fn redirects_307_and_308_send_a_post_again() {
    for code in [307, 308] {
        let second = posted(code);
        assert!(second.starts_with("POST /x HTTP/1.1\r\n"));
        assert!(second.contains("Content-Type: text/plain\r\n"));
        assert!(second.ends_with("Content-Length: 4\r\n\r\nbody"));
    }
}

#[test]
fn redirects_do_not_turn_a_get_back_into_a_post() {
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
fn redirects_discard_the_rest_of_the_old_connection() {
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

#[test]
fn redirects_that_stop_leave_their_head_to_read() {
    for location in ["//", "/a", "ftp://h/"] {
        let script = Script::new(Request {
            max_redirects: u8::from(location != "/a"),
            ..Request::get(url(HERE))
        });
        let log = script.then(redirect(302, location)).run();
        let response = log.response.expect("a response");
        assert_eq!(response.status, 302, "{location}");
        assert_eq!(response.headers, [("Location".into(), location.to_owned())]);
    }
}

#[test]
fn redirects_leave_the_body_of_a_get_as_it_is() {
    for code in REDIRECTS {
        let request = Request {
            headers: &[("Content-Type", "text/plain")],
            body: b"query",
            ..Request::get(url(HERE))
        };
        let log = Script::new(request)
            .then(redirect(code, "/x"))
            .then(gone())
            .run();
        let first = log.requests[0].replace("GET /stream ", "GET /x ");
        assert_eq!(log.requests[1], first, "{code}");
    }
}

/// The percent-encode sets of the URL standard for a path and a special query.
#[test]
fn redirects_are_percent_encoded_as_in_the_url_standard() {
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
fn redirects_with_two_different_locations_stop() {
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
