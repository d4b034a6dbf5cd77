//! The world: the time, the record of what happens, the names, and the link of the scripted transports.

use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use crate::memory;
use crate::plan::{Kind, Ms, Plan, ms};
use crate::server::{self, ADDRESS, Answer, Deed, HOST, OTHER, PORTAL, Request, Timed};
use crate::trace::{Entry, Trace};

/// A link that is down for longer than this takes its connections with it.
const MOST_PATIENCE: Ms = 15_000;

/// How long DNS takes to fail.
const NO_NAME_AFTER: Ms = 300;

/// More turns of a loop at one time, without a byte, are an endless loop.
const MOST_TURNS: u32 = 20_000;

/// The panic that ends an endless loop.
pub struct Endless;

pub struct World<'p> {
    pub plan: &'p Plan,
    /// A bug of the control.
    pub bug: &'static str,
    pub url: String,
    /// The attempts that the hooks have seen in all lives of the device.
    pub attempts: Cell<u32>,
    now: Cell<Duration>,
    /// The turns of the loops since the time has changed or a byte was read.
    turns: Cell<u32>,
    /// The world's time at which the device's clock was zero.
    pub clock_zero: Cell<Duration>,
    pub trace: RefCell<Trace>,
    /// How many requests the servers have got, and how many connections they have.
    requests: Cell<usize>,
    connections: Cell<usize>,
}

impl<'p> World<'p> {
    pub fn new(plan: &'p Plan, bug: &'static str) -> Self {
        Self {
            plan,
            bug,
            url: server::url(plan),
            attempts: Cell::new(0),
            now: Cell::default(),
            turns: Cell::default(),
            clock_zero: Cell::default(),
            trace: RefCell::default(),
            requests: Cell::new(0),
            connections: Cell::new(0),
        }
    }

    // ---- time ----

    pub fn now(&self) -> Duration {
        self.now.get()
    }

    pub fn now_ms(&self) -> Ms {
        self.now.get().as_millis() as Ms
    }

    pub fn pass_until(&self, time: Duration) {
        if time.as_millis() > self.now.get().as_millis() {
            self.turns.set(0);
        }
        self.now.set(self.now.get().max(time));
    }

    pub fn device_now(&self) -> Duration {
        self.now.get() - self.clock_zero.get()
    }

    /// Converts a time of the device's clock.
    pub fn to_world(&self, time: Duration) -> Duration {
        self.clock_zero.get().saturating_add(time)
    }

    /// Notes that a loop reads the clock, is polled, or does something. A loop that does so for ever at one
    /// time ends with the panic [`Endless`].
    pub fn turn(&self) {
        self.turns.update(|turns| turns + 1);
        if self.turns.get() > MOST_TURNS && !thread::panicking() {
            resume_unwind(Box::new(Endless));
        }
    }

    // ---- records ----

    pub fn tell(&self, entry: Entry) {
        match &entry {
            Entry::Read(bytes) if !bytes.is_empty() => self.turns.set(0),
            _ => self.turn(),
        }
        memory::world(|| self.trace.borrow_mut().push(self.now.get(), entry));
    }

    /// Whether a fault of this kind is active.
    pub fn has(&self, kind: Kind) -> bool {
        self.plan.has(self.now_ms(), kind)
    }

    // ---- connections ----

    /// Dials a host over a scripted transport. Returns when the result is known, and the host that is
    /// reached, if there is one.
    pub fn dial(&self, host: &str) -> (Duration, Option<&'static str>) {
        let plan = self.plan;
        let now = self.now_ms();
        let by = plan.active(now, |fault| match fault.kind {
            Kind::Delay(by) => Some(by),
            _ => None,
        });
        let latency = plan.settings.latency * 2 + by.unwrap_or_default();
        let is_cut = plan.active(now, |fault| fault.kind.is_cut().then_some(()));
        let is_name = host != ADDRESS;
        let (after, host) = match host {
            _ if is_cut.is_some() => (None, None),
            _ if is_name && self.has(Kind::Silence) => (None, None),
            _ if is_name && self.has(Kind::NoName) => (Some(NO_NAME_AFTER), None),
            _ if is_name && self.has(Kind::Lie) => (Some(latency), Some(PORTAL)),
            _ if self.has(Kind::Restart) => (Some(latency), None),
            HOST | ADDRESS => (Some(latency), Some(HOST)),
            OTHER if server::has_other(plan, now) => (Some(latency), Some(OTHER)),
            _ => (Some(latency), None),
        };
        let at = after.map_or(Duration::MAX, |after| self.now() + ms(after));
        (at, host)
    }

    /// A server has one connection more.
    pub fn opened(&self) {
        self.connections.update(|connections| connections + 1);
        self.tell(Entry::Connections(self.connections.get()));
    }

    /// A server has one connection less.
    pub fn closed(&self) {
        self.connections.update(|connections| connections - 1);
        self.tell(Entry::Connections(self.connections.get()));
    }

    /// What the server does on a connection whose request is complete now.
    pub fn serve(&self, host: &str, request: &Request) -> Vec<Timed> {
        let connection = self.requests.replace(self.requests.get() + 1);
        let Answer { deeds, is_damaged } =
            server::answer(self.plan, self.now_ms(), host, request, connection);
        let bytes = deeds.iter().filter_map(|timed| match &timed.deed {
            Deed::Send(bytes) => Some(&bytes[..]),
            _ => None,
        });
        self.tell(Entry::Served {
            connection,
            bytes: bytes.collect::<Vec<_>>().concat(),
            is_damaged,
            has_end: deeds.iter().any(|timed| timed.deed == Deed::Fin),
        });
        deeds
    }

    /// When the deeds arrive at the client over a scripted transport.
    pub fn link(&self, mut deeds: Vec<Timed>) -> Vec<Timed> {
        let start = self.now_ms();
        for timed in &mut deeds {
            timed.at += self.plan.settings.latency;
        }
        for fault in self.plan.faults.iter().filter(|fault| fault.end() > start) {
            if let Kind::Delay(by) = fault.kind {
                let late = deeds.iter_mut().filter(|timed| fault.is_active(timed.at));
                for timed in late {
                    timed.at += by;
                    fault.fire();
                }
            }
            server::put_in_order(&mut deeds);
            let first = deeds.iter().position(|timed| fault.is_active(timed.at));
            if let Some(first) = first
                && fault.kind.is_cut()
            {
                fault.fire();
                match fault.lasts > MOST_PATIENCE {
                    // Without an idle timeout, the transport's keep-alive has to notice it.
                    true if self.plan.settings.policy.idle_timeout.is_none() => {
                        deeds.truncate(first);
                        deeds.push(Timed::new(fault.end(), Deed::Rst));
                    }
                    true => deeds.truncate(first),
                    false => deeds[first].at = fault.end(),
                }
            }
        }
        server::put_in_order(&mut deeds);
        deeds
    }
}
