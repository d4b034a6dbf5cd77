//! The checker: what must hold in every world. It sees the plan and the trace, and nothing else.
//!
//! *Safety* is checked while the trace is read: events and their order against the bytes that were read, by
//! a decoder of its own; losses and their causes against what the network did; requests; waits; and memory,
//! because exactly those events are too long that do not fit. *Liveness* is checked at the end.

mod attempt;
mod backoff;
mod common;
mod connection;
mod ending;
#[allow(dead_code, reason = "its tests use more of it")]
#[path = "../../../it/model.rs"]
pub mod model;
mod prefix;
mod report;
mod request;
mod response;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use attempt::Attempt;
use backoff::Backoff;
use connection::Connection;
use model::Model;

use crate::device::{DATA, META};
use crate::plan::Plan;
use crate::server;
use crate::trace::{Entry, Told, Trace};

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub at: Duration,
    /// The rule. It is the same for the same kind of violation.
    pub rule: &'static str,
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.at.as_secs_f64();
        write!(f, "{} (after {seconds:.3} s): {}", self.rule, self.detail)
    }
}

/// Reads the trace. `slack` is how late the client may notice something.
pub fn check(plan: &Plan, trace: &Trace, slack: Duration) -> Result<(), Violation> {
    let mut checker = Checker::new(plan, slack);
    for (at, entry) in &trace.0 {
        checker.now = *at;
        checker.entry(entry)?;
    }
    checker.end()
}

struct Checker<'p> {
    plan: &'p Plan,
    slack: Duration,
    now: Duration,
    phase: Phase,
    /// The current connection, until its end is reported.
    connection: Option<Connection>,
    /// Whether the application has dropped the current connection.
    is_abandoned: bool,
    attempt: Attempt,
    backoff: Backoff,
    /// The client's memory of the stream. Several, where a dropped future may have read more or less.
    models: Vec<Memory>,
    /// What was told last, if it may be told again because the future was dropped.
    told: Option<Told>,
    may_repeat: bool,
    /// Until then the device was busy, asleep or without a link.
    excused: Duration,
    /// The IDs that the flash may contain.
    stored: Vec<String>,
    served: HashMap<usize, Served>,
    /// The events that the application got, by number, and how many of each.
    got: HashMap<usize, u32>,
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

/// What outlives a connection.
#[derive(Clone, Debug, PartialEq)]
struct Memory {
    last_event_id: String,
    retry: Option<Duration>,
}

impl Memory {
    fn model(&self) -> Model {
        let mut model = Model::new(DATA, META, &self.last_event_id);
        model.retry = self.retry;
        model
    }

