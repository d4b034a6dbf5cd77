//! What `tail` shows of a stream.

use serde_json::{Value, json};

use super::{expect_good_end, expect_lost, expect_open, expect_stopped, tail};
use crate::server::{Connection, Server};
use crate::support::Tool;

const ALL_KINDS: &str = ": hello\n:  two spaces\nretry: 600\nretry: x\nevent: e\ndata: 1\n\n";

#[test]
fn shows_comments_and_retry_if_asked() {
    let server = Server::start();
    let mut tail = tail(&["--comments", "--retry", &server.url("/")]);
    let mut connection = server.accept();
    connection.open();
    connection.chunk(ALL_KINDS);
    expect_open(&mut tail);
    tail.expect(json!({"kind": "comment", "text": " hello"}));
    tail.expect(json!({"kind": "comment", "text": "  two spaces"}));
    tail.expect(json!({"kind": "retry", "ms": 600}));
    tail.expect(json!({"kind": "event", "type": "e", "data": "1", "id": ""}));
    connection.end();
    assert_eq!(expect_lost(&mut tail, "end"), 600);
    expect_good_end(&mut tail, &server);
}

#[test]
fn obeys_a_hidden_retry_but_not_below_min_retry() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let mut connection = server.accept();
    connection.open();
    connection.chunk(ALL_KINDS);
    // A `retry` in an event that never ends is obeyed too.
    connection.chunk("retry: 1\ndata: unfinished\n");
    expect_open(&mut tail);
    tail.expect(json!({"kind": "event", "type": "e", "data": "1", "id": ""}));
    connection.end();
    assert_eq!(expect_lost(&mut tail, "end"), 500);
    expect_good_end(&mut tail, &server);
}

/// The tests with `--json` show that each JSON line is written at once. This test shows it for the text
/// output.
#[test]
fn shows_items_as_they_happen() {
    let server = Server::start();
    let mut tail = Tool::run("tail", &["--comments", &server.url("/")]);
    let mut connection = server.accept();
    connection.open();
    assert_line(&mut tail, "open", "status 200");
    for byte in "id: 1\ndata: grüezi\n\n: note\n".split_inclusive(|_| true) {
        connection.chunk(byte);
    }
    assert_line(&mut tail, "event", "message (id 1): grüezi");
    assert_line(&mut tail, "comment", "note");
    // The blank line ends an event. No further byte is needed, not even after a lone CR.
    connection.chunk("data: by CR\r\r");
    assert_line(&mut tail, "event", "message (id 1): by CR");
    connection.end();
    assert_line(&mut tail, "lost", "");
    assert_line(&mut tail, "waiting", "resume after id 1");
}

/// Also for a terminal, and for a reader that splits lines at Unicode's line ends.
#[test]
fn a_line_is_a_line_for_every_reader() {
    let odd = "\u{85}\u{2028}\u{2029}\u{202e}\u{2066}\u{7f}\u{9b}\u{1b}[2J";
    for is_json in [true, false] {
        let server = Server::start();
        let args = ["--json", &server.url("/")];
        let mut tail = Tool::run("tail", &args[usize::from(!is_json)..]);
        let mut connection = server.accept();
        connection.open();
        connection.chunk(&format!("data: a{odd}z\n\n"));
        tail.line();
        let line = tail.line().unwrap_or_default();
        assert!(!line.contains(|c| "\u{1b}\u{7f}".contains(c) || ('\u{80}'..).contains(&c)));
        assert!(line.contains('a') && line.contains('z'));
        if is_json {
            let json: Value = serde_json::from_str(&line).expect("it is JSON");
            assert_eq!(json["data"], format!("a{odd}z"));
        }
    }
}

#[track_caller]
fn assert_line(tail: &mut Tool, kind: &str, text: &str) {
    let line = tail.line().unwrap_or_default();
    let ok = line.contains(kind) && line.contains(text);
    assert!(ok, "{line:?} instead of {kind} {text}");
}

#[test]
fn an_event_of_16_mib_arrives_and_a_longer_one_is_reported() {
    const MOST: usize = 16 << 20;
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let mut connection = server.accept();
    connection.open();
    expect_open(&mut tail);
    for (id, len) in [(1, MOST), (2, MOST + 1)] {
        connection.chunk(&format!("id: {id}\ndata: "));
        send_data(&mut connection, len);
        connection.chunk("\n\n");
    }
    let whole = tail.json();
    assert_eq!(whole["id"], "1");
    let data = whole["data"].as_str().expect("it is an event");
    assert_eq!(data.len(), MOST);
    assert!(data.bytes().all(|byte| byte == b'x'));
    tail.expect(json!({"kind": "too_long"}));
    // The next event is complete. The ID of the long event is kept, so it is not sent again.
    connection.chunk("data: next\n\n");
    tail.expect_event("2", "next");
    connection.end();
    expect_lost(&mut tail, "end");
    let again = server.accept();
    assert_eq!(again.last_event_id(), Some("2"));
    again.reply("HTTP/1.1 204 No Content\r\n\r\n");
    expect_stopped(&mut tail, "no_content", Some(204), 0);
}

fn send_data(connection: &mut Connection, len: usize) {
    let piece = "x".repeat(64 * 1024);
    let mut left = len;
    while left > 0 {
        let now = left.min(piece.len());
        connection.chunk(&piece[..now]);
        left -= now;
    }
}
