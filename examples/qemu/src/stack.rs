//! How much of the stack is used at most, over the longest path that a client takes.

use std::io::{Read, Write};
use std::ops::RangeInclusive;
use std::thread;
use std::time::Duration;

use crate::firmware::{self, AN386};
use crate::https;
use crate::measure::{Number, run};
use crate::server::{Connection, OPEN, Server};

/// As many as the longest scenario has.
const EVENTS: u32 = 100_000;

/// Over TLS, they would take long.
const EVENTS_OVER_TLS: u32 = 2_000;

pub fn stack() -> Result<Vec<Number>, String> {
    let tcp = |server| longest_path(server, EVENTS, Server::request);
    let pinned = |server| {
        longest_path(server, EVENTS_OVER_TLS, |server| {
            https::request(server, https::pinned())
        });
    };
    let issued = |server| {
        longest_path(server, EVENTS_OVER_TLS, |server| {
            https::request(server, https::issued_by_many())
        });
    };
    let port = |port| vec![format!("port={port}")];
    let url = |port| {
        let url = format!("url=http://{}:{port}/events", https::HOST);
        vec![url, "stack=report".to_owned()]
    };
    let pin = |port| [https::pin(), vec![format!("port={port}")]].concat();
    let root = |port| [https::root(), vec![format!("port={port}")]].concat();

    let [without] = peaks("firmware", "socket", port, tcp)?;
    let [with] = peaks("firmware", "sse", port, tcp)?;
    let [client] = peaks("firmware", "client", url, tcp)?;
    let [reqwless] = peaks("peers", "reqwless", port, tcp)?;
    let [ipv6] = peaks("peers", "ipv6-socket", port, tcp)?;
    let [nanofish] = peaks("peers", "nanofish", port, tcp)?;
    let pinned = peaks("https", "pinned", pin, pinned)?;
    let issued = peaks("https", "authority", root, issued)?;
    let mut numbers = vec![
        Number::new("peak stack, without a client", without),
        Number::new("peak stack, with `sse()`", with),
        Number::new("peak stack, more with `sse()`", with - without),
        Number::new("peak stack, firmware `client`", client),
        Number::new("peak stack, more with reqwless", reqwless - without),
        Number::new("peak stack, more with nanofish", nanofish - ipv6),
    ];
    for (name, [stream, handshake]) in [("a pinned key", pinned), ("an authority", issued)] {
        for (what, peak) in [("stream", stream), ("handshake", handshake)] {
            let name = format!("peak stack, more with {name}, {what}");
            numbers.push(Number::new(name, peak - without));
        }
    }
    Ok(numbers)
}

/// The last numbers that it says.
fn peaks<const N: usize>(
    package: &str,
    binary: &str,
    arguments: fn(u16) -> Vec<String>,
    serve: fn(Server),
) -> Result<[f64; N], String> {
    // The server waits for its client, which may take long to build.
    firmware::build(package, binary, "release", AN386)?;
    let server = Server::bind(0);
    let arguments = arguments(server.port());
    let server = thread::spawn(move || serve(server));
    let lines = run(AN386, package, binary, "release", &arguments, &[])?;
    if server.join().is_err() {
        return Err(format!("{binary} has not gone the whole way"));
    }
    let said = lines.last_chunk();
    let said: &[String; N] = said.ok_or(format!("{binary} has said only {lines:?}"))?;
    let mut peaks = [0.0; N];
    for (peak, line) in peaks.iter_mut().zip(said) {
        *peak = Number::parse(line)?.value;
    }
    Ok(peaks)
}

/// A refusal, a redirect, a cut in the middle of an event, a server that is away for a while, an event
/// that is too long, and the end. The firmware without a client makes nothing of what it reads, but
/// comes back as often.
fn longest_path<S: Read + Write>(
    server: Server,
    count: u32,
    request: fn(&Server) -> Connection<S>,
) {
    let answer = |server: &Server, head: &str| {
        let mut connection = request(server);
        connection.send(head);
        connection
    };
    answer(&server, "HTTP/1.1 503 Service Unavailable\r\n\r\n").cut();
    let redirect = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\n\r\n";
    answer(&server, redirect).cut();
    let mut connection = answer(&server, OPEN);
    events(&mut connection, 1..=count / 2);
    connection.send("40\r\nid: 4\ndata: ev");
    let port = server.port();
    drop(server);
    connection.cut();
    // It comes back sooner, and is refused.
    thread::sleep(Duration::from_secs(1));
    let server = Server::bind(port);
    let mut connection = answer(&server, OPEN);
    connection.chunk(&format!("data: {:2049}\n\n", "x"));
    events(&mut connection, count / 2 + 1..=count);
    connection.cut();
    answer(&server, "HTTP/1.1 204 No Content\r\n\r\n").cut();
}

/// Sends these events, 100 at a time.
fn events<S: Read + Write>(connection: &mut Connection<S>, numbers: RangeInclusive<u32>) {
    for first in numbers.step_by(100) {
        connection.events(first..=first + 99);
    }
}
