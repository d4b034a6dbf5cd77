//! What the imitations share: a small HTTP server that records what it was asked.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Serves each connection in a thread of its own, with one request per connection.
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Calls `serve` with each request, the number of requests before it, and its connection.
    pub fn start(
        serve: impl Fn(&Request, usize, Reply) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("it is bound");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (recorded, serve) = (Arc::clone(&requests), Arc::new(serve));
        thread::spawn(move || {
            for tcp in listener.incoming() {
                let (recorded, serve) = (Arc::clone(&recorded), Arc::clone(&serve));
                thread::spawn(move || {
                    // Errors are ignored: the client may be killed at any time.
                    let _ = tcp.and_then(|tcp| {
                        let request = Request::read(&tcp)?;
                        let number = record(&recorded, &request);
                        serve(&request, number, Reply(tcp))
                    });
                });
            }
        });
        Self { address, requests }
    }

    pub fn url(&self, path_and_query: &str) -> String {
        format!("http://{}{path_and_query}", self.address)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests
            .lock()
            .expect("no thread panics with it")
            .clone()
    }
}

/// Returns the number of requests before this one.
fn record(requests: &Mutex<Vec<Request>>, request: &Request) -> usize {
    let mut requests = requests.lock().expect("no thread panics with it");
    requests.push(request.clone());
    requests.len() - 1
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub body: String,
    headers: Vec<(String, String)>,
}

impl Request {
    fn read(tcp: &TcpStream) -> io::Result<Self> {
        let mut reader = BufReader::new(tcp);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let mut words = lines[0].split(' ').map(String::from);
        let mut request = Self {
            method: words.next().unwrap_or_default(),
            target: words.next().unwrap_or_default(),
            body: String::new(),
            headers: lines[1..]
                .iter()
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        };
        if let Some(len) = request.header("Content-Length") {
            let mut body = vec![0; len.parse().expect("a number")];
            reader.read_exact(&mut body)?;
            request.body = String::from_utf8(body).expect("JSON is UTF-8");
        }
        Ok(request)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| &value[..])
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The value of a parameter of the query, as sent.
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value)
    }
}

/// A connection whose request was read.
pub struct Reply(TcpStream);

impl Reply {
    /// Answers with a whole response. `headers` are lines that end with CR LF.
    pub fn whole(mut self, status: &str, headers: &str, body: &str) -> io::Result<()> {
        let len = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {len}\r\n\r\n");
        // In one write, since the client waits only a second for the body of a refusal.
        self.0.write_all((head + body).as_bytes())
    }

    /// Begins an event stream with chunked framing.
    pub fn stream(mut self, headers: &str) -> io::Result<Stream> {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\
             {headers}Transfer-Encoding: chunked\r\n\r\n"
        );
        self.0.write_all(head.as_bytes())?;
        Ok(Stream(self.0))
    }
}

/// An open event stream. Dropping it cuts the connection.
pub struct Stream(TcpStream);

impl Stream {
    pub fn send(&mut self, text: &str) -> io::Result<()> {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.0.write_all(chunk.as_bytes())
    }

    /// Ends the response in order.
    pub fn end(mut self) -> io::Result<()> {
        self.0.write_all(b"0\r\n\r\n")
    }

    /// Keeps the stream open until the client closes it.
    pub fn hold(mut self) -> io::Result<()> {
        self.0.read(&mut [0]).map(drop)
    }
}
