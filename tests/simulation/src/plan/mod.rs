//! A plan is everything that a seed selects. It is data, so it can be printed, replayed and reduced.

mod event;
mod fault;
mod settings;

use std::fmt;
use std::time::Duration;

pub use event::{Published, Shape, id_of, number_in, number_of};
pub use fault::{Class, Fault, Kind, Target};
pub use settings::{Method, Settings};

use crate::random::Random;

/// A time or a span in milliseconds.
pub type Ms = u64;

pub const fn ms(ms: Ms) -> Duration {
    Duration::from_millis(ms)
}

/// No fault begins later.
const LATEST_FAULT: Ms = 600_000;

/// How long before the end the last events are published, which must arrive.
const LAST_EVENTS: Ms = 30_000;

#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// Whether the stream is followed over TLS. The driver decides this, not the seed.
    pub has_tls: bool,
    pub settings: Settings,
    /// The classes of faults that are active.
    pub classes: Vec<Class>,
    pub faults: Vec<Fault>,
    pub events: Vec<Published>,
    /// From now on, nothing goes wrong any more.
    pub calm: Ms,
    /// The stream is open by then.
    pub settled: Ms,
    pub end: Ms,
}

impl Plan {
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let settings = Settings::random(&mut random);
        let mut classes: Vec<_> = Class::ALL.to_vec();
        classes.retain(|_| random.percent(45));
        if classes.is_empty() {
            classes.push(random.of(&Class::ALL));
        }
        let latest = random.magnitude(5_000, LATEST_FAULT);
        let mut faults: Vec<_> = (0..random.between(1, 14))
            .map(|_| {
                let class = random.of(&classes);
                Fault::random(&mut random, class, latest)
            })
            .collect();
        // Otherwise a future is hardly ever dropped while the application is told of a loss.
        if classes.contains(&Class::Server) {
            let drops = faults.iter().filter(|fault| fault.kind == Kind::Drop);
            let drops: Vec<_> = drops.map(|fault| fault.at.saturating_sub(400)).collect();
            faults.extend(drops.into_iter().flat_map(Fault::slow_loss));
        }
        faults.sort_by_key(|fault| fault.at);
        (0..)
            .zip(&mut faults)
            .for_each(|(number, fault)| fault.number = number);

        let calm = faults.iter().map(Fault::end).max().unwrap_or_default();
        let settled = calm + longest_way_back(&settings, &faults);
        let mut times: Vec<_> = (0..random.between(5, 100))
            .map(|_| {
                // Most of them while things go wrong, and several at a time.
                let until = if random.percent(80) { calm } else { settled };
                random.below(until) / 1000 * 1000
            })
            .collect();
        times.extend([1000, 1000, 5000].map(|after| settled + after));
        times.sort_unstable();
        let events = times.into_iter().map(|at| {
            let shape = Shape::random(&mut random);
            Published { at, shape }
        });
        let mut events: Vec<_> = events.collect();
        // Whether the last event has arrived can be told from any event.
        if let Some(last) = events.last_mut() {
            last.shape = Shape::Plain;
        }
        Self {
            seed,
            has_tls: false,
            settings,
            classes,
            faults,
            events,
            calm,
            settled,
            end: settled + LAST_EVENTS,
        }
    }

    /// The same plan with only these faults. All times stay, so the rest is as it was.
    pub fn with_faults(&self, kept: &[usize]) -> Self {
        let faults = kept.iter().filter_map(|index| self.faults.get(*index));
        Self {
            faults: faults.cloned().collect(),
            ..self.clone()
        }
    }

    /// The first value that `pick` returns for a fault that is active. That fault has an effect.
    pub fn active<T>(&self, now: Ms, pick: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let mut active = self.faults.iter().filter(|fault| fault.is_active(now));
        active.find_map(|fault| pick(fault).inspect(|_| fault.fire()))
    }

    /// If a fault of this kind is active, returns its end.
    pub fn until(&self, now: Ms, kind: Kind) -> Option<Ms> {
        self.active(now, |fault| (fault.kind == kind).then(|| fault.end()))
    }

    pub fn has(&self, now: Ms, kind: Kind) -> bool {
        self.until(now, kind).is_some()
    }

    /// When a fault of this kind begins next.
    pub fn next(&self, now: Ms, kind: Kind) -> Option<Ms> {
        let faults = self.faults.iter().filter(|fault| fault.kind == kind);
        faults.map(|fault| fault.at).filter(|at| *at > now).min()
    }
}

/// How long it takes at most until the stream is open again: to notice that the connection is dead, to
/// wait, and to connect. If the source stops, the application restarts it.
fn longest_way_back(settings: &Settings, faults: &[Fault]) -> Ms {
    let policy = &settings.policy;
    let retry_after = faults.iter().filter_map(|fault| match fault.kind {
        Kind::Refuse { retry_after, .. } => retry_after,
        _ => None,
    });
    let longest_retry = policy.max_retry.min(ms(20_000));
    let delay = policy
        .max_delay
        .max(longest_retry)
        .max(policy.reconnection_time)
        .max(Duration::from_secs(retry_after.max().unwrap_or_default()));
    // Without an idle timeout, the transport notices that a connection is dead.
    let idle = settings.policy.idle_timeout.unwrap_or(ms(60_000));
    let notices = idle.max(settings.response()) + settings.connect();
    // Delayed packets of the time before, and a stop that is told after a second.
    let rest = ms(settings.restart_after + 30_000);
    let way_back = notices + delay * 2 + rest;
    way_back.as_millis() as Ms
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        writeln!(f, "{:#?}", self.settings)?;
        for (number, event) in self.events.iter().enumerate() {
            writeln!(f, "event {number} at {} ms: {:?}", event.at, event.shape)?;
        }
        writeln!(f, "classes of faults: {:?}", self.classes)?;
        for fault in &self.faults {
            writeln!(f, "{fault}")?;
        }
        let (calm, settled, end) = (self.calm, self.settled, self.end);
        write!(
            f,
            "calm at {calm} ms, open by {settled} ms, end at {end} ms"
        )
    }
}
