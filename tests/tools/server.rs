//! A server that a test controls step by step.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;

use crate::support::time_left;

/// A response that asks for the longest possible wait.
pub const LONG_WAIT: &str = "HTTP/1.1 503 Service Unavailable\r\n\
    Retry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n";

pub struct Server {
    address: SocketAddr,
    connections: Receiver<TcpStream>,
}

impl Server {
    /// Starts a server on loopback, on a free port.
    pub fn start() -> Self {
        Self::on("127.0.0.1:0".parse().expect("it is an address"))
    }

    pub fn on(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("the port is free");
        let address = listener.local_addr().expect("it is bound");
        let (sender, connections) = channel();
        // `accept` has no timeout, but a channel has.
        spawn(move || {
            for tcp in listener.incoming() {
                if sender.send(tcp.expect("the listener works")).is_err() {
                    break;
                }
            }
        });
        Self {
            address,
            connections,
        }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits for the next connection and for its request.
    pub fn accept(&self) -> Connection {
        let tcp = self.connections.recv_timeout(time_left());
        Connection::new(tcp.expect("the client connects in time"))
    }

    /// The next connection, if there is one already.
    pub fn accept_at_once(&self) -> Option<Connection> {
        self.connections.try_recv().ok().map(Connection::new)
    }

    /// Answers the next request with a 204, which ends the event source.
    pub fn end_it(&self) {
        self.accept().reply("HTTP/1.1 204 No Content\r\n\r\n");
    }
}

/// A connection whose request has been read except for the last byte. A close with an unread byte is
/// a reset.
pub struct Connection {
    tcp: TcpStream,
    head: String,
    unread: bool,
}

impl Connection {
    fn new(mut tcp: TcpStream) -> Self {
        tcp.set_nodelay(true).expect("it is a TCP socket");
        tcp.set_read_timeout(Some(time_left()))
            .expect("the timeout is not zero");
        tcp.set_write_timeout(Some(time_left()))
            .expect("the timeout is not zero");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r") {
            let mut byte = [0];
            tcp.read_exact(&mut byte).expect("a request comes in time");
            head.extend(byte);
        }
        let head = String::from_utf8(head).expect("it is UTF-8");
        let unread = true;
        Self { tcp, head, unread }
    }

    /// The first line of the request.
    pub fn request_line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// The value of a header of the request. Panics if the header occurs twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = fields.filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value);
        assert_eq!(values.next(), None, "{name} is there twice: {}", self.head);
        value
    }

    pub fn last_event_id(&self) -> Option<&str> {
        self.header("Last-Event-ID")
    }

    /// Reads the body of the request, and the last byte of the head before it.
    pub fn body(&mut self) -> String {
        let len = self.header("Content-Length").expect("it has a body");
        let len: usize = len.parse().expect("it is a number");
        let mut body = vec![0; 1 + len];
        self.tcp.read_exact(&mut body).expect("the body comes");
        self.unread = false;
        String::from_utf8(body.split_off(1)).expect("it is UTF-8")
    }

    /// Writes this response and closes the connection.
    pub fn reply(mut self, response: &str) {
        self.write(response);
        self.close();
    }

    /// Begins a chunked event stream.
    pub fn open(&mut self) {
        self.write(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
             Transfer-Encoding: chunked\r\n\r\n",
        );
    }

    pub fn chunk(&mut self, text: &str) {
        self.try_chunk(text).expect("the client is there");
    }

    pub fn try_chunk(&mut self, text: &str) -> std::io::Result<()> {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.tcp.write_all(chunk.as_bytes())
    }

    /// Writes the text without framing.
    pub fn write(&mut self, text: &str) {
        let written = self.tcp.write_all(text.as_bytes());
        written.expect("the client is there");
    }

    /// Writes the last chunk and closes the connection.
    pub fn end(mut self) {
        self.write("0\r\n\r\n");
        self.close();
    }

    /// Closes the connection without a reset. The response may be incomplete.
    pub fn close(mut self) {
        if self.unread {
            let last = self.tcp.read_exact(&mut [0]);
            last.expect("the request is whole");
        }
    }

    /// Resets the connection, so that the client's next read fails.
    pub fn reset(self) {
        drop(self.tcp);
    }

    /// Waits until the client has closed the connection.
    pub fn wait_for_close(mut self) {
        let mut rest = Vec::new();
        // The client resets the connection if it has not read everything.
        if let Err(error) = self.tcp.read_to_end(&mut rest) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
        assert!(rest.len() <= 1, "the client sends more: {rest:?}");
    }
}
