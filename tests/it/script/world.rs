//! A network of scripted connections, and its simulated clock.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use embedded_sse::{Origin, blocking, io as async_io};

use super::connection::{Connection, Cut, Deed, answers};
use super::log::Log;

/// The start of the clock. It is not 0, so that nothing can rely on that.
const START: Duration = ms(123_456);

/// How long a blocking read or write blocks. All times of the scripts are multiples of it, so that
/// the blocking loop notices deadlines at the same times as the async loops.
pub const TICK: Duration = ms(100);

/// After this many reads of the clock, a loop counts as endless.
const MOST_LOOKS: usize = 3_000_000;

/// If a blocking loop has received nothing for this long, it never will. No deadline of the source is
/// later.
const SILENCE: Duration = ms(700_000);

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// How the network carries out the script. The log must not depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How the server's bytes are cut.
    pub cut: Cut,
    /// Each read, write and flush is pending once before it does something.
    pub pends: bool,
    /// At most this many bytes are read or written at once.
    pub read: usize,
    pub write: usize,
    /// Whether the loop driven by hand makes spurious calls. The ready loops cannot.
    pub meddles: bool,
}

impl Manner {
    pub const PLAIN: Self = Self {
        cut: Cut::Never,
        pends: false,
        read: usize::MAX,
        write: usize::MAX,
        meddles: false,
    };
}

/// A server: from a request to what it does, and after how many milliseconds.
pub type Server = fn(&str) -> Vec<(u64, Deed)>;

pub struct World {
    pub manner: Manner,
    pub log: RefCell<Log>,
    connections: RefCell<VecDeque<Connection>>,
    /// The number of bytes of the connections so far.
    sent: Cell<usize>,
    server: Option<Server>,
    pub ready_takes: Duration,
    now: Cell<Duration>,
    /// The times for which the last poll waits. `woken` says whether it was woken at once.
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
            sent: Cell::new(0),
            server: None,
            ready_takes: ms(ready_takes),
            now: Cell::new(START),
            sleepers: RefCell::default(),
            woken: Arc::default(),
            looks: Cell::new(0),
        }
    }

    /// A world with any number of connections, on which `server` answers each request.
    pub fn of(manner: Manner, server: Server) -> Self {
        Self {
            server: Some(server),
            ..Self::new(manner, &[], 0)
        }
    }

    fn ms(&self) -> u64 {
        (self.now.get() - START).as_millis().try_into().unwrap()
    }

    /// Logs an event of the network.
    pub fn tell(&self, line: &str) {
        let line = format!("{} {line}", self.ms());
        self.log.borrow_mut().all.push(line);
    }

    /// Logs what is reported to the application.
    pub fn told(&self, line: String) {
        self.tell(&line);
        self.log.borrow_mut().lines.push((self.ms(), line));
    }

    // ---- the end of a script that does not stop ----

    /// Calls `run`, and returns when it does or when the script is over.
    pub fn run(&self, run: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run))
            && !panic.is::<Over>()
        {
            resume_unwind(panic);
        }
    }

    /// Leaves a loop that would never return.
    pub fn over(&self) -> ! {
        resume_unwind(Box::new(Over))
    }

    pub fn tell_silence(&self) {
        self.told("silent for ever".into());
    }

    /// Call this in a blocking operation that has nothing to wait for.
    pub fn is_silent_since(&self, last: Duration) {
        if self.now.get() > last + SILENCE {
            self.now.set(last);
            self.tell_silence();
            self.over();
        }
    }

    // ---- time ----

    pub fn time(&self) -> Duration {
        // An endless loop calls at least this.
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

    /// Polls once. If the future is pending and was not woken, the clock moves on to the next timer.
    pub fn poll<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        self.sleepers.borrow_mut().clear();
        self.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.woken));
        let poll = future.poll(&mut Context::from_waker(&waker));
        if poll.is_pending() {
            self.count();
            if !self.woken.0.load(Ordering::Relaxed) {
                let sleepers = self.sleepers.borrow();
                let Some(first) = sleepers.iter().min() else {
                    self.tell_silence();
                    self.over();
                };
                self.now.set((*first).max(self.now.get()));
            }
        }
        poll
    }

    pub fn looks(&self) -> usize {
        self.looks.get()
    }

    fn count(&self) {
        self.looks.set(self.looks.get() + 1);
        assert!(self.looks.get() < MOST_LOOKS, "a loop without end");
    }

    // ---- connections ----

    /// The next connection, or `None` if the script has no more.
    pub fn dial(&self, origin: Origin<'_>) -> Option<Connection> {
        let Origin { scheme, host, port } = origin;
        let connection = match self.server {
            Some(_) => answers(""),
            None => self.connections.borrow_mut().pop_front()?,
        };
        let origin = format!("{} {host} {port}", scheme.as_str());
        self.tell(&format!("connect {origin}"));
        self.log.borrow_mut().origins.push(origin);
        let start = self.sent.replace(self.sent.get() + connection.len());
        Some(connection.cut(self.manner.cut, start))
    }

    pub fn dial_or_end(&self, origin: Origin<'_>) -> Connection {
        self.dial(origin).unwrap_or_else(|| self.over())
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

/// The payload of the panic that unwinds when a script is over.
struct Over;