    fn of(model: &Model) -> Self {
        Self {
            last_event_id: model.last_event_id.clone(),
            retry: model.retry,
        }
    }
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
    fn new(plan: &'p Plan, slack: Duration) -> Self {
        Self {
            plan,
            slack,
            now: Duration::ZERO,
            phase: Phase::Stopped,
            connection: None,
            is_abandoned: false,
            attempt: Attempt::new(server::url(plan)),
            backoff: Backoff::new(),
            models: Vec::new(),
            told: None,
            may_repeat: false,
            excused: Duration::ZERO,
            stored: vec![String::new()],
            served: HashMap::new(),
            got: HashMap::new(),
            heard_ends: 0,
            heard_items: 0,
            is_damaged: false,
            opened_at: Duration::ZERO,
        }
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), Violation> {
        match entry {
            Entry::Boot {
                id,
                reconnection_time,
            } => self.boot(id, *reconnection_time),
            Entry::PowerLost => {
                self.leave()?;
                self.phase = Phase::Stopped;
                Ok(())
            }
            Entry::Stored(id) => {
                self.stored = vec![id.clone()];
                Ok(())
            }
            Entry::Torn(id) => {
                self.stored.push(id.clone());
                Ok(())
            }
            Entry::Slept | Entry::Plugged => {
                self.excused = self.excused.max(self.now);
                Ok(())
            }
            Entry::Busy(time) => {
                self.excused = self.excused.max(self.now + *time);
                Ok(())
            }
            Entry::Dial(origin) => self.dial(origin),
            Entry::Dialled(is_made) => {
                let now = self.now;
                self.open()?.dialled = Some((now, *is_made));
                Ok(())
            }
            Entry::Wrote(bytes) => {
                self.open()?.request.extend(bytes);
                self.check_request()
            }
            Entry::Read(bytes) => {
                let now = self.now;
                self.open()?.read(now, bytes);
                Ok(())
            }
            Entry::Failed => {
                let now = self.now;
                self.open()?.failed(now);
                Ok(())
            }
            Entry::Closed => {
                if let Some(connection) = &mut self.connection {
                    connection.is_closed = true;
                }
                Ok(())
            }
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
                Ok(())
            }
            Entry::Heard { is_end: true } => {
                self.heard_ends += 1;
                Ok(())
            }
            Entry::Heard { is_end: false } => {
                self.heard_items += 1;
                Ok(())
            }
            Entry::Told(told) => self.tell(told),
            Entry::Dropped => {
                self.may_repeat = true;
                match self.connection {
                    Some(_) if !self.is_abandoned => self.abandon(),
                    _ => Ok(()),
                }
            }
            Entry::Broke => {
                self.leave()?;
                self.phase = Phase::Stopped;
                Ok(())
            }
            Entry::Restarted => {
                self.leave()?;
                self.ready();
                self.backoff = Backoff::new();
                self.attempt.forget();
                Ok(())
            }
        }
    }

    fn boot(&mut self, id: &str, reconnection_time: Option<Duration>) -> Result<(), Violation> {
        if !self.stored.iter().any(|stored| stored == id) {
            let detail = format!("{id:?} was restored, not one of {:?}", self.stored);
            return self.violation("the flash restores what was stored", detail);
        }
        self.stored = vec![id.to_owned()];
        self.models = vec![Memory {
            last_event_id: id.to_owned(),
            retry: reconnection_time,
        }];
        self.backoff = Backoff::new();
        self.attempt.forget();
        self.excused = self.now;
        self.ready();
        Ok(())
    }

    fn ready(&mut self) {
        self.phase = Phase::Ready;
        self.heard_ends = 0;
        self.heard_items = 0;
        self.told = None;
        self.may_repeat = false;
    }

    fn tell(&mut self, told: &Told) -> Result<(), Violation> {
        match told {
            Told::Open(status) => self.opened(*status),
            Told::Item(item) => self.item(item),
            Told::Lost { .. } | Told::Stopped { .. } => {
                if self.connection.is_none() {
                    return self.repeated(told);
                }
                self.told = Some(told.clone());
                self.may_repeat = false;
                match *told {
                    Told::Lost {
                        cause,
                        delay,
                        until,
                        failures,
                    } => self.lost(cause, delay, until, failures),
                    Told::Stopped { reason, cause } => self.stopped(reason, cause),
                    Told::Open(_) | Told::Item(_) => Ok(()),
                }
            }
        }
    }

    /// The application is told of a loss or a stop again.
    fn repeated(&mut self, told: &Told) -> Result<(), Violation> {
        if self.may_repeat && self.told.as_ref() == Some(told) {
            self.may_repeat = false;
            return Ok(());
        }
        let detail = format!("{told:?} without a connection");
        self.violation("each loss is reported once", detail)
    }

    /// The connection, which must be in use.
    fn open(&mut self) -> Result<&mut Connection, Violation> {
        let at = self.now;
        let violation = Violation {
            at,
            rule: "nothing is sent or read after a connection is lost",
            detail: format!("{:?}, abandoned: {}", self.phase, self.is_abandoned),
        };
        match &mut self.connection {
            Some(connection) if !self.is_abandoned => Ok(connection),
            _ => Err(violation),
        }
    }
}
