//! The checker: what must hold in every world. It sees the plan and the trace, and nothing else.
//!
//! *Safety* is checked while the trace is read: events and their order against the bytes that were read, by
//! a decoder of its own; losses and their causes against what the network did; requests; waits; and memory.
//! *Liveness* is checked at the end.

mod attempt;
mod backoff;
mod connection;
mod ending;
#[allow(dead_code, reason = "its tests use more of it")]
#[path = "../../../it/model.rs"]
pub mod model;
mod report;
mod request;
mod response;
mod spread;
mod stream;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use attempt::Attempt;
use backoff::Backoff;
use connection::Connection;
pub use spread::Spread;
use stream::Memory;

use crate::drivers::{Driver, Way};
use crate::plan::{Method, Plan};
use crate::trace::{Entry, Told, Trace};

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub at: Duration,
    /// The rule. It is the same for the same kind of violation.
    pub rule: &'static str,
    pub detail: String,
}

/// Reads the trace. Returns how the waits are spread.
pub fn check(plan: &Plan, driver: Driver, trace: &Trace) -> Result<Spread, Violation> {
    let mut checker = Checker::new(plan, driver);
    for (at, entry) in &trace.0 {
        checker.now = *at;
        checker.entry(entry)?;
    }
    checker.end()?;
    Ok(checker.spread)
}

struct Checker<'p> {
    plan: &'p Plan,
    driver: Driver,
    now: Duration,
    phase: Phase,
    /// The current connection, until its end is reported.
    connection: Option<Connection>,
    /// Whether the application has dropped the current connection.
    is_abandoned: bool,
    attempt: Attempt,
    backoff: Backoff,
    spread: Spread,
    /// The client's memory of the stream. Several, where a dropped future may have read more or less.
    memories: Vec<Memory>,
    /// Whether the server may have acted on the request.
    has_written: bool,
    /// What was told last, if it may be told again because the future was dropped.
    told: Option<Told>,
    may_repeat: bool,
    /// Whether it must be told again, since the application had not finished with it.
    must_repeat: bool,
    /// Until then the device is busy, asleep or without a link.
    excused: Duration,
    /// The IDs that the flash may contain.
    stored: Vec<String>,
    served: HashMap<usize, Served>,
    /// The connections that the server has.
    connections: usize,
    lost_at: Duration,
    /// The numbers of the events that the application got.
    got: HashSet<usize>,
    /// How many losses and stops, and how many other items of this connection, the hooks were told of.
    heard_ends: usize,
    heard_items: usize,
    is_damaged: bool,
    opened_at: Duration,
}

/// What a server sends on a connection.
struct Served {
    bytes: Vec<u8>,
    /// Whether the server ends the connection on purpose.
    has_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// The next attempt may begin.
    Ready,
    /// A connection exists.
    Connected,
    Waiting {
        until: Duration,
    },
    Stopped,
}

impl<'p> Checker<'p> {
    fn new(plan: &'p Plan, driver: Driver) -> Self {
        Self {
            plan,
            driver,
            now: Duration::ZERO,
            phase: Phase::Stopped,
            connection: None,
            is_abandoned: false,
            attempt: Attempt::new(plan),
            backoff: Backoff::new(),
            spread: Spread::default(),
            memories: Vec::new(),
            has_written: false,
            told: None,
            may_repeat: false,
            must_repeat: false,
            excused: Duration::ZERO,
            stored: vec![String::new()],
            served: HashMap::new(),
            connections: 0,
            lost_at: Duration::ZERO,
            got: HashSet::new(),
            heard_ends: 0,
            heard_items: 0,
            is_damaged: false,
            opened_at: Duration::ZERO,
        }
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), Violation> {
        let now = self.now;
        match entry {
            Entry::Boot {
                id,
                reconnection_time,
            } => self.boot(id, *reconnection_time)?,
            Entry::PowerLost | Entry::Broke => {
                self.leave()?;
                self.phase = Phase::Stopped;
            }
            Entry::Stored(id) => self.stored = vec![id.clone()],
            Entry::Torn(id) => self.stored.push(id.clone()),
            Entry::Slept | Entry::Plugged => self.excused = self.excused.max(now),
            Entry::Busy(time) => self.excused = self.excused.max(now + *time),
            Entry::Allocated(bytes) => {
                let detail = || format!("{bytes} bytes");
                self.rule("the client allocates nothing", false, detail)?;
            }
            Entry::Dial(origin) => self.dial(origin)?,
            Entry::Dialled(is_made) => self.open()?.dialled = Some((now, *is_made)),
            Entry::Wrote(bytes) => {
                self.open()?.request.extend(bytes);
                self.has_written = true;
                self.check_request()?;
            }
            Entry::Read(bytes) => self.open()?.read(now, bytes),
            Entry::Failed => self.open()?.failed(now),
            Entry::Served {
                connection,
                bytes,
                is_damaged,
                has_end,
            } => {
                let bytes = bytes.clone();
                let has_end = *has_end;
                self.served.insert(*connection, Served { bytes, has_end });
                self.is_damaged |= is_damaged;
            }
            Entry::Connections(connections) => self.connections = *connections,
            Entry::Heard { is_end: true } => self.heard_ends += 1,
            Entry::Heard { is_end: false } => self.heard_items += 1,
            Entry::Told(told) => self.tell(told)?,
            Entry::Dropped => self.dropped()?,
            Entry::Restarted => {
                self.leave()?;
                self.begin();
                if self.plan.settings.request == Method::ResumedPost {
                    // The request begins another stream.
                    self.memories.iter_mut().for_each(Memory::forget_id);
                    self.memories.dedup();
                }
            }
        }
        Ok(())
    }

