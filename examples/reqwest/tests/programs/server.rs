//! A server that gives each connection the next response of a script.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What a connection is answered, and what happens to it then.
pub enum Answer {
    /// The connection is closed.
    Close(String),
    /// The connection is silent until the client closes it. The next one is accepted then.
    Silence(String),
}

/// A request that came.
pub struct Request {
    pub head: String,
    pub at: Instant,
    /// The client has closed the connection before this one.
    pub is_alone: bool,
}

impl Request {
    /// The value of a header, or `None` if it is not there.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let (_, value) = lines.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// Returns the URL of the server and the requests that come. It ends after the last answer.
pub fn serve(answers: impl IntoIterator<Item = Answer>) -> (String, Receiver<Request>) {
    let answers: Vec<Answer> = answers.into_iter().collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let (sender, requests) = channel();
    thread::spawn(move || {
        let mut is_alone = true;
        for answer in answers {
            let (mut tcp, _) = listener.accept().unwrap();
            let head = head(&mut tcp);
            let request = Request {
                head,
                at: Instant::now(),
                is_alone,
            };
            sender.send(request).unwrap();
            match answer {
                Answer::Close(text) => tcp.write_all(text.as_bytes()).unwrap(),
                Answer::Silence(text) => {
                    tcp.write_all(text.as_bytes()).unwrap();
                    // Long for a busy computer.
                    tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                    is_alone = tcp.read(&mut [0]).is_ok_and(|len| len == 0);
                }
            }
        }
    });
    (url, requests)
}

fn head(tcp: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        tcp.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// A response with one chunk, whose last chunk does not come.
pub fn cut(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n",
        body.len()
    )
}

pub fn complete(body: &str) -> String {
    cut(body) + "0\r\n\r\n"
}

/// A response without a body.
pub fn status(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n{headers}\r\n")
}

/// Runs a program to its end.
pub fn run(program: &str, arguments: &[&str]) -> Output {
    // A proxy would not know the server of a test.
    let mut command = Command::new(program);
    command.args(arguments).env("NO_PROXY", "127.0.0.1");
    command.output().unwrap()
}

pub fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}
