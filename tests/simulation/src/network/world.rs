//! The world of the scripted transports: the time, the names, and the link.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;

use embedded_sse::{Origin, Scheme};

use super::socket::Socket;
use crate::plan::{Kind, Ms, Plan, ms};
use crate::server::{self, Answer, Deed, HOST, OTHER, PORTAL, Request};
use crate::trace::{Entry, Trace};

/// A link that is down for longer than this takes its connections with it.
const MOST_PATIENCE: Ms = 15_000;

/// How long DNS takes to fail.
const NO_NAME_AFTER: Ms = 300;

pub struct World<'p> {
    pub plan: &'p Plan,
    now: Cell<Duration>,
    /// The world's time at which the device's clock was zero.
    pub clock_zero: Cell<Duration>,
    pub trace: RefCell<Trace>,
    pub fired: RefCell<BTreeSet<usize>>,
    connections: Cell<usize>,
}

/// The result of dialling.
#[derive(Debug)]
pub struct Dial {
    /// When it is known. `None` if never.
    pub at: Option<Duration>,
    /// The host that is reached.
    pub host: Option<&'static str>,
}

impl<'p> World<'p> {
    pub fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            now: Cell::default(),
            clock_zero: Cell::default(),
            trace: RefCell::default(),
            fired: RefCell::default(),
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

    pub fn is_over(&self) -> bool {
        self.now_ms() >= self.plan.end
    }

    pub fn pass_until(&self, time: Duration) {
        self.now.set(self.now.get().max(time));
    }

    pub fn device_now(&self) -> Duration {
        self.now.get() - self.clock_zero.get()
    }

    /// Converts a time of the device's clock.
    pub fn to_world(&self, time: Duration) -> Duration {
        self.clock_zero.get().saturating_add(time)
    }

    // ---- records ----

    pub fn tell(&self, entry: Entry) {
        self.trace.borrow_mut().0.push((self.now.get(), entry));
    }

    pub fn fire(&self, fault: usize) {
        self.fired.borrow_mut().insert(fault);
    }

    /// The first fault of this kind that is active.
    pub fn active<T>(&self, pick: impl Fn(Kind) -> Option<T>) -> Option<T> {
        let (index, picked) = self.plan.active(self.now_ms(), pick)?;
        self.fire(index);
        Some(picked)
    }

    // ---- connections ----

    pub fn dial(&self, origin: Origin<'_>) -> Dial {
        self.tell(Entry::Dial(name_of(origin)));
        self.reach(origin)
    }

    /// The result of dialling, without a record of it.
    pub fn reach(&self, origin: Origin<'_>) -> Dial {
        let after = |delay: Ms| Some(self.now() + ms(delay));
        let failed = |delay| Dial {
            at: after(delay),
            host: None,
        };
        if let Some(()) = self.active(|kind| kind.is_cut().then_some(())) {
            let at = None;
            let host = None;
            return Dial { at, host };
        }
        if let Some(()) = self.active(|kind| matches!(kind, Kind::NoName { .. }).then_some(())) {
            return failed(NO_NAME_AFTER);
        }
        let by = self.active(|kind| match kind {
            Kind::Delay { by, .. } => Some(by),
            _ => None,
        });
        let latency = self.plan.settings.latency * 2 + by.unwrap_or_default();
        if let Some(()) = self.active(|kind| matches!(kind, Kind::Lie { .. }).then_some(())) {
            let host = Some(PORTAL);
            let at = after(latency);
            return Dial { at, host };
        }
        let down = server::is_down(self.plan, self.now_ms());
        if let Some(fault) = down {
            self.fire(fault);
            return failed(latency);
        }
        let host = match origin.host {
            HOST => HOST,
            OTHER if server::has_other(self.plan, self.now_ms()) => OTHER,
            _ => return failed(latency),
        };
        let host = Some(host);
        let at = after(latency);
        Dial { at, host }
    }

    /// Call this at the time of the dial's result.
    pub fn dialled(&self, dial: &Dial) -> Option<Socket<'_>> {
        self.tell(Entry::Dialled(dial.host.is_some()));
        Some(Socket::new(self, dial.host?))
    }

    /// What the server sends on a connection whose request is complete now.
    pub fn serve(&self, host: &str, request: &Request) -> Answer {
        let connection = self.connections.replace(self.connections.get() + 1);
        let mut answer = server::answer(self.plan, self.now_ms(), host, request, connection);
        let bytes = answer.deeds.iter().filter_map(|timed| match &timed.deed {
            Deed::Send(bytes) => Some(&bytes[..]),
            _ => None,
        });
        self.tell(Entry::Served {
            connection,
            bytes: bytes.collect::<Vec<_>>().concat(),
            is_damaged: answer.is_damaged,
            has_end: answer.deeds.iter().any(|timed| timed.deed == Deed::Fin),
        });
        for index in answer.fired.drain(..) {
            self.fire(index);
        }
        answer
    }

    /// The same for a scripted transport, with the times at which it arrives.
    pub fn answer(&self, host: &str, request: &Request) -> Answer {
        let start = self.now_ms();
        let mut answer = self.serve(host, request);
        for timed in &mut answer.deeds {
            timed.at += self.plan.settings.latency;
        }
        self.link(answer, start)
    }

    /// What the link does to packets that are sent after `start`.
    pub fn link(&self, mut answer: Answer, start: Ms) -> Answer {
        for (index, fault) in self.plan.faults.iter().enumerate() {
            if fault.end() <= start {
                continue;
            }
            for timed in &mut answer.deeds {
                if let Kind::Delay { by, .. } = fault.kind
                    && fault.is_active(timed.at)
                {
                    timed.at += by;
                    answer.fired.push(index);
                }
            }
            answer = answer.in_order();
            if fault.kind.is_cut() {
                let first = answer
                    .deeds
                    .iter()
                    .position(|timed| fault.is_active(timed.at));
                if let Some(first) = first {
                    answer.fired.push(index);
                    if fault.end() - fault.at > MOST_PATIENCE {
                        answer.deeds.truncate(first);
                    } else {
                        for timed in &mut answer.deeds[first..] {
                            timed.at = timed.at.max(fault.end());
                        }
                    }
                }
            }
        }
        for index in answer.fired.drain(..) {
            self.fire(index);
        }
        answer.in_order()
    }
}

pub fn name_of(origin: Origin<'_>) -> String {
    let Origin { scheme, host, port } = origin;
    match (scheme, port) {
        (Scheme::Http, 80) | (Scheme::Https, 443) => format!("{}://{host}", scheme.as_str()),
        _ => format!("{}://{host}:{port}", scheme.as_str()),
    }
}
