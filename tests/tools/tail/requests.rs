//! What the request contains, and `--count`.

use serde_json::json;

use super::{
    accept_and_send, event, expect_good_end, expect_lost, expect_number, expect_open,
    expect_stopped, tail,
};
use crate::server::Server;

#[test]
fn sends_the_headers_of_the_standard() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/a/b?c=d#e")]);
    let connection = server.accept();
    assert_eq!(connection.request_line(), "GET /a/b?c=d HTTP/1.1");
    assert_eq!(connection.header("Accept"), Some("text/event-stream"));
    assert_eq!(connection.header("Cache-Control"), Some("no-cache"));
    let host = format!("127.0.0.1:{}", server.port());
    assert_eq!(connection.header("Host"), Some(&host[..]));
    assert_eq!(connection.header("Accept-Encoding"), Some("identity"));
    for none in ["Last-Event-ID", "Content-Length"] {
        assert_eq!(connection.header(none), None, "{none}");
    }
    connection.reply("HTTP/1.1 204 No Content\r\n\r\n");
    expect_stopped(&mut tail, "no_content", Some(204), 0);
}

#[test]
fn sends_the_given_headers() {
    let server = Server::start();
    let mut tail = tail(&[
        "--header",
        "X-One:  1 ",
        "--header",
        "accept: text/event-stream, */*",
        "--header",
        "X-Colon: a:b",
        &server.url("/"),
    ]);
    let connection = server.accept();
    assert_eq!(connection.header("X-One"), Some("1"));
    assert_eq!(connection.header("X-Colon"), Some("a:b"));
    // It replaces the default one: `header` panics if there are two.
    let accept = connection.header("Accept");
    assert_eq!(accept, Some("text/event-stream, */*"));
    connection.reply("HTTP/1.1 204 No Content\r\n\r\n");
    expect_stopped(&mut tail, "no_content", Some(204), 0);
}

#[test]
fn resumes_after_the_given_id() {
    let server = Server::start();
    let mut tail = tail(&["--last-event-id", "grüezi 41", &server.url("/")]);
    let mut first = server.accept();
    assert_eq!(first.last_event_id(), Some("grüezi 41"));
    first.open();
    first.chunk("data: without an ID of its own\n\n");
    expect_open(&mut tail);
    tail.expect_event("grüezi 41", "without an ID of its own");
    // An ID without data is kept, and an empty ID clears it.
    for (block, next) in [("id: 42\n\n", Some("42")), ("id\n\n", None)] {
        first.chunk(block);
        first.close();
        expect_lost(&mut tail, "cut_off");
        first = server.accept();
        assert_eq!(first.last_event_id(), next);
        first.open();
        expect_open(&mut tail);
    }
    first.end();
    expect_lost(&mut tail, "end");
    expect_good_end(&mut tail, &server);
}

#[test]
fn stops_after_the_given_number_of_events() {
    let server = Server::start();
    let mut tail = tail(&["--count", "3", "--comments", &server.url("/")]);
    let first = accept_and_send(&server, &mut tail, 1);
    first.close();
    expect_lost(&mut tail, "cut_off");
    let mut second = server.accept();
    second.open();
    // One event more than wanted. A comment is not an event.
    second.chunk(&[": c\n", &event(2), &event(3), &event(4)].concat());
    expect_open(&mut tail);
    tail.expect(json!({"kind": "comment", "text": " c"}));
    expect_number(&mut tail, 2);
    expect_number(&mut tail, 3);
    expect_stopped(&mut tail, "closed", Some(200), 0);
    second.wait_for_close();
}

#[test]
fn zero_events_need_no_connection() {
    let server = Server::start();
    let mut tail = tail(&["--count", "0", &server.url("/")]);
    expect_stopped(&mut tail, "closed", None, 0);
    assert!(server.accept_at_once().is_none());
}
