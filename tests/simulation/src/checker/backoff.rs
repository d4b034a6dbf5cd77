//! How long the client must wait, by the rules "delay", "jitter", "failures" and "attempts".

use std::time::Duration;

use super::connection::Lost;
use super::stream::Said;
use crate::plan::{Settings, ms};

#[derive(Clone, Debug)]
pub struct Backoff {
    /// The count of failures: from the least to the most that the rules allow. They differ only where
    /// the exact time of a loss is not known.
    failures: (u32, u32),
    /// The attempts of this outage.
    attempts: u32,
}

/// The delays that the rules allow.
#[derive(Clone, Debug)]
pub struct Allowed {
    pub failures: (u32, u32),
    pub least: Duration,
    pub most: Duration,
    /// What determines the range.
    pub after: &'static str,
}

/// The client computes in units of 100 µs.
const PRECISION: Duration = ms(1);

impl Backoff {
    pub const fn new() -> Self {
        let failures = (0, 0);
        let attempts = 0;
        Self { failures, attempts }
    }

    pub fn opened(&mut self) {
        self.attempts = 0;
    }

    /// Whether the source must stop because of this loss.
    pub fn is_last(&self, settings: &Settings) -> bool {
        let most = settings.policy.max_reconnection_attempts;
        most.is_some_and(|most| self.attempts >= most)
    }

    /// A connection was lost, at the latest `by`. `base` is the range of reconnection times that may be
    /// in force.
    pub fn lost(
        &mut self,
        settings: &Settings,
        lost: &Lost,
        by: Duration,
        said: Said,
        base: (Duration, Duration),
    ) -> Allowed {
        let early = self.after(settings, lost, lost.at, said);
        let late = self.after(settings, lost, by, said);
        self.failures = (early.0.min(late.0), early.1.max(late.1));
        self.attempts += 1;
        let is_asked_for = is_asked_for(lost, said);
        let delays =
            |failures, base| delays(settings, failures, base, lost.retry_after, is_asked_for);
        Allowed {
            failures: self.failures,
            least: delays(self.failures.0, base.0).0.saturating_sub(PRECISION),
            most: delays(self.failures.1, base.1).1 + PRECISION,
            after: match is_asked_for {
                _ if delays(self.failures.1, base.1).2 => "a Retry-After",
                true => "an end that was announced",
                false => "a loss",
            },
        }
    }

    /// The count told by the client is in the range, so it is the right one.
    pub fn counted(&mut self, failures: u32) {
        self.failures = (failures, failures);
    }

    fn after(&self, settings: &Settings, lost: &Lost, at: Duration, said: Said) -> (u32, u32) {
        let healthy = settings.policy.healthy_time.as_millis();
        let lasted = lost.open_since.map(|since| (at - since).as_millis());
        let mut taken_back = match lasted {
            None => 0,
            Some(_) if healthy == 0 => u32::MAX,
            Some(lasted) => (lasted / healthy) as u32,
        };
        let signs = lost.is_explicit as u8 + said.has_delivered as u8 + said.has_sent_retry as u8;
        if lost.is_end && signs >= 2 {
            taken_back = taken_back.max(1);
        }
        let count = |failures: u32| match taken_back {
            0 => failures + 1,
            _ => failures.saturating_sub(taken_back),
        };
        (count(self.failures.0), count(self.failures.1))
    }
}

/// Whether the server ended the stream on purpose and had sent a `retry`.
fn is_asked_for(lost: &Lost, said: Said) -> bool {
    let other_sign = lost.is_explicit || said.has_delivered;
    lost.is_end && said.has_sent_retry && other_sign
}

/// The shortest and the longest delay after so many failures, and whether `Retry-After` determines them.
fn delays(
    settings: &Settings,
    failures: u32,
    base: Duration,
    retry_after: Option<Duration>,
    is_asked_for: bool,
) -> (Duration, Duration, bool) {
    let policy = &settings.policy;
    let retry_after = retry_after.unwrap_or_default();
    let mut start = base;
    let mut doublings = failures.saturating_sub(1).min(20);
    if start.is_zero() && doublings > 0 {
        start = policy.min_retry;
        doublings -= 1;
    }
    let most = policy.max_delay.max(start);
    let grown = (start * 2u32.pow(doublings)).min(most);
    let delay = grown.max(retry_after);
    let percent = u32::from(policy.jitter_percent);
    let percent = if is_asked_for {
        percent.min(10)
    } else {
        percent
    };
    let spread = delay * percent / 100;
    let least = (delay - spread).max(start).max(retry_after);
    (least, (delay + spread).max(least), retry_after > grown)
}
