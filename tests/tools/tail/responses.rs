//! Responses that are not event streams.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{
    event, expect_good_end, expect_lost, expect_number, expect_open, expect_stopped,
    expect_waiting, tail,
};
use crate::server::Server;
use crate::support::Tool;

#[test]
fn no_content_exits_with_status_0() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    expect_good_end(&mut tail, &server);
}

#[test]
fn a_refusal_exits_with_status_1() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let refusal = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone";
    server.accept().reply(refusal);
    expect_stopped(&mut tail, "status", Some(404), 1);
}

/// The text output contains the server's explanation.
#[test]
fn a_refusal_is_shown() {
    let refusal =
        "HTTP/1.1 403 Forbidden\r\nX-Why: because\r\nContent-Length: 9\r\n\r\ngo\x1b[2Jaway";
    let text = shown(&[], refusal);
    for words in ["stopped", "(status 403)", "X-Why: because", "go"] {
        assert!(text.contains(words), "{words} is missing: {text}");
    }
    assert!(!text.contains('\x1b'), "{text:?}");
}

/// The text output for a response that stops the source with an error.
#[track_caller]
fn shown(args: &[&str], response: &str) -> String {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = Tool::run("tail", &[args, &[&url]].concat());
    server.accept().reply(response);
    let text = tail.text();
    tail.exit(1);
    text
}

#[test]
fn a_response_that_would_be_retried_is_shown_when_it_stops() {
    let body = "X-Why: because\r\nContent-Length: 4\r\n\r\nfull";
    let busy = format!("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n{body}");
    let down = format!("HTTP/1.1 503 Service Unavailable\r\n{body}");
    for (args, response, stopped) in [
        (
            &["--body", "x"][..],
            busy,
            "the request may not be sent again (status 429) (--reconnect-post)",
        ),
        (
            &["--max-reconnection-attempts", "0"],
            down,
            "attempts are used up (status 503) (--max-reconnection-attempts)",
        ),
    ] {
        let text = shown(args, &response);
        for words in [stopped, "header    X-Why: because", "body      full"] {
            assert!(text.contains(words), "{words} is missing: {text}");
        }
    }
}

#[test]
fn a_redirect_that_cannot_be_followed_shows_where_it_led() {
    let cases = [
        (&["ftp://127.0.0.1/file"][..], "Location"),
        (&["http://"], "Location"),
        (&["http://127.0.0.1:99999/"], "Location"),
        (&["/one", "/two"], "Location"),
        (&[""], "Location"),
        (&["/again"], "--max-redirects"),
    ];
    for (locations, reason) in cases {
        let lines: String = locations
            .iter()
            .map(|location| format!("Location: {location}\r\n"))
            .collect();
        let response = format!("HTTP/1.1 302 Found\r\n{lines}Content-Length: 0\r\n\r\n");
        let args: &[&str] = match locations {
            ["/again"] => &["--max-redirects", "0"],
            _ => &[],
        };
        let text = shown(args, &response);
        assert!(text.contains("(status 302)"), "{text}");
        assert!(text.contains(reason), "{reason} is missing: {text}");
        for location in locations {
            let header = format!("header    Location: {location}\n");
            assert!(text.contains(&header), "{header} is missing: {text}");
        }
    }
}

#[test]
fn a_web_page_stops_the_source() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi";
    server.accept().reply(page);
    expect_stopped(&mut tail, "content_type", Some(200), 1);
}

#[test]
fn retry_after_delays_the_next_attempt() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let busy = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
    server.accept().reply(busy);
    tail.expect(json!({"kind": "lost", "cause": "status", "status": 503}));
    assert_eq!(expect_waiting(&mut tail), 1000);
    let asked = Instant::now();
    let connection = server.accept();
    // Less than a second, because the line is written before the wait begins.
    assert!(asked.elapsed() > Duration::from_millis(500));
    connection.reply("HTTP/1.1 204 No Content\r\n\r\n");
    expect_stopped(&mut tail, "no_content", Some(204), 0);
}

#[test]
fn credentials_stay_with_their_origin() {
    let here = Server::start();
    let there = Server::start();
    let mut tail = tail(&[
        "--header",
        "Authorization: Bearer secret",
        "--header",
        "Cookie: a=b",
        "--header",
        "X-Topic: all",
        &here.url("/from"),
    ]);
    for _ in 0..2 {
        // Each reconnect starts at the original URL, with its credentials.
        let first = here.accept();
        assert_eq!(first.request_line(), "GET /from HTTP/1.1");
        assert_eq!(first.header("Authorization"), Some("Bearer secret"));
        assert_eq!(first.header("Cookie"), Some("a=b"));
        first.reply(&format!(
            "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
            there.url("/to?x=1")
        ));
        let mut second = there.accept();
        assert_eq!(second.request_line(), "GET /to?x=1 HTTP/1.1");
        assert_eq!(second.header("Authorization"), None);
        assert_eq!(second.header("Cookie"), None);
        assert_eq!(second.header("X-Topic"), Some("all"));
        let host = format!("127.0.0.1:{}", there.port());
        assert_eq!(second.header("Host"), Some(&host[..]));
        second.open();
        second.chunk(&event(1));
        expect_open(&mut tail);
        expect_number(&mut tail, 1);
        second.end();
        expect_lost(&mut tail, "end");
    }
    expect_good_end(&mut tail, &here);
}

#[test]
fn too_many_redirects_exit_with_status_1() {
    let server = Server::start();
    let mut tail = tail(&["--max-redirects", "2", &server.url("/0")]);
    for from in 0..=2 {
        let connection = server.accept();
        let want = format!("GET /{from} HTTP/1.1");
        assert_eq!(connection.request_line(), want);
        let to = from + 1;
        connection.reply(&format!(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: /{to}\r\nContent-Length: 0\r\n\r\n"
        ));
    }
    expect_stopped(&mut tail, "redirect", Some(307), 1);
}
