//! One scripted connection, as `embedded-io-async` and as `embedded-io`.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use super::world::{TICK, World, ms};

pub const OPEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// One connection of a script. Times are milliseconds since it was made.
#[derive(Clone, Default)]
pub struct Connection {
    /// `None` is never.
    pub made_after: Option<u64>,
    /// A blocking `connect` that does not do as it is told.
    pub heeds_no_deadline: bool,
    refused: bool,
    /// What goes wrong when so many bytes have been written.
    writes: VecDeque<(usize, Trouble)>,
    flushes: VecDeque<Trouble>,
    deeds: Vec<(u64, Deed)>,
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
    /// For ever.
    Hangs,
    Fails(io::ErrorKind),
    /// It takes no bytes.
    Zero,
}

impl Trouble {
    /// `None` is not yet.
    fn result(self) -> Option<io::Result<usize>> {
        match self {
            Self::Hangs => None,
            Self::Fails(kind) => Some(Err(kind.into())),
            Self::Zero => Some(Ok(0)),
        }
    }
}

/// It is made at once, takes the request, sends this, and is silent unless more is said.
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

/// The server asks not to come back: the end of most scripts.
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

    /// This happens to the write after so many bytes.
    pub fn write(mut self, after: usize, trouble: Trouble) -> Self {
        self.writes.push_back((after, trouble));
        self
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

    fn does(mut self, deed: Deed) -> Self {
        self.deeds.push((self.clock, deed));
        self
    }
}

pub struct Socket<'w> {
    world: &'w World,
    made: Duration,
    written: usize,
    writes: VecDeque<(usize, Trouble)>,
    flushes: VecDeque<Trouble>,
    deeds: VecDeque<(Duration, Deed)>,
    unflushed: bool,
    asked: bool,
    gave_way: bool,
}

impl<'w> Socket<'w> {
    pub fn new(world: &'w World, connection: Connection) -> io::Result<Self> {
        if connection.refused {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        world.log.borrow_mut().requests.push(String::new());
        let made = world.time();
        let deeds = connection.deeds.into_iter();
        Ok(Self {
            world,
            made,
            written: 0,
            writes: connection.writes,
            flushes: connection.flushes,
            deeds: deeds.map(|(at, deed)| (made + ms(at), deed)).collect(),
            unflushed: false,
            asked: false,
            gave_way: false,
        })
    }

    // ---- what can be done now; `None` if nothing ----

    fn try_read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        assert!(!buffer.is_empty(), "a read into no bytes looks like an end");
        assert!(!self.unflushed, "a read before the request is on its way");
        if !self.asked
            && let Some(answer) = self.world.answer()
        {
            let deeds = answer.into_iter();
            self.deeds = deeds.map(|(at, deed)| (self.made + ms(at), deed)).collect();
        }
        self.asked = true;
        let (at, deed) = self.deeds.front_mut()?;
        if *at > self.world.time() {
            return None;
        }
        let result = match deed {
            Deed::Sends(bytes) => {
                let most = buffer.len().min(self.world.manner.read);
                let len = bytes.len().min(most);
                buffer[..len].copy_from_slice(&bytes[..len]);
                bytes.drain(..len);
                if !bytes.is_empty() {
                    return Some(Ok(len));
                }
                Ok(len)
            }
            Deed::Ends => return Some(Ok(0)),
            Deed::Fails(kind) => Err((*kind).into()),
        };
        self.deeds.pop_front();
        Some(result)
    }

    fn try_write(&mut self, bytes: &[u8]) -> Option<io::Result<usize>> {
        assert!(
            !bytes.is_empty(),
            "a write of no bytes looks like a failure"
        );
        assert!(!self.asked, "a write behind the request");
        let mut len = bytes.len().min(self.world.manner.write);
        if let Some((after, trouble)) = self.writes.front().copied() {
            if after == self.written {
                if !matches!(trouble, Trouble::Hangs) {
                    self.writes.pop_front();
                }
                return trouble.result();
            }
            len = len.min(after - self.written);
        }
        self.written += len;
        self.unflushed = true;
        let mut log = self.world.log.borrow_mut();
        // Byte by byte, as a cut may lie in a character; so beyond ASCII it is Latin-1.
        let written = bytes[..len].iter().map(|byte| char::from(*byte));
        log.requests.last_mut().unwrap().extend(written);
        Some(Ok(len))
    }

    fn try_flush(&mut self) -> Option<io::Result<()>> {
        if let Some(trouble) = self.flushes.front().copied() {
            if !matches!(trouble, Trouble::Hangs) {
                self.flushes.pop_front();
            }
            return trouble.result().map(|result| result.map(drop));
        }
        self.unflushed = false;
        self.world.tell("flush");
        Some(Ok(()))
    }

    // ---- waiting for it ----

    /// The socket remembers that it has been pending, not the future: one that is dropped there
    /// and made anew would be pending for ever.
    async fn wait<T>(&mut self, mut attempt: impl FnMut(&mut Self) -> Option<T>) -> T {
        poll_fn(|_| {
            if self.world.manner.pends && !self.gave_way {
                self.gave_way = true;
                self.world.wake_now();
                return Poll::Pending;
            }
            self.gave_way = false;
            if let Some(done) = attempt(self) {
                return Poll::Ready(done);
            }
            if let Some((at, _)) = self.deeds.front()
                && self.asked
            {
                self.world.wake_at(*at);
            }
            Poll::Pending
        })
        .await
    }

    fn block<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Option<io::Result<T>>,
    ) -> io::Result<T> {
        if let Some(done) = attempt(self) {
            return done;
        }
        let until = self.world.time() + TICK;
        if let Some((at, _)) = self.deeds.front()
            && self.asked
            && *at <= until
        {
            self.world.pass_until(*at);
            if let Some(done) = attempt(self) {
                return done;
            }
        }
        self.world.pass_until(until);
        Err(io::ErrorKind::TimedOut.into())
    }
}

impl Drop for Socket<'_> {
    fn drop(&mut self) {
        self.world.tell("closed");
    }
}

impl embedded_io_async::ErrorType for Socket<'_> {
    type Error = io::Error;
}

impl embedded_io_async::Read for Socket<'_> {
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wait(|socket| socket.try_read(buffer)).await
    }
}

impl embedded_io_async::Write for Socket<'_> {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wait(|socket| socket.try_write(bytes)).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.wait(Self::try_flush).await
    }
}

impl embedded_io::Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.block(|socket| socket.try_read(buffer))
    }
}

impl embedded_io::Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.block(|socket| socket.try_write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.block(Self::try_flush)
    }
}
