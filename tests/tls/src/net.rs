//! A network without sockets: the server runs when the client reads or writes.

use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use std::collections::VecDeque;
use std::io::{Error, ErrorKind};
use std::rc::Rc;

use embedded_io_async::{ErrorType, Read, Write};
use embedded_sse::io::{Clock, Connect};
use embedded_sse::{Origin, Scheme};

/// A server of one connection.
pub trait Server {
    /// Takes bytes of the client and returns its answer.
    fn receive(&mut self, bytes: &[u8]) -> Vec<u8>;

    /// Whether the connection ends after the last answer.
    fn has_ended(&self) -> bool {
        false
    }
}

/// How the network behaves.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// The most bytes of one read.
    pub chunk: usize,
    /// Each read waits once.
    pub waits: bool,
    /// The connection is cut after this many bytes to the client.
    pub cut: Option<usize>,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            chunk: usize::MAX,
            waits: false,
            cut: None,
        }
    }
}

/// What the clients have sent, one text for each connection.
pub type Sent = Rc<RefCell<Vec<Vec<u8>>>>;

/// Connects to a new server each time.
pub struct Net<F> {
    server: F,
    manner: Manner,
    pub sent: Sent,
    /// How often `ready` was called.
    pub readies: Rc<Cell<usize>>,
}

impl<S: Server, F: FnMut() -> S> Net<F> {
    pub fn new(server: F) -> Self {
        Self::with_manner(Manner::default(), server)
    }

    pub fn with_manner(manner: Manner, server: F) -> Self {
        let sent = Sent::default();
        Self {
            server,
            manner,
            sent,
            readies: Rc::default(),
        }
    }
}

impl<S: Server, F: FnMut() -> S> Connect for Net<F> {
    type Error = Error;
    type Io<'c>
        = Wire<S>
    where
        Self: 'c;

    async fn ready(&mut self) {
        self.readies.set(self.readies.get() + 1);
    }

    async fn connect(&mut self, origin: Origin<'_>, _: Option<Duration>) -> Result<Wire<S>, Error> {
        assert_eq!(origin.scheme, Scheme::Http, "TLS is done above");
        self.sent.borrow_mut().push(Vec::new());
        Ok(Wire {
            server: (self.server)(),
            manner: self.manner,
            received: VecDeque::new(),
            count: 0,
            has_waited: false,
            sent: self.sent.clone(),
        })
    }
}

pub struct Wire<S> {
    server: S,
    manner: Manner,
    received: VecDeque<u8>,
    count: usize,
    has_waited: bool,
    sent: Sent,
}

impl<S> ErrorType for Wire<S> {
    type Error = Error;
}

impl<S: Server> Read for Wire<S> {
    /// Waits for ever if there is nothing to read.
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        poll_fn(|context| {
            if self.manner.waits && !self.has_waited {
                self.has_waited = true;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let left = self.manner.cut.map_or(usize::MAX, |cut| cut - self.count);
            if left == 0 {
                return Poll::Ready(Ok(0));
            }
            if self.received.is_empty() {
                let more = self.server.receive(&[]);
                self.received.extend(more);
            }
            let len = into.len().min(self.manner.chunk).min(left);
            let len = len.min(self.received.len());
            if len == 0 && !self.server.has_ended() {
                return Poll::Pending;
            }
            for (byte, received) in into.iter_mut().zip(self.received.drain(..len)) {
                *byte = received;
            }
            self.count += len;
            self.has_waited = false;
            Poll::Ready(Ok(len))
        })
        .await
    }
}

impl<S: Server> Write for Wire<S> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if self.manner.cut.is_some_and(|cut| cut == self.count) {
            return Err(ErrorKind::ConnectionReset.into());
        }
        self.sent.borrow_mut().last_mut().unwrap().extend(bytes);
        let answer = self.server.receive(bytes);
        self.received.extend(answer);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// A clock that jumps to the time of each sleep, but never to a deadline: a wait for bytes that do
/// not come is a test that hangs.
pub struct Time(Cell<Duration>);

impl Time {
    pub fn new() -> Self {
        Self(Duration::ZERO.into())
    }
}

impl Default for Time {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for Time {
    fn now(&self) -> Duration {
        self.0.get()
    }

    async fn sleep_until(&self, time: Duration) {
        // The deadlines of connections are at least 30 s away, the waits are shorter.
        if time >= self.now() + Duration::from_secs(30) {
            core::future::pending::<()>().await;
        }
        self.0.set(self.now().max(time));
    }
}
