//! A reconnection timer that gets any sequence of calls, beside a simple model of it.

#![no_main]

use std::time::Duration;

use embedded_sse::{Loss, Policy, Reconnect};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut input = Input(input);
    let policy = policy(&mut input);
    let seed = input.byte().into();
    let mut pair = Pair {
        timer: Reconnect::new(policy, seed),
        policy,
        now: Duration::ZERO,
        phase: Phase::Idle,
        base: policy.reconnection_time,
        failures: 0,
        attempts: 0,
    };
    while !input.0.is_empty() {
        pair.apply(&mut input);
        let deadline = pair.deadline();
        assert_eq!(pair.timer.deadline(), deadline);
        let is_due = deadline.is_some_and(|deadline| pair.now >= deadline);
        assert_eq!(pair.timer.is_due(pair.now), is_due);
        assert_eq!(pair.timer.failures(), pair.failures);
    }
});

/// Growth and jitter end here. What was asked for has no limit.
const LONGEST: Duration = Duration::from_micros(u32::MAX as u64 * 100);

struct Input<'i>(&'i [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    /// A time of 0 to 68 years in whole milliseconds, often a round one.
    fn time(&mut self) -> Duration {
        let mantissa = u64::from(self.byte());
        let millis = match self.byte() % 8 {
            0 => mantissa,
            1 => mantissa * 100,
            2 => mantissa * 500,
            3 => mantissa * 1000,
            4 => mantissa * 1000 - mantissa.min(1),
            5 => mantissa * 1000 + 1,
            6 => mantissa * 60_000,
            _ => mantissa << 33,
        };
        Duration::from_millis(millis)
    }

    fn option(&mut self) -> Option<Duration> {
        (self.byte() & 1 == 0).then(|| self.time())
    }
}

fn policy(input: &mut Input<'_>) -> Policy {
    if input.byte() & 1 == 0 {
        return Policy::DEFAULT;
    }
    Policy {
        reconnection_time: input.time(),
        max_reconnection_attempts: (input.byte() & 1 == 0).then(|| input.byte().into()),
        max_delay: input.time(),
        jitter_percent: input.byte() % 101,
        min_retry: input.time(),
        max_retry: input.time(),
        // The timer counts up to 49 days.
        healthy_time: input.time().min(Duration::from_secs(40 * 24 * 3600)),
        idle_timeout: input.option(),
        connect_timeout: input.option(),
        response_timeout: input.option(),
    }
}

#[derive(Clone, Copy)]
enum Phase {
    Idle,
    Connecting {
        since: Duration,
    },
    Requesting {
        since: Duration,
    },
    Open {
        since: Duration,
        heard: Duration,
        delivered: bool,
        retried: bool,
    },
    Waiting {
        until: Duration,
    },
}

/// The timer and its model.
struct Pair {
    timer: Reconnect,
    policy: Policy,
    now: Duration,
    phase: Phase,
    base: Duration,
    failures: u32,
    attempts: u32,
}

impl Pair {
    fn apply(&mut self, input: &mut Input<'_>) {
        let now = self.now;
        match input.byte() % 12 {
            0 => {
                self.timer.connecting(now);
                self.phase = Phase::Connecting { since: now };
            }
            1 => {
                self.timer.connected(now);
                self.phase = Phase::Requesting { since: now };
            }
            2 => {
                self.timer.opened(now);
                self.attempts = 0;
                self.phase = Phase::Open {
                    since: now,
                    heard: now,
                    delivered: false,
                    retried: false,
                };
            }
            3 => {
                self.timer.received(now);
                if let Phase::Open { heard, .. } = &mut self.phase {
                    *heard = now;
                }
            }
            4 => {
                self.timer.delivered();
                if let Phase::Open { delivered, .. } = &mut self.phase {
                    *delivered = true;
                }
            }
            5 => {
                let retry = input.time();
                self.timer.set_reconnection_time(retry);
                self.base = retry.min(self.policy.max_retry).max(self.policy.min_retry);
                if let Phase::Open { retried, .. } = &mut self.phase {
                    *retried = true;
                }
            }
            6 => {
                self.failures = u32::from(input.byte());
                self.timer.set_failures(self.failures);
            }
            7 if input.byte() == 0 => {
                self.timer.reset();
                (self.failures, self.attempts, self.phase) = (0, 0, Phase::Idle);
            }
            8 => {
                if let Some(deadline) = self.deadline() {
                    self.now = self.now.max(deadline);
                }
            }
            9 => self.now = self.now.saturating_add(input.time()),
            _ => self.lose(input),
        }
    }

