//! One scripted connection, with three interfaces: `try_…` functions that never wait,
//! `embedded-io-async`, and `embedded-io`.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use super::connection::{Connection, Deed, Trouble};
use super::world::{TICK, World, ms};

pub struct Socket<'w> {
    world: &'w World,
    made: Duration,
    /// The time of the last successful operation.
    last: Duration,
    written: usize,
    writes: VecDeque<(usize, Trouble)>,
    flushes: VecDeque<Trouble>,
    deeds: VecDeque<(Duration, Deed)>,
    /// How much of the first deed has been read.
    read: usize,
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
            last: made,
            written: 0,
            writes: connection.writes,
            flushes: connection.flushes,
            deeds: deeds.map(|(at, deed)| (made + ms(at), deed)).collect(),
            read: 0,
            unflushed: false,
            asked: false,
            gave_way: false,
        })
    }

    // ---- operations that do not wait; `None` means that they would ----

    pub fn try_read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        assert!(!buffer.is_empty(), "a read into no bytes looks like an end");
        assert!(!self.unflushed, "a read before the request is on its way");
        if !self.asked
            && let Some(answer) = self.world.answer()
        {
            let deeds = answer.into_iter();
            self.deeds = deeds.map(|(at, deed)| (self.made + ms(at), deed)).collect();
        }
        self.asked = true;
        let (at, deed) = self.deeds.front()?;
        if *at > self.world.time() {
            return None;
        }
        let result = match deed {
            Deed::Sends(bytes) => {
                let rest = &bytes[self.read..];
                let most = buffer.len().min(self.world.manner.read);
                let len = rest.len().min(most);
                buffer[..len].copy_from_slice(&rest[..len]);
                self.read += len;
                if len < rest.len() {
                    return Some(Ok(len));
                }
                self.read = 0;
                Ok(len)
            }
            Deed::Ends => return Some(Ok(0)),
            Deed::Fails(kind) => Err((*kind).into()),
        };
        self.deeds.pop_front();
        Some(result)
    }

    pub fn try_write(&mut self, bytes: &[u8]) -> Option<io::Result<usize>> {
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
        // A write may end within a character, so each byte becomes one `char`, as in Latin-1.
        let written = bytes[..len].iter().map(|byte| char::from(*byte));
        log.requests.last_mut().unwrap().extend(written);
        Some(Ok(len))
    }

    pub fn try_flush(&mut self) -> Option<io::Result<()>> {
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

    pub fn is_flushed(&self) -> bool {
        !self.unflushed
    }

    /// The time of the next thing to read, if there is one.
    pub fn next_deed(&self) -> Option<Duration> {
        let (at, _) = self.deeds.front().filter(|_| self.asked)?;
        Some(*at)
    }

    // ---- operations that wait ----

    /// The socket, not the future, remembers that the operation has been pending. Otherwise, a future
    /// that is dropped while pending and then created again would never finish.
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
            if let Some(at) = self.next_deed() {
                self.world.wake_at(at);
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
            self.last = self.world.time();
            return done;
        }
        let until = self.world.time() + TICK;
        let next = self.next_deed();
        if let Some(at) = next
            && at <= until
        {
            self.world.pass_until(at);
            self.last = at;
            if let Some(done) = attempt(self) {
                return done;
            }
        }
        self.world.pass_until(until);
        if next.is_none() {
            self.world.is_silent_since(self.last);
        }
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
