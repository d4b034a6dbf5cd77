//! What the server does on one connection of a script.

use std::collections::VecDeque;
use std::io;

pub const OPEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// One connection of a script. Times are milliseconds since the connection was made.
#[derive(Clone, Default)]
pub struct Connection {
    /// `None` means never.
    pub(super) made_after: Option<u64>,
    /// Whether a blocking `connect` ignores its deadline.
    pub(super) heeds_no_deadline: bool,
    pub(super) refused: bool,
    /// What goes wrong after this many bytes of the request were written.
    pub(super) writes: VecDeque<(usize, Trouble)>,
    pub(super) flushes: VecDeque<Trouble>,
    pub(super) deeds: Vec<(u64, Deed)>,
    clock: u64,
}

#[derive(Clone)]
pub enum Deed {
    Sends(Vec<u8>),
    Ends,
    Fails(io::ErrorKind),
}

/// What goes wrong with a write or flush, once.
#[derive(Clone, Copy)]
pub enum Trouble {
    /// It never returns.
    Hangs,
    Fails(io::ErrorKind),
    /// It takes no bytes.
    Zero,
}

/// How the bytes of the server are cut into pieces.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    Never,
    EachByte,
    /// At this byte, counted over the whole script.
    At(usize),
}

/// A connection that is made at once, takes the request, and sends this. It then stays silent, unless
/// you add more.
pub fn answers(bytes: impl AsRef<[u8]>) -> Connection {
    let silent = Connection {
        made_after: Some(0),
        ..Connection::default()
    };
    silent.sends(bytes)
}

/// An accepted stream with this body.
pub fn opens(body: impl AsRef<[u8]>) -> Connection {
    answers([OPEN.as_bytes(), body.as_ref()].concat())
}

/// A response with this status, these header lines, and no body.
pub fn status(status: u16, headers: &str) -> Connection {
    answers(format!("HTTP/1.1 {status} Reason\r\n{headers}\r\n"))
}

/// The server asks the client not to reconnect.
pub fn gone() -> Connection {
    status(204, "")
}

pub fn refuses() -> Connection {
    Connection {
        refused: true,
        ..answers("")
    }
}

pub fn never_connects() -> Connection {
    Connection {
        made_after: None,
        ..answers("")
    }
}

impl Connection {
    /// The time until the connection is made or refused.
    pub fn made_after(self, ms: u64) -> Self {
        Self {
            made_after: Some(ms),
            ..self
        }
    }

    pub fn heeds_no_deadline(self) -> Self {
        Self {
            heeds_no_deadline: true,
            ..self
        }
    }

    /// Makes the write after this many bytes fail in this way.
    pub fn write(mut self, after: usize, trouble: Trouble) -> Self {
        self.writes.push_back((after, trouble));
        self
    }

    /// The connection fails when more than this many bytes of the request are written.
    pub fn takes(self, bytes: usize) -> Self {
        self.write(bytes, Trouble::Fails(io::ErrorKind::ConnectionReset))
    }

    pub fn flush(mut self, trouble: Trouble) -> Self {
        self.flushes.push_back(trouble);
        self
    }

    pub fn pauses(mut self, ms: u64) -> Self {
        self.clock += ms;
        self
    }

    pub fn sends(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        if bytes.is_empty() {
            return self;
        }
        self.does(Deed::Sends(bytes))
    }

    pub fn ends(self) -> Self {
        self.does(Deed::Ends)
    }

    pub fn fails(self, kind: io::ErrorKind) -> Self {
        self.does(Deed::Fails(kind))
    }

    pub fn resets(self) -> Self {
        self.fails(io::ErrorKind::ConnectionReset)
    }

    fn does(mut self, deed: Deed) -> Self {
        self.deeds.push((self.clock, deed));
        self
    }

    /// The number of bytes that the server sends.
    pub(super) fn len(&self) -> usize {
        let len = |(_, deed): &(u64, Deed)| match deed {
            Deed::Sends(bytes) => bytes.len(),
            Deed::Ends | Deed::Fails(_) => 0,
        };
        self.deeds.iter().map(len).sum()
    }

    /// Cuts the bytes that the server sends. `start` is their position in all bytes of the script.
    pub(super) fn cut(self, cut: Cut, mut start: usize) -> Self {
        if let Cut::Never = cut {
            return self;
        }
        let mut deeds = Vec::new();
        for (at, deed) in self.deeds {
            let Deed::Sends(bytes) = deed else {
                deeds.push((at, deed));
                continue;
            };
            let pieces = match cut {
                Cut::EachByte => bytes.chunks(1).collect(),
                Cut::At(place) if start < place && place < start + bytes.len() => {
                    let (before, after) = bytes.split_at(place - start);
                    vec![before, after]
                }
                Cut::Never | Cut::At(_) => vec![&bytes[..]],
            };
            start += bytes.len();
            deeds.extend(pieces.iter().map(|piece| (at, Deed::Sends(piece.to_vec()))));
        }
        Self { deeds, ..self }
    }
}

impl Trouble {
    /// `None` means that the operation is still pending.
    pub(super) fn result(self) -> Option<io::Result<usize>> {
        match self {
            Self::Hangs => None,
            Self::Fails(kind) => Some(Err(kind.into())),
            Self::Zero => Some(Ok(0)),
        }
    }
}
