//! How much of the stack is used at most, over the longest path that a client takes.

use std::thread;
use std::time::Duration;

use crate::firmware::{self, AN386};
use crate::measure::{Number, run};
use crate::server::{Connection, OPEN, Server};

/// As many as the longest scenario has.
const EVENTS: u32 = 100_000;

pub fn stack() -> Result<Vec<Number>, String> {
    let without = peak("socket", |port| vec![format!("port={port}")])?;
    let with = peak("sse", |port| vec![format!("port={port}")])?;
    let client = peak("client", |port| {
        let url = format!("url=http://10.0.2.2:{port}/events");
        vec![url, "stack=report".to_owned()]
    })?;
    Ok(vec![
        Number::new("peak stack, without a client", without),
        Number::new("peak stack, with `sse()`", with),
        Number::new("peak stack, more with `sse()`", with - without),
        Number::new("peak stack, firmware `client`", client),
    ])
}

fn peak(binary: &str, arguments: fn(u16) -> Vec<String>) -> Result<f64, String> {
    // The server waits for its client, which may take long to build.
    firmware::build("firmware", binary, "release", AN386)?;
    let server = Server::bind(0);
    let arguments = arguments(server.port());
    let server = thread::spawn(|| longest_path(server));
    let lines = run("firmware", binary, "release", &arguments, &[])?;
    if server.join().is_err() {
        return Err(format!("{binary} has not gone the whole way"));
    }
    let last = lines.last().ok_or(format!("{binary} has said nothing"))?;
    Ok(Number::parse(last)?.value)
}

/// A refusal, a redirect, a cut in the middle of an event, a server that is away for a while, an event
/// that is too long, and the end. The firmware without a client makes nothing of what it reads, but
/// comes back as often.
fn longest_path(server: Server) {
    answer(&server, "HTTP/1.1 503 Service Unavailable\r\n\r\n").cut();
    let redirect = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\n\r\n";
    answer(&server, redirect).cut();
    let mut connection = answer(&server, OPEN);
    events(&mut connection, 1);
    connection.send("40\r\nid: 4\ndata: ev");
    let port = server.port();
    drop(server);
    connection.cut();
    // It comes back sooner, and is refused.
    thread::sleep(Duration::from_secs(1));
    let server = Server::bind(port);
    let mut connection = answer(&server, OPEN);
    connection.chunk(&format!("data: {:2049}\n\n", "x"));
    events(&mut connection, EVENTS / 2 + 1);
    connection.cut();
    answer(&server, "HTTP/1.1 204 No Content\r\n\r\n").cut();
}

fn answer(server: &Server, head: &str) -> Connection {
    let mut connection = server.request();
    connection.send(head);
    connection
}

/// Sends half of them all, from this one on.
fn events(connection: &mut Connection, from: u32) {
    for first in (from..from + EVENTS / 2).step_by(100) {
        connection.events(first..=first + 99);
    }
}
