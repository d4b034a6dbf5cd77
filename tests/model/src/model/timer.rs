//! Reconnection times: the rules **delay**, **jitter**, **failures** and **attempts**.

use std::time::Duration;

use embedded_sse::Policy;

use crate::case::Wrong;

pub struct Timer {
    pub policy: Policy,
    pub wrong: Option<Wrong>,
    pub failures: u32,
    pub attempts: u32,
    /// The base that a `retry` has set.
    pub base: Option<Duration>,
}

/// How a stream ended that had opened.
pub struct Opened {
    pub open_for: Duration,
    /// The server ended the response.
    pub in_order: bool,
    pub explicit_end: bool,
    pub has_progress: bool,
    pub has_retry: bool,
}

impl Timer {
    pub fn set_base(&mut self, retry: Duration) {
        let (min, max) = (self.policy.min_retry, self.policy.max_retry);
        self.base = Some(match self.wrong {
            Some(Wrong::RetryUnclamped) => retry,
            _ => retry.min(max).max(min),
        });
    }

    pub fn is_due(&self, deadline: Option<Duration>, now: Duration) -> bool {
        deadline.is_some_and(|deadline| match self.wrong {
            Some(Wrong::DeadlineLate) => now > deadline,
            _ => now >= deadline,
        })
    }

    pub fn opened(&mut self) {
        if self.wrong != Some(Wrong::AttemptsAddUp) {
            self.attempts = 0;
        }
    }

    /// The shortest and the longest wait, or `None` if no attempt is left.
    pub fn lost(
        &mut self,
        opened: Option<Opened>,
        retry_after: Option<u64>,
    ) -> Option<(Duration, Duration)> {
        let is_wanted = opened.as_ref().is_some_and(|o| {
            let signs = [o.explicit_end, o.has_progress, o.has_retry];
            o.in_order && signs.iter().filter(|&&sign| sign).count() >= 2
        });
        let healthy = self.policy.healthy_time.as_nanos();
        let periods = match &opened {
            None => 0,
            Some(_) if healthy == 0 => u32::MAX,
            Some(o) => (o.open_for.as_nanos() / healthy).min(u32::MAX.into()) as u32,
        };
        let periods = if self.wrong == Some(Wrong::OnePeriod) {
            periods.min(1)
        } else {
            periods
        };
        self.failures = match periods.max(is_wanted.into()) {
            0 => self.failures.saturating_add(1),
            taken_back => self.failures.saturating_sub(taken_back),
        };
        if self
            .policy
            .max_reconnection_attempts
            .is_some_and(|max| self.attempts >= max)
        {
            return None;
        }
        self.attempts += 1;
        let was_asked = is_wanted && opened.is_some_and(|o| o.has_retry);
        Some(self.wait(was_asked, retry_after))
    }

    fn wait(&self, was_asked: bool, retry_after: Option<u64>) -> (Duration, Duration) {
        let base = self.base.unwrap_or(self.policy.reconnection_time);
        let (start, doublings) = match (base.is_zero(), self.failures) {
            (_, 0) => (base, 0),
            (false, failures) => (base, failures - 1),
            (true, 1) => (base, 0),
            (true, failures) => (self.policy.min_retry, failures - 2),
        };
        let ceiling = self.policy.max_delay.max(start);
        let mut delay = start;
        for _ in 0..doublings.min(64) {
            delay = (delay * 2).min(ceiling);
        }
        let least = match self.wrong {
            Some(Wrong::RetryAfterIgnored) => Duration::ZERO,
            _ => Duration::from_secs(retry_after.unwrap_or(0)),
        };
        let delay = delay.max(least);
        let percent = u32::from(self.policy.jitter_percent);
        let share = (delay / 100).saturating_mul(percent);
        let added = if was_asked {
            share.min(delay / 10)
        } else {
            share
        };
        (
            delay.saturating_sub(share).max(base).max(least),
            delay.saturating_add(added),
        )
    }
}
