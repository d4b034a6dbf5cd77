//! The transport and the clock, for each of the loops.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::task::Poll;
use std::time::Duration;

use embedded_io::{ErrorKind, ErrorType};
use embedded_sse::{Item, Origin, blocking, io};

use crate::script::{Connection, Read};

/// After this time, every loop is stopped.
pub const END: Duration = Duration::from_millis(400);

pub struct World {
    pub now: Cell<Duration>,
    /// When the first of the pending operations is ready.
    pub wake: Cell<Option<Duration>>,
    /// The next connection is the last.
    pub script: RefCell<Vec<Connection>>,
    pub items_left: Cell<usize>,
    pub log: RefCell<Vec<String>>,
}

impl World {
    fn log(&self, line: String) {
        // At the end, the loops do not stop at the same operation.
        if self.now.get() < END {
            self.log
                .borrow_mut()
                .push(format!("{:?} {line}", self.now.get()));
        }
    }

    /// The loops cut a request in different places.
    fn sent(&self, bytes: &[u8]) {
        let line = format!("{:?} sent ", self.now.get());
        let text = bytes.escape_ascii().to_string();
        if let Some(last) = self.log.borrow_mut().last_mut()
            && last.starts_with(&line)
        {
            *last += &text;
            return;
        }
        self.log(format!("sent {text}"));
    }

    pub fn tell(&self, item: &Item<'_>) -> ControlFlow<()> {
        self.log(format!("{item:?}"));
        match self.items_left.get().checked_sub(1) {
            Some(left) => self.items_left.set(left),
            None => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    pub fn open(&self) -> Option<(Connection, Duration)> {
        let connection = self.script.borrow_mut().pop()?;
        let made_at = self.now.get() + connection.made_after;
        connection.made.map(|_| (connection, made_at))
    }

    pub fn socket(&self, connection: Connection) -> Socket<'_> {
        Socket {
            world: self,
            ready_at: self.now.get(),
            connection,
            written: 0,
        }
    }

    /// Ready at this time.
    async fn until(&self, time: Option<Duration>) {
        poll_fn(|_| {
            if time.is_some_and(|time| time <= self.now.get()) {
                return Poll::Ready(());
            }
            let wake = self.wake.get().into_iter().chain(time).min();
            self.wake.set(wake);
            Poll::Pending
        })
        .await;
    }

    /// Passes time until an operation is ready, for at most a millisecond. Returns whether it is.
    fn block_until(&self, time: Option<Duration>) -> bool {
        let is_ready = || time.is_some_and(|time| time <= self.now.get());
        if !is_ready() {
            self.now.set(self.now.get() + Duration::from_millis(1));
        }
        is_ready()
    }
}

pub struct Socket<'w> {
    world: &'w World,
    /// When the next of the reads is ready.
    ready_at: Duration,
    pub connection: Connection,
    written: usize,
}

impl Socket<'_> {
    /// When the next read is ready.
    pub fn read_at(&self) -> Option<Duration> {
        let (after, _) = self.connection.reads.first()?;
        Some(self.ready_at + *after)
    }

    pub fn read_now(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let (after, read) = &mut self.connection.reads[0];
        self.ready_at += *after;
        *after = Duration::ZERO;
        let result = match read {
            Read::Fails(kind) => Err(*kind),
            Read::Bytes(bytes) => {
                let len = bytes.len().min(buffer.len());
                buffer[..len].copy_from_slice(&bytes[..len]);
                bytes.drain(..len);
                if !bytes.is_empty() {
                    return Ok(len);
                }
                Ok(len)
            }
        };
        self.connection.reads.remove(0);
        result
    }

    /// When a write is ready.
    pub fn write_at(&self) -> Option<Duration> {
        let is_ready = self.written < self.connection.write_until || self.connection.write_fails;
        is_ready.then_some(Duration::ZERO)
    }

    pub fn write_now(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        let room = self.connection.write_until - self.written;
        if room == 0 {
            return Err(ErrorKind::BrokenPipe);
        }
        let len = bytes.len().min(room).min(self.connection.write);
        self.written += len;
        self.world.sent(&bytes[..len]);
        Ok(len)
    }
}

impl io::Clock for &World {
    fn now(&self) -> Duration {
        self.now.get()
    }

    async fn sleep_until(&self, time: Duration) {
        self.until(Some(time)).await;
    }
}

impl io::Connect for &World {
    type Error = ErrorKind;
    type Io<'c>
        = Socket<'c>
    where
        Self: 'c;

    async fn connect(
        &mut self,
        _origin: Origin<'_>,
        _deadline: Option<Duration>,
    ) -> Result<Socket<'_>, ErrorKind> {
        let opened = self.open();
        self.until(opened.as_ref().map(|(_, at)| *at)).await;
        match opened {
            Some((connection, _)) if connection.made == Some(true) => Ok(self.socket(connection)),
            _ => Err(ErrorKind::ConnectionRefused),
        }
    }
}

impl ErrorType for Socket<'_> {
    type Error = ErrorKind;
}

impl embedded_io_async::Read for Socket<'_> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        self.world.until(self.read_at()).await;
        self.read_now(buffer)
    }
}

impl embedded_io_async::Write for Socket<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.world.until(self.write_at()).await;
        self.write_now(bytes)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl blocking::Clock for &World {
    fn now(&self) -> Duration {
        self.now.get()
    }

    fn sleep_until(&self, time: Duration) {
        self.now.set(self.now.get().max(time));
    }

    fn is_stopped(&self) -> bool {
        self.now.get() >= END
    }
}

impl blocking::Connect for &World {
    type Error = ErrorKind;
    type Io<'c>
        = Socket<'c>
    where
        Self: 'c;

    fn connect(
        &mut self,
        _origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Socket<'_>, ErrorKind> {
        let opened = self.open();
        let at = opened.as_ref().map(|(_, at)| *at);
        let until = at.into_iter().chain(deadline).min().unwrap_or(END);
        self.now.set(self.now.get().max(until));
        match opened {
            Some((connection, at)) if at <= until && connection.made == Some(true) => {
                Ok(self.socket(connection))
            }
            _ => Err(ErrorKind::TimedOut),
        }
    }
}

impl embedded_io::Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        if self.world.block_until(self.read_at()) {
            return self.read_now(buffer);
        }
        Err(ErrorKind::TimedOut)
    }
}

impl embedded_io::Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        if self.world.block_until(self.write_at()) {
            return self.write_now(bytes);
        }
        Err(ErrorKind::TimedOut)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}
