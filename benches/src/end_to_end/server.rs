//! The server: a thread that sends the same response to each client, as fast as the client takes it.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

const WRITE: usize = 16 * 1024;

/// A chunk for each event, as servers send live events.
pub fn per_event(stream: &[u8]) -> Vec<u8> {
    let mut from = 0;
    let ends = memchr::memmem::find_iter(stream, b"\n\n").map(|end| end + 2);
    chunked(ends.map(|end| &stream[std::mem::replace(&mut from, end)..end]))
}

/// Large chunks, as servers send a backlog and proxies pass on a stream.
pub fn per_write(stream: &[u8]) -> Vec<u8> {
    chunked(stream.chunks(WRITE))
}

fn chunked<'s>(chunks: impl Iterator<Item = &'s [u8]>) -> Vec<u8> {
    let mut out = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
        Transfer-Encoding: chunked\r\n\r\n"
        .to_vec();
    for chunk in chunks {
        out.extend(format!("{:x}\r\n", chunk.len()).bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}

/// Starts the server and returns its URL.
pub fn serve(response: Vec<u8>) -> io::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let url = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || {
        for tcp in listener.incoming() {
            // A client closes the connection after the last event.
            let _ = tcp.and_then(|tcp| answer(tcp, &response));
        }
    });
    Ok(url)
}

fn answer(mut tcp: TcpStream, response: &[u8]) -> io::Result<()> {
    let mut request = Vec::new();
    let mut piece = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match tcp.read(&mut piece)? {
            0 => return Ok(()),
            read => request.extend(&piece[..read]),
        }
    }
    response
        .chunks(WRITE)
        .try_for_each(|piece| tcp.write_all(piece))
}
