//! The example `tail` against servers that misbehave on purpose. Each test plays the server.

mod attempts;
mod ends;
mod https;
mod losses;
mod output;
mod requests;
mod responses;
mod timeouts;
mod usage;

use crate::server::{Connection, Server};
use crate::support::Tool;
use serde_json::json;

/// `tail --json` with short delays.
fn tail(args: &[&str]) -> Tool {
    let always = "--json --reconnection-time 1 --max-delay 20 --no-jitter";
    let always: Vec<&str> = always.split(' ').collect();
    Tool::run("tail", &[&always, args].concat())
}

fn event(id: u32) -> String {
    format!("id: {id}\ndata: number {id}\n\n")
}

#[track_caller]
fn expect_open(tail: &mut Tool) {
    tail.expect(json!({"kind": "open", "status": 200}));
}

#[track_caller]
fn expect_number(tail: &mut Tool, id: u32) {
    tail.expect_event(&id.to_string(), &format!("number {id}"));
}

/// Expects the two lines of a lost connection. Returns the delay before the next attempt.
#[track_caller]
fn expect_lost(tail: &mut Tool, cause: &str) -> u64 {
    tail.expect(json!({"kind": "lost", "cause": cause}));
    expect_waiting(tail)
}

#[track_caller]
fn expect_waiting(tail: &mut Tool) -> u64 {
    let line = tail.json();
    assert_eq!(line["kind"], "waiting", "{line}");
    line["ms"].as_u64().expect("it is a number")
}

#[track_caller]
fn expect_stopped(tail: &mut Tool, reason: &str, status: Option<u16>, code: i32) {
    tail.expect(json!({"kind": "stopped", "reason": reason, "status": status}));
    tail.expect_exit(code);
}

/// The server answers the next request with a 204, which ends `tail`.
#[track_caller]
fn expect_good_end(tail: &mut Tool, server: &Server) {
    server.end_it();
    expect_stopped(tail, "no_content", Some(204), 0);
}

/// Accepts a connection and sends an event.
fn accept_and_send(server: &Server, tail: &mut Tool, id: u32) -> Connection {
    let mut connection = server.accept();
    connection.open();
    connection.chunk(&event(id));
    expect_open(tail);
    expect_number(tail, id);
    connection
}

#[cfg(unix)]
#[track_caller]
fn interrupt(tail: &Tool) {
    let kill = format!("kill -INT {}", tail.process_id());
    let killed = std::process::Command::new("sh")
        .args(["-c", &kill])
        .status();
    assert!(killed.expect("there is a shell").success());
}
