//! Whether and when the next attempt is made.

use serde_json::json;

use super::{
    accept_and_send, event, expect_good_end, expect_lost, expect_number, expect_open,
    expect_stopped, tail,
};
use crate::server::Server;
use crate::support::Tool;

#[test]
fn zero_attempts_never_reconnect() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--max-reconnection-attempts", "0", &url]);
    accept_and_send(&server, &mut tail, 1).end();
    tail.expect(json!({"kind": "lost", "cause": "end"}));
    expect_stopped(&mut tail, "attempts", Some(200), 1);
}

#[test]
fn gives_up_after_the_given_number_of_failed_attempts() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--max-reconnection-attempts", "2", &url]);
    server.accept().close();
    expect_lost(&mut tail, "cut_off");
    // An open stream resets the count, even if it carries no event.
    let mut second = server.accept();
    second.open();
    expect_open(&mut tail);
    second.close();
    expect_lost(&mut tail, "cut_off");
    server.accept().close();
    expect_lost(&mut tail, "cut_off");
    let busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    server.accept().reply(busy);
    tail.expect(json!({"kind": "lost", "cause": "status", "status": 503}));
    expect_stopped(&mut tail, "attempts", Some(503), 1);
}

#[test]
fn a_post_is_not_repeated() {
    let server = Server::start();
    let mut tail = tail(&["--body", "{\"q\":\"grüezi\"}", &server.url("/ask")]);
    let mut connection = server.accept();
    assert_eq!(connection.request_line(), "POST /ask HTTP/1.1");
    assert_eq!(connection.body(), "{\"q\":\"grüezi\"}");
    connection.open();
    connection.chunk(&event(1));
    expect_open(&mut tail);
    expect_number(&mut tail, 1);
    connection.close();
    tail.expect(json!({"kind": "lost", "cause": "cut_off"}));
    expect_stopped(&mut tail, "not_repeatable", Some(200), 1);
}

/// The whole response was received, so nothing is lost and the request is not repeated.
#[test]
fn a_post_whose_response_ended_exits_with_status_0() {
    for is_chunked in [true, false] {
        let server = Server::start();
        let mut tail = tail(&["--body", "question", &server.url("/ask")]);
        let mut connection = server.accept();
        assert_eq!(connection.body(), "question");
        if is_chunked {
            connection.open();
            connection.chunk(&event(1));
            connection.end();
        } else {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
            connection.reply(&[head, &event(1)].concat());
        }
        expect_open(&mut tail);
        expect_number(&mut tail, 1);
        expect_stopped(&mut tail, "ended", Some(200), 0);
    }
}

/// The text output mentions neither a loss nor an option.
#[test]
fn a_response_that_ended_is_shown_as_an_end() {
    let server = Server::start();
    let mut tail = Tool::run("tail", &["--body", "question", &server.url("/ask")]);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let mut connection = server.accept();
    assert_eq!(connection.body(), "question");
    connection.reply(&[head, &event(1)].concat());
    let text = tail.text();
    let end = "the server ended the response, and the request is not sent again\n";
    assert!(text.ends_with(end), "{text}");
    assert!(!text.contains("lost"), "{text}");
    tail.exit(0);
}

#[test]
fn a_post_is_repeated_if_that_is_allowed() {
    let server = Server::start();
    let url = server.url("/ask");
    let mut tail = tail(&["--reconnect-post", "--body", "question", &url]);
    for last_event_id in [None, Some("1")] {
        let mut connection = server.accept();
        assert_eq!(connection.request_line(), "POST /ask HTTP/1.1");
        assert_eq!(connection.last_event_id(), last_event_id);
        assert_eq!(connection.body(), "question");
        connection.open();
        connection.chunk(&event(1));
        expect_open(&mut tail);
        expect_number(&mut tail, 1);
        connection.close();
        expect_lost(&mut tail, "cut_off");
    }
    expect_good_end(&mut tail, &server);
}

#[test]
fn the_method_can_be_changed() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--method", "REPORT", "--body", "x", &url]);
    let mut connection = server.accept();
    assert_eq!(connection.request_line(), "REPORT / HTTP/1.1");
    assert_eq!(connection.body(), "x");
    connection.close();
    tail.expect(json!({"kind": "lost", "cause": "cut_off"}));
    expect_stopped(&mut tail, "not_repeatable", None, 1);
}

/// With 0, each open stream takes all failures back. Otherwise short connections add up.
#[test]
fn the_healthy_time_can_be_changed() {
    for (healthy_time, delays) in [("0", [30, 30, 30]), ("60000", [30, 60, 120])] {
        let server = Server::start();
        let url = server.url("/");
        let mut tail = tail(&[
            "--reconnection-time",
            "30",
            "--max-delay",
            "1000",
            "--healthy-time",
            healthy_time,
            &url,
        ]);
        for delay in delays {
            let mut connection = server.accept();
            connection.open();
            expect_open(&mut tail);
            connection.close();
            assert_eq!(expect_lost(&mut tail, "cut_off"), delay);
        }
    }
}
