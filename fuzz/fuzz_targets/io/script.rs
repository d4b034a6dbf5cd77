//! What the server does, chosen by the input.

use std::time::Duration;

use embedded_io::ErrorKind;

pub struct Input<'i>(pub &'i [u8]);

impl<'i> Input<'i> {
    pub fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    /// The next byte is the number of bytes.
    pub fn bytes(&mut self) -> &'i [u8] {
        let len = usize::from(self.byte()).min(self.0.len());
        self.0.split_off(..len).unwrap_or_default()
    }

    /// At least 1 ms: the blocking loop notices a timeout after an operation only.
    pub fn millis(&mut self) -> Duration {
        Duration::from_millis((1 + self.byte() % 64).into())
    }
}

/// Heads for many paths of the code.
const HEADS: [&str; 8] = [
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
    "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nTransfer-Encoding: chunked\n\n",
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 40\r\n\r\n",
    "HTTP/1.1 307 Moved\r\nLocation: /a\r\n\r\n",
    "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\n\r\n",
    "HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "id: 1\ndata: a\n\n: b\nretry: 20\ndata: c\n\n",
];

/// What a server does on one connection.
#[derive(Clone)]
pub struct Connection {
    pub made_after: Duration,
    /// Connecting fails, or succeeds, or never ends.
    pub made: Option<bool>,
    /// How many bytes a write takes, and how many all of them take before they fail or hang.
    pub write: usize,
    pub write_until: usize,
    pub write_fails: bool,
    /// What comes, and how long after what is before it.
    pub reads: Vec<(Duration, Read)>,
}

#[derive(Clone)]
pub enum Read {
    Bytes(Vec<u8>),
    Fails(ErrorKind),
}

impl Connection {
    pub fn new(input: &mut Input<'_>) -> Self {
        let bits = input.byte();
        let is_slow = bits & 1 != 0;
        let mut connection = Self {
            made_after: if is_slow {
                input.millis()
            } else {
                Duration::ZERO
            },
            made: [Some(true), Some(true), Some(false), None][usize::from(bits >> 1 & 3)],
            write: if bits & 8 == 0 {
                500
            } else {
                input.byte().max(1).into()
            },
            write_until: if bits & 16 == 0 {
                9999
            } else {
                input.byte().into()
            },
            write_fails: bits & 32 == 0,
            reads: Vec::new(),
        };
        while !input.0.is_empty() {
            let pause = input.byte();
            let after = if pause & 1 == 0 {
                Duration::ZERO
            } else {
                input.millis()
            };
            let read = match pause >> 1 & 15 {
                0..=8 => Read::Bytes(HEADS[usize::from(pause >> 1 & 7)].into()),
                9 | 10 => Read::Bytes(input.bytes().into()),
                // An end.
                11 => Read::Bytes(Vec::new()),
                12 => Read::Fails(ErrorKind::Interrupted),
                13 => Read::Fails(ErrorKind::ConnectionReset),
                _ => break,
            };
            connection.reads.push((after, read));
        }
        connection
    }
}
