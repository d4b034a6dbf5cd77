//! A network of scripted connections, and the clock that all of it goes by.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use embedded_sse::{Origin, blocking, io as async_io};

use super::socket::{Connection, Deed, Socket, answers};

/// So that nothing relies on a clock that starts at 0.
const START: Duration = ms(123_456);

/// How long a blocking read or write blocks. All times of the scripts are multiples of it, so that
/// the blocking loop finds the deadlines at the same times as the other.
pub const TICK: Duration = ms(100);

/// More looks at the clock than this are taken for a loop without end.
const MOST_LOOKS: usize = 100_000;

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// In what manner the network does what the script says. The log must not depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Each read, write and flush is pending once before it does something.
    pub pends: bool,
    /// So many bytes are read or written at once.
    pub read: usize,
    pub write: usize,
}

impl Manner {
    pub const PLAIN: Self = Self {
        pends: false,
        read: usize::MAX,
        write: usize::MAX,
    };
}

/// What has happened, and after how many milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    pub lines: Vec<String>,
    /// What was written on each connection that was made.
    pub requests: Vec<String>,
}

impl Log {
    /// The lines of what the application was told, without times.
    pub fn told(&self) -> Vec<&str> {
        let wire = ["ready", "connect ", "flush", "closed"];
        let lines = self
            .lines
            .iter()
            .map(|line| line.split_once(' ').unwrap().1);
        lines
            .filter(|line| !wire.iter().any(|start| line.starts_with(start)))
            .collect()
    }

    /// The values of a header of a request.
    pub fn headers(&self, request: usize, name: &str) -> Vec<&str> {
        let (head, _) = self.requests[request].split_once("\r\n\r\n").unwrap();
        let lines = head.split("\r\n").skip(1);
        let fields = lines.map(|line| line.split_once(": ").unwrap());
        fields
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    /// The request line of each request, without the version.
    pub fn request_lines(&self) -> Vec<&str> {
        let requests = self.requests.iter();
        requests
            .map(|request| request.split_once(" HTTP/1.1\r\n").unwrap().0)
            .collect()
    }
}

/// What answers a request: what comes, and after how many milliseconds.
pub type Server = fn(&str) -> Vec<(u64, Deed)>;

pub struct World {
    pub manner: Manner,
    pub log: RefCell<Log>,
    connections: RefCell<VecDeque<Connection>>,
    server: Option<Server>,
    ready_takes: Duration,
    now: Cell<Duration>,
    /// What the last poll waits for, and whether it need not wait at all.
    sleepers: RefCell<Vec<Duration>>,
    woken: Arc<Woken>,
    looks: Cell<usize>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl World {
    pub fn new(manner: Manner, connections: &[Connection], ready_takes: u64) -> Self {
        Self {
            manner,
            log: RefCell::default(),
            connections: RefCell::new(connections.iter().cloned().collect()),
            server: None,
            ready_takes: ms(ready_takes),
            now: Cell::new(START),
            sleepers: RefCell::default(),
            woken: Arc::default(),
            looks: Cell::new(0),
        }
    }

    /// Any number of connections are made, and each answers what it is asked.
    pub fn of(manner: Manner, server: Server) -> Self {
        Self {
            server: Some(server),
            ..Self::new(manner, &[], 0)
        }
    }

    pub fn tell(&self, line: &str) {
        let time = (self.now.get() - START).as_millis();
        self.log.borrow_mut().lines.push(format!("{time} {line}"));
    }

    // ---- time ----

    pub fn time(&self) -> Duration {
        // Whoever goes round without end does at least this.
        self.count();
        self.now.get()
    }

    pub fn pass_until(&self, time: Duration) {
        self.count();
        self.now.set(time.max(self.now.get()));
    }

    pub async fn sleep(&self, until: Duration) {
        poll_fn(|_| {
            if self.now.get() >= until {
                return Poll::Ready(());
            }
            self.wake_at(until);
            Poll::Pending
        })
        .await;
    }

    pub fn wake_at(&self, time: Duration) {
        self.sleepers.borrow_mut().push(time);
    }

    pub fn wake_now(&self) {
        Arc::clone(&self.woken).wake();
    }

    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = self.poll(future.as_mut()) {
                return output;
            }
        }
    }

    /// Polls once. If there is nothing else to do, time goes on to when there is.
    pub fn poll<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        self.sleepers.borrow_mut().clear();
        self.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.woken));
        let poll = future.poll(&mut Context::from_waker(&waker));
        if poll.is_pending() {
            self.count();
            if !self.woken.0.load(Ordering::Relaxed) {
                let sleepers = self.sleepers.borrow();
                let first = sleepers.iter().min().expect("it sleeps for ever");
                self.now.set(*first);
            }
        }
        poll
    }

    fn count(&self) {
        self.looks.set(self.looks.get() + 1);
        assert!(self.looks.get() < MOST_LOOKS, "a loop without end");
    }

    // ---- connections ----

    fn dial(&self, origin: Origin<'_>) -> Connection {
        let Origin { scheme, host, port } = origin;
        self.tell(&format!("connect {} {host} {port}", scheme.as_str()));
        if self.server.is_some() {
            return answers("");
        }
        let next = self.connections.borrow_mut().pop_front();
        next.expect("a connection that no script speaks of")
    }

    pub fn answer(&self) -> Option<Vec<(u64, Deed)>> {
        let log = self.log.borrow();
        Some(self.server?(log.requests.last().unwrap()))
    }
}

impl async_io::Clock for World {
    fn now(&self) -> Duration {
        self.time()
    }

    async fn sleep_until(&self, time: Duration) {
        self.sleep(time).await;
    }
}

impl blocking::Clock for World {
    fn now(&self) -> Duration {
        self.time()
    }

    fn sleep_until(&self, time: Duration) {
        self.pass_until(time);
    }
}

pub struct Dialer<'w>(pub &'w World);

impl<'w> async_io::Connect for Dialer<'w> {
    const TLS: bool = true;
    type Error = io::Error;
    type Io<'c>
        = Socket<'w>
    where
        Self: 'c;

    async fn ready(&mut self) {
        self.0.sleep(self.0.time() + self.0.ready_takes).await;
        self.0.tell("ready");
    }

    async fn connect(&mut self, origin: Origin<'_>, _: Option<Duration>) -> io::Result<Socket<'w>> {
        let connection = self.0.dial(origin);
        match connection.made_after {
            Some(after) => self.0.sleep(self.0.time() + ms(after)).await,
            None => std::future::pending().await,
        }
        Socket::new(self.0, connection)
    }
}

impl<'w> blocking::Connect for Dialer<'w> {
    const TLS: bool = true;
    type Error = io::Error;
    type Io<'c>
        = Socket<'w>
    where
        Self: 'c;

    fn ready(&mut self) {
        self.0.pass_until(self.0.time() + self.0.ready_takes);
        self.0.tell("ready");
    }

    fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> io::Result<Socket<'w>> {
        let connection = self.0.dial(origin);
        let made = connection.made_after.map(|after| self.0.time() + ms(after));
        match (made, deadline) {
            (None, deadline) => {
                self.0.pass_until(deadline.expect("it blocks for ever"));
                return Err(io::ErrorKind::TimedOut.into());
            }
            (Some(made), Some(deadline)) if deadline < made && !connection.heeds_no_deadline => {
                self.0.pass_until(deadline);
                return Err(io::ErrorKind::TimedOut.into());
            }
            (Some(made), _) => self.0.pass_until(made),
        }
        Socket::new(self.0, connection)
    }
}
