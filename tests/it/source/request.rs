//! Rule: request. What is sent.

use embedded_sse::Request;

use super::HERE;
use crate::script::{Script, opens, url};

/// The first request that the server gets.
fn sent(request: Request<'_>) -> String {
    let log = Script::new(request).then(opens("").ends()).run();
    log.requests[0].clone()
}

#[test]
fn request_has_the_headers_of_the_rule_and_no_others() {
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
fn request_for_a_url_without_a_path_is_for_the_root() {
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
fn request_host_has_the_port_unless_it_is_the_default() {
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
fn request_headers_of_the_caller_keep_their_order() {
    let request = Request {
        headers: &[("X-B", "2"), ("X-A", ""), ("X-B", "3")],
        ..Request::get(url(HERE))
    };
    assert!(sent(request).ends_with("\r\nX-B: 2\r\nX-A: \r\nX-B: 3\r\n\r\n"));
}

#[test]
fn request_headers_of_the_caller_replace_ours_whatever_their_case() {
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
fn request_with_get_has_a_length_only_with_a_body() {
    let get = Request::get(url(HERE));
    assert!(!sent(get).contains("Content-Length"));
    let body = Request {
        body: b"abc",
        ..get
    };
    assert!(sent(body).ends_with("Content-Length: 3\r\n\r\nabc"));
}

#[test]
fn request_with_post_always_has_a_length() {
    let post = sent(Request::post(url(HERE), b"{\"a\": 1}\r\n"));
    assert!(post.starts_with("POST /stream HTTP/1.1\r\n"));
    assert!(post.ends_with("Content-Length: 10\r\n\r\n{\"a\": 1}\r\n"));
    let empty = sent(Request::post(url(HERE), b""));
    assert!(empty.ends_with("Content-Length: 0\r\n\r\n"));
}

#[test]
fn request_has_last_event_id_unless_it_is_empty() {
    let script = Script::get(HERE).then(opens("").ends());
    assert_eq!(script.clone().run().header(0, "last-event-id"), None);
    let log = script.last_event_id("a b").run();
    assert_eq!(log.header(0, "last-event-id"), Some("a b"));
}

#[test]
fn request_shows_no_secret_in_debug() {
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
