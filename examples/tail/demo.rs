//! A server on loopback that misbehaves in ways that `tail` must survive.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{sleep, spawn};
use std::time::Duration;

const LAST: u32 = 8;

/// Starts the server and returns the URL of its stream.
pub fn start() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    eprintln!("No URL given, so here is a demo server: http://{address}/demo\n");
    spawn(move || {
        for (number, connection) in listener.incoming().enumerate() {
            // Errors are ignored here, because the client shows them.
            let _ = connection.and_then(|tcp| serve(tcp, number));
        }
    });
    Ok(format!("http://{address}/demo"))
}

/// Serves the events after the one that the client names in `Last-Event-ID`.
fn serve(mut tcp: TcpStream, connection: usize) -> std::io::Result<()> {
    tcp.set_nodelay(true)?;
    let last_event_id = read_request(&tcp)?;
    let next = last_event_id.map_or(1, |id| id.saturating_add(1));
    if let Some(id) = last_event_id {
        say(&format!("is asked to resume after event {id}"));
    }
    if next > LAST {
        say("has nothing more, and says 204");
        return tcp.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
    }
    tcp.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
    )?;
    chunk(
        &mut tcp,
        "retry: 700\n: a comment, which keeps the connection warm\n\n",
    )?;
    for id in next..=LAST {
        sleep(Duration::from_millis(200));
        let event = format!("id: {id}\nevent: tick\ndata: event {id} of {LAST}\n\n");
        match (connection, id) {
            (0, 2) => {
                say("sends half of event 2, and waits");
                let (one, two) = event.split_at(event.len() / 2);
                chunk(&mut tcp, one)?;
                sleep(Duration::from_millis(200));
                chunk(&mut tcp, two)?;
            }
            (0, 4) => {
                say("cuts the connection in the middle of event 4");
                write!(tcp, "{:x}\r\n{}", event.len(), &event[..event.len() / 2])?;
                return tcp.flush();
            }
            (1, 7) => {
                say("ends the response, as servers do now and then");
                return tcp.write_all(b"0\r\n\r\n");
            }
            _ => chunk(&mut tcp, &event)?,
        }
    }
    tcp.write_all(b"0\r\n\r\n")
}

/// Prints to standard error, to keep the output of `tail` separate.
fn say(what: &str) {
    eprintln!("         (the server {what})");
}

fn chunk(tcp: &mut TcpStream, text: &str) -> std::io::Result<()> {
    tcp.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes())
}

/// Reads a request's head and returns its `Last-Event-ID`.
fn read_request(tcp: &TcpStream) -> std::io::Result<Option<u32>> {
    let mut last_event_id = None;
    for line in BufReader::new(tcp).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some(id) = line.strip_prefix("Last-Event-ID: ") {
            last_event_id = id.parse().ok();
        }
    }
    Ok(last_event_id)
}
