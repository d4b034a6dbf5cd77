//! A server that records each request and answers it as a test says.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    /// The names in lower case.
    pub headers: HashMap<String, String>,
    /// `Null` if there is no body.
    pub message: Value,
    pub at: Instant,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The HTTP method, and that of the message or else the last event ID.
    pub fn summary(&self) -> String {
        let rpc = self.message["method"].as_str();
        match rpc.or(self.header("last-event-id")) {
            Some(detail) => format!("{} {detail}", self.method),
            None => self.method.clone(),
        }
    }

    /// A response to this request with a result, as JSON.
    pub fn result(&self, result: Value) -> String {
        json!({"jsonrpc": "2.0", "id": self.message["id"], "result": result}).to_string()
    }
}

pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    /// Starts a server. `answer` writes the response to each request; the connection then ends.
    pub fn start(answer: impl Fn(&Received, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::start_for(usize::MAX, answer)
    }

    /// As [`start`](Self::start). After this many connections the server is gone.
    pub fn start_for(
        connections: usize,
        answer: impl Fn(&Received, &mut TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let recorded = Arc::clone(&requests);
        thread::spawn(move || {
            for tcp in listener.incoming().take(connections) {
                let (answer, recorded) = (Arc::clone(&answer), Arc::clone(&recorded));
                thread::spawn(move || {
                    let mut tcp = tcp.unwrap();
                    let received = read_request(&tcp);
                    recorded.lock().unwrap().push(received.clone());
                    answer(&received, &mut tcp);
                });
            }
        });
        Self { url, requests }
    }

    /// The requests so far, without those for the server's own stream.
    pub fn requests(&self) -> Vec<Received> {
        let mut requests = self.all_requests();
        requests.retain(|received| received.summary() != "GET");
        requests
    }

    pub fn all_requests(&self) -> Vec<Received> {
        self.requests.lock().unwrap().clone()
    }

    pub fn summaries(&self) -> Vec<String> {
        self.requests().iter().map(Received::summary).collect()
    }
}

fn read_request(tcp: &TcpStream) -> Received {
    let at = Instant::now();
    let mut reader = BufReader::new(tcp);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let method = line().split(' ').next().unwrap().to_owned();
    let mut headers = HashMap::new();
    loop {
        let line = line();
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let len = headers
        .get("content-length")
        .map_or(0, |len| len.parse().unwrap());
    let mut body = vec![0; len];
    reader.read_exact(&mut body).unwrap();
    Received {
        method,
        headers,
        message: serde_json::from_slice(&body).unwrap_or_default(),
        at,
    }
}

/// Sends a response with a body of a known length.
pub fn send(tcp: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let len = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {len}\r\n\r\n");
    // The client may have left.
    let _ = tcp.write_all((head + body).as_bytes());
}

pub fn send_json(tcp: &mut TcpStream, body: &str) {
    send(tcp, "200 OK", "Content-Type: application/json\r\n", body);
}

/// Begins an event stream, which the end of the connection ends.
pub fn open_stream(tcp: &mut TcpStream, events: &str) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let _ = tcp.write_all((head.to_owned() + events).as_bytes());
}

/// Handles what is the same in most tests: a session, notifications, and no stream of the server's
/// own. Returns whether it has sent a response.
pub fn has_handled(received: &Received, tcp: &mut TcpStream) -> bool {
    match received.summary().as_str() {
        "POST initialize" => {
            let result = json!({"protocolVersion": "2025-06-18", "serverInfo": {"name": "test"}});
            let headers = "Content-Type: application/json\r\nMcp-Session-Id: s-1\r\n";
            send(tcp, "200 OK", headers, &received.result(result));
        }
        "POST notifications/initialized" => send(tcp, "202 Accepted", "", ""),
        "GET" => send(tcp, "405 Method Not Allowed", "", ""),
        "DELETE" => send(tcp, "200 OK", "", ""),
        _ => return false,
    }
    true
}
