//! An HTTP server and a DNS server, which do what the test says.

use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use embassy_net::udp::{PacketMetadata, UdpSocket};

use crate::dns::{Answer, reply};
use crate::leak;

pub const OPEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// An HTTP server with one connection at a time.
pub struct Server {
    socket: TcpSocket<'static>,
    port: u16,
}

/// How a client has closed its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    Fin,
    Rst,
}

impl Server {
    pub fn new(stack: Stack<'static>, port: u16) -> Self {
        let socket = TcpSocket::new(stack, leak([0; 4096]), leak([0; 4096]));
        Self { socket, port }
    }

    /// Resets the old connection and waits for a new one. Does not read from it.
    pub async fn connected(&mut self) {
        self.reset().await;
        self.socket.accept(self.port).await.unwrap();
    }

    /// Waits for a connection and returns its request.
    pub async fn accept(&mut self) -> String {
        loop {
            self.connected().await;
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n")
                && matches!(self.socket.read(&mut byte).await, Ok(1))
            {
                request.push(byte[0]);
            }
            // Otherwise the client has closed the connection early.
            if request.ends_with(b"\r\n\r\n") {
                return String::from_utf8(request).unwrap();
            }
        }
    }

    /// Waits for a connection and opens the stream.
    pub async fn open(&mut self) -> String {
        let request = self.accept().await;
        self.send(OPEN).await;
        request
    }

    /// Sends the text, unless the client closes the connection.
    pub async fn send(&mut self, text: &str) {
        let mut bytes = text.as_bytes();
        while let Ok(sent @ 1..) = self.socket.write(bytes).await {
            bytes = &bytes[sent..];
            if bytes.is_empty() {
                let _done = self.socket.flush().await;
                return;
            }
        }
    }

    /// Answers the next request with a 204, which stops the client.
    pub async fn stop(&mut self) {
        self.accept().await;
        self.send(NO_CONTENT).await;
        self.left().await;
    }

    pub async fn end(&mut self) {
        self.socket.close();
        let _done = self.socket.flush().await;
    }

    pub async fn reset(&mut self) {
        self.socket.abort();
        let _done = self.socket.flush().await;
    }

    /// Waits until the client closes the connection.
    pub async fn left(&mut self) -> Left {
        let mut byte = [0];
        loop {
            match self.socket.read(&mut byte).await {
                Ok(0) => return Left::Fin,
                Ok(_) => {}
                Err(_) => return Left::Rst,
            }
        }
    }
}

/// The value of a header of a request.
pub fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    let mut lines = request
        .split("\r\n")
        .filter_map(|line| line.split_once(": "));
    lines.find_map(|(other, value)| (other == name).then_some(value))
}

/// Answers each query with the result of `answer`, which gets the name.
pub async fn dns(stack: Stack<'static>, mut answer: impl FnMut(&str) -> Answer) {
    let meta = || leak([PacketMetadata::EMPTY; 4]);
    let mut socket = UdpSocket::new(stack, meta(), leak([0; 2048]), meta(), leak([0; 2048]));
    socket.bind(53).unwrap();
    let mut packet = [0; 512];
    loop {
        let (len, from) = socket.recv_from(&mut packet).await.unwrap();
        if let Some(reply) = reply(&packet[..len], &mut answer) {
            socket.send_to(&reply, from).await.unwrap();
        }
    }
}
