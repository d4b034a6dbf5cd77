//! A server that does what it is told, also what no server should. When the client does not do what
//! is expected of it, it panics.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::RangeInclusive;
use std::thread::sleep;
use std::time::{Duration, Instant};

use socket2::SockRef;

/// How long the client may take for anything.
const LIMIT: Duration = Duration::from_secs(30);

pub struct Server {
    listener: TcpListener,
}

impl Server {
    /// Port 0 is any that is free.
    pub fn bind(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        listener.set_nonblocking(true).expect("it can wait");
        Self { listener }
    }

    pub fn port(&self) -> u16 {
        self.listener.local_addr().expect("it is bound").port()
    }

    /// Waits for a connection.
    pub fn accept(&self) -> TcpStream {
        let start = Instant::now();
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).expect("it can block");
                    stream.set_nodelay(true).expect("it can hurry");
                    stream.set_read_timeout(Some(LIMIT)).expect("it is a time");
                    stream.set_write_timeout(Some(LIMIT)).expect("it is a time");
                    return stream;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("accept: {error}"),
            }
            assert!(start.elapsed() < LIMIT, "the client does not connect");
            sleep(Duration::from_millis(1));
        }
    }

    /// Waits for a connection and its request.
    pub fn request(&self) -> Connection {
        Connection::new(self.accept())
    }

    /// Waits for a request that resumes after this event, 0 for none, and accepts it.
    pub fn open_after(&self, event: u32) -> Connection {
        let mut connection = self.request();
        connection.resume_after(event);
        connection.send(OPEN);
        connection
    }
}

pub const OPEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
    Transfer-Encoding: chunked\r\n\r\n";

/// A connection with its request.
pub struct Connection<S = TcpStream> {
    pub stream: S,
    request: Vec<String>,
}

impl<S: Read + Write> Connection<S> {
    /// Reads the request.
    pub fn new(mut stream: S) -> Self {
        let lines = BufReader::new(&mut stream).lines().map_while(Result::ok);
        let request = lines.take_while(|line| !line.is_empty()).collect();
        Self { stream, request }
    }

    /// Panics unless the request resumes after this event, 0 for none.
    pub fn resume_after(&self, event: u32) {
        let expected = (event > 0).then(|| event.to_string());
        let id = self.header("Last-Event-ID");
        assert_eq!(id, expected.as_deref(), "Last-Event-ID");
    }

    pub fn path(&self) -> Option<&str> {
        self.request.first()?.split(' ').nth(1)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.request.iter().filter_map(|line| line.split_once(": "));
        headers.find_map(|(other, value)| (other == name).then_some(value))
    }

    /// Sends these bytes as they are.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream
            .write_all(bytes.as_ref())
            .expect("the client takes it");
    }

    /// Sends a chunk, in full.
    pub fn chunk(&mut self, bytes: &str) {
        self.send(format!("{:x}\r\n{bytes}\r\n", bytes.len()));
    }

    /// Sends the events of these numbers.
    pub fn events(&mut self, numbers: RangeInclusive<u32>) {
        self.chunk(&events(numbers));
    }

    /// Sends no more, as in the middle of what was to come.
    pub fn cut(self) {}

    /// Waits until the client leaves.
    pub fn left(mut self) {
        let end = self.stream.read(&mut [0]);
        let waited = |error: &std::io::Error| {
            matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
        };
        assert!(!end.as_ref().is_err_and(waited), "the client stays");
        assert!(!end.is_ok_and(|read| read > 0), "the client says more");
    }
}

impl Connection {
    /// Ends by RST.
    pub fn reset(self) {
        let socket = SockRef::from(&self.stream);
        socket.set_linger(Some(Duration::ZERO)).expect("it can be");
    }
}

/// The events of these numbers on the wire.
pub fn events(numbers: RangeInclusive<u32>) -> String {
    numbers.fold(String::new(), |mut text, number| {
        let _infallible = write!(text, "id: {number}\ndata: event {number}\n\n");
        text
    })
}