    fn boot(&mut self, id: &str, reconnection_time: Option<Duration>) -> Result<(), Violation> {
        let is_stored = self.stored.iter().any(|stored| stored == id);
        let detail = || format!("{id:?} was restored, not one of {:?}", self.stored);
        self.rule("the flash restores what was stored", is_stored, detail)?;
        self.stored = vec![id.to_owned()];
        self.memories = vec![Memory::new(id, reconnection_time)];
        self.excused = self.now;
        self.begin();
        Ok(())
    }

    /// A source begins, or begins anew.
    fn begin(&mut self) {
        self.phase = Phase::Ready;
        self.backoff = Backoff::new();
        self.attempt.forget();
        self.has_written = false;
        self.heard_ends = 0;
        self.heard_items = 0;
        self.told = None;
        self.may_repeat = false;
        self.must_repeat = false;
    }

    fn tell(&mut self, told: &Told) -> Result<(), Violation> {
        match *told {
            Told::Open(status) => return self.opened(status),
            Told::Item(ref item) => return self.item(item),
            Told::Lost(_) | Told::Stopped(_) if self.connection.is_none() => {
                let is_again = self.may_repeat && self.told.as_ref() == Some(told);
                let detail = || format!("{told:?} without a connection");
                self.rule("each loss is reported once", is_again, detail)?;
            }
            Told::Lost(wait) => self.lost(wait)?,
            Told::Stopped(stop) => self.stopped(stop)?,
        }
        self.told = Some(told.clone());
        self.may_repeat = false;
        self.must_repeat = false;
        Ok(())
    }

    /// The application drops the future.
    fn dropped(&mut self) -> Result<(), Violation> {
        self.may_repeat = true;
        if self.connection.is_some() && !self.is_abandoned {
            self.abandon()?;
        }
        let is_busy = self.connection.is_none() && self.now < self.excused;
        // `io::sse` tells a loss again if its future was dropped while the application was told of it.
        let tells_again = self.driver.way(self.plan) == Way::Sse;
        self.must_repeat = is_busy && tells_again && self.told.is_some();
        Ok(())
    }

    /// The connection, which must be in use.
    fn open(&mut self) -> Result<&mut Connection, Violation> {
        let is_open = self.connection.is_some() && !self.is_abandoned;
        let detail = || format!("{:?}, abandoned: {}", self.phase, self.is_abandoned);
        let rule = "nothing is sent or read after a connection is lost";
        self.rule(rule, is_open, detail)?;
        Ok(self.connection.get_or_insert_default())
    }

    // ---- what several rules have in common ----

    fn rule(
        &self,
        rule: &'static str,
        holds: bool,
        detail: impl FnOnce() -> String,
    ) -> Result<(), Violation> {
        match holds {
            true => Ok(()),
            false => Err(Violation {
                at: self.now,
                rule,
                detail: detail(),
            }),
        }
    }

    /// Something that was due at `due` happens now.
    fn check_late(&self, due: Duration, what: &str) -> Result<(), Violation> {
        let latest = due.max(self.excused) + self.driver.slack();
        let late = self.now.saturating_sub(latest);
        let detail = || format!("{what} is {} ms late", late.as_millis());
        self.rule("nothing is late", late.is_zero(), detail)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.at.as_secs_f64();
        write!(f, "{} (after {seconds:.3} s): {}", self.rule, self.detail)
    }
}