    fn deadline(&self) -> Option<Duration> {
        let (start, timeout) = match self.phase {
            Phase::Idle => return None,
            Phase::Connecting { since } => (since, self.policy.connect_timeout),
            Phase::Requesting { since } => (since, self.policy.response_timeout),
            Phase::Open { heard, .. } => (heard, self.policy.idle_timeout),
            Phase::Waiting { until } => return Some(until),
        };
        timeout.map(|timeout| start.saturating_add(timeout))
    }

    fn lose(&mut self, input: &mut Input<'_>) {
        let loss = [Loss::Cut, Loss::Close, Loss::End][usize::from(input.byte() % 3)];
        let retry_after = input.option();
        let was_asked = self.count_failure(loss);
        let is_last = self
            .policy
            .max_reconnection_attempts
            .is_some_and(|most| self.attempts >= most);
        let Some(delay) = self.timer.lost(loss, retry_after, self.now) else {
            assert!(is_last, "no attempt, although there is one");
            self.phase = Phase::Idle;
            return;
        };
        assert!(!is_last, "an attempt, although there is none");
        self.attempts += 1;
        self.phase = Phase::Waiting {
            until: self.now.saturating_add(delay),
        };

        let (min, max) = self.bounds(was_asked, retry_after.unwrap_or_default());
        assert!(delay >= min, "{delay:?} is less than {min:?}");
        // Random times are whole milliseconds.
        assert!(delay <= max, "{delay:?} is more than {max:?}");
    }

    /// Counts a loss, and returns whether the server ended the stream and had sent a `retry`.
    fn count_failure(&mut self, loss: Loss) -> bool {
        let mut taken_back = 0;
        let mut was_asked = false;
        if let Phase::Open {
            since,
            delivered,
            retried,
            ..
        } = self.phase
        {
            let [open, healthy] = [self.now - since, self.policy.healthy_time]
                .map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX));
            taken_back = open.checked_div(healthy).unwrap_or(u32::MAX);
            let signs = u8::from(loss == Loss::End) + u8::from(delivered) + u8::from(retried);
            if loss != Loss::Cut && signs >= 2 {
                taken_back = taken_back.max(1);
                was_asked = retried;
            }
        }
        self.failures = match taken_back {
            0 => self.failures.saturating_add(1),
            taken_back => self.failures.saturating_sub(taken_back),
        };
        was_asked
    }

    /// The shortest and the longest wait.
    fn bounds(&self, was_asked: bool, least: Duration) -> (Duration, Duration) {
        let (first, doublings) = match (self.base.is_zero(), self.failures) {
            (true, 0 | 1) => (Duration::ZERO, 0),
            (true, failures) => (self.policy.min_retry, failures - 2),
            (false, failures) => (self.base, failures.saturating_sub(1)),
        };
        let most = self.policy.max_delay.max(first);
        let mut delay = first;
        for _ in 0..doublings.min(64) {
            delay = delay.saturating_mul(2).min(most);
        }
        let delay = delay.max(least).min(LONGEST);
        let percent = u32::from(self.policy.jitter_percent);
        let share = (delay / 100).saturating_mul(percent);
        let added = if was_asked {
            share.min(delay / 10)
        } else {
            share
        };
        let asked = self.base.max(least);
        let min = delay.saturating_sub(share).max(asked);
        (min, delay.saturating_add(added).max(asked))
    }
}
