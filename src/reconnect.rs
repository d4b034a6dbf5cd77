//! When to connect again, and whether to: the standard's "reestablish the connection"
//! (section 9.2.3), with the backoff that it leaves to us.

use core::time::Duration;

/// How long to wait and how often to try. All of it can be `const`:
///
/// ```
/// use core::time::Duration;
/// use embedded_sse::Policy;
///
/// const POLICY: Policy = Policy {
///     max_reconnection_attempts: Some(10),
///     idle_timeout: Some(Duration::from_secs(45)),
///     ..Policy::DEFAULT
/// };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Policy {
    /// The base of the delay, until a `retry` field sets another. 0 is "at once". Default 3 s.
    pub reconnection_time: Duration,
    /// How many times in a row to connect again without an open connection; then the source
    /// stops. `Some(0)` is never, `None` without end. Default `None`.
    pub max_reconnection_attempts: Option<u32>,
    /// The base doubles with each failure in a row after the first, up to this, but never goes
    /// below the base. Default 30 s.
    pub max_delay: Duration,
    /// Up to so many percent of the delay are added to it, at random, so that a thousand clients
    /// do not come back in one moment. Default 50.
    pub jitter_percent: u8,
    /// The least that a server's `retry` can set. Default 500 ms.
    pub min_retry: Duration,
    /// The most that a server's `retry` can set. Default 1 h.
    pub max_retry: Duration,
    /// A connection that stayed open so long was healthy: its end is no failure. Default 60 s.
    pub healthy_time: Duration,
    /// How long an open connection may bring no byte, not even a comment, before it is taken for
    /// dead. `None`, the default, is for ever: set it to two or three heartbeats of your server.
    pub idle_timeout: Option<Duration>,
    /// How long an attempt may take from the DNS question to the end of the response's head; a
    /// redirect is one more attempt. `None` is for ever. Default 30 s.
    pub connect_timeout: Option<Duration>,
}

impl Policy {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        reconnection_time: Duration::from_secs(3),
        max_reconnection_attempts: None,
        max_delay: Duration::from_secs(30),
        jitter_percent: 50,
        min_retry: Duration::from_millis(500),
        max_retry: Duration::from_secs(3600),
        healthy_time: Duration::from_secs(60),
        idle_timeout: None,
        connect_timeout: Some(Duration::from_secs(30)),
    };
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The reconnection timer as a state machine: times go in, deadlines come out.
///
/// All times are since any fixed moment, by a clock that does not go back. There is no clock and
/// no randomness inside, so a test can run a day in a millisecond.
///
/// ```
/// use core::time::Duration;
/// use embedded_sse::{Loss, Policy, Reconnect};
///
/// let mut reconnect = Reconnect::new(Policy { jitter_percent: 0, ..Policy::DEFAULT }, 0);
/// reconnect.connecting(Duration::ZERO);
/// assert_eq!(reconnect.deadline(), Some(Duration::from_secs(30)));
/// let delay = reconnect.lost(Loss::Cut, None, Duration::from_secs(1));
/// assert_eq!(delay, Some(Duration::from_secs(3)));
/// assert_eq!(reconnect.deadline(), Some(Duration::from_secs(4)));
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Reconnect {
    policy: Policy,
    random: u32,
    reconnection_time: Duration,
    /// In a row; each doubles the delay.
    failures: u32,
    /// Since the last open connection.
    attempts: u32,
    phase: Phase,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Phase {
    Idle,
    Connecting {
        since: Duration,
    },
    Open {
        since: Duration,
        heard: Duration,
        delivered: bool,
    },
    /// For the next attempt, or for what a response that ends it all has to say.
    Waiting {
        until: Duration,
    },
}

/// In whole milliseconds; what is beyond 64 bits of them is the most.
pub(crate) fn millis(time: Duration) -> u64 {
    let ms = time.as_secs().saturating_mul(1000);
    ms.saturating_add(time.subsec_millis().into())
}

/// How a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Loss {
    /// By a fault: an attempt that did not come to be open, or an open stream that was cut.
    Cut,
    /// The server ended the response as its framing says.
    End,
}

impl Reconnect {
    /// `seed` makes the jitter: give each device another one, as from its hardware's random number
    /// generator or its serial number.
    pub const fn new(policy: Policy, seed: u32) -> Self {
        // Neighbouring seeds are torn apart; and xorshift never leaves 0.
        let random = seed.wrapping_mul(0x9E37_79B1);
        Self {
            policy,
            random: if random == 0 { 1 } else { random },
            reconnection_time: policy.reconnection_time,
            failures: 0,
            attempts: 0,
            phase: Phase::Idle,
        }
    }

    /// The delay goes on growing as after so many failures in a row: with
    /// [`Wait::failures`](crate::Wait::failures) of before a reboot or a deep sleep. The attempts
    /// that have a limit are counted anew.
    pub const fn after_failures(mut self, failures: u32) -> Self {
        self.failures = failures;
        self
    }

    /// How many attempts in a row have failed.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// An attempt begins, with the question to the DNS.
    pub fn connecting(&mut self, now: Duration) {
        self.phase = Phase::Connecting { since: now };
    }

    /// The head of the response has come and is accepted. This ends the outage, and so the count
    /// of attempts; the delay's growth goes on until the connection has proven itself.
    pub fn opened(&mut self, now: Duration) {
        self.attempts = 0;
        self.phase = Phase::Open {
            since: now,
            heard: now,
            delivered: false,
        };
    }

    /// Bytes have come, of whatever kind: the connection is alive.
    pub fn received(&mut self, now: Duration) {
        if let Phase::Open { heard, .. } = &mut self.phase {
            *heard = now;
        }
    }

    /// An event has come: a clean end after it is no failure.
    pub fn delivered(&mut self) {
        if let Phase::Open { delivered, .. } = &mut self.phase {
            *delivered = true;
        }
    }

    /// A `retry` field sets the base of the delay, within the policy's floor and ceiling, and
    /// starts its growth anew.
    pub fn set_reconnection_time(&mut self, retry: Duration) {
        self.begin_with(retry);
        self.failures = 0;
    }

    /// What an earlier stream has asked for is no new beginning.
    pub(crate) fn begin_with(&mut self, retry: Duration) {
        let (least, most) = (self.policy.min_retry, self.policy.max_retry);
        self.reconnection_time = retry.min(most).max(least);
    }

    /// The connection is lost, or the attempt has failed. Returns how long to wait, or `None` if
    /// the attempts are used up. `retry_after` is the least this one delay may be.
    pub fn lost(
        &mut self,
        loss: Loss,
        retry_after: Option<Duration>,
        now: Duration,
    ) -> Option<Duration> {
        let healthy = match self.phase {
            Phase::Open {
                since, delivered, ..
            } => {
                since.saturating_add(self.policy.healthy_time) <= now
                    || (loss == Loss::End && delivered)
            }
            _ => false,
        };
        self.failures = if healthy {
            0
        } else {
            self.failures.saturating_add(1)
        };
        if let Some(most) = self.policy.max_reconnection_attempts
            && self.attempts >= most
        {
            self.phase = Phase::Idle;
            return None;
        }
        self.attempts = self.attempts.saturating_add(1);
        let delay = self.delay(retry_after.unwrap_or_default());
        self.phase = Phase::Waiting {
            until: now.saturating_add(delay),
        };
        Some(delay)
    }

    /// The moment at which something is due: the attempt or the silence has lasted too long, or
    /// the wait is over. Nothing happens by itself; see [`is_due`](Self::is_due).
    pub fn deadline(&self) -> Option<Duration> {
        let (since, timeout) = match self.phase {
            Phase::Idle => return None,
            Phase::Connecting { since } => (since, self.policy.connect_timeout),
            Phase::Open { heard, .. } => (heard, self.policy.idle_timeout),
            Phase::Waiting { until } => return Some(until),
        };
        timeout.map(|timeout| since.saturating_add(timeout))
    }

    /// Whether the [`deadline`](Self::deadline) has come.
    pub fn is_due(&self, now: Duration) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    pub(crate) fn set_idle_timeout(&mut self, timeout: Duration) {
        self.policy.idle_timeout = Some(timeout);
    }

    /// The response ends it all; its body, if it has one, may take so long.
    pub(crate) fn refused(&mut self, now: Duration) {
        self.phase = Phase::Waiting {
            until: now.saturating_add(Duration::from_secs(1)),
        };
    }

    /// Forgets the failures and attempts, as when the application knows that the network is back.
    /// The reconnection time stays.
    pub fn reset(&mut self) {
        self.failures = 0;
        self.attempts = 0;
        self.phase = Phase::Idle;
    }

    fn delay(&mut self, least: Duration) -> Duration {
        let base = self.reconnection_time;
        let doublings = self.failures.saturating_sub(1).min(31);
        let delay = base
            .saturating_mul(1 << doublings)
            .min(self.policy.max_delay.max(base))
            .max(least);
        let part = u32::from(self.policy.jitter_percent) * (self.next_random() >> 16);
        delay.saturating_add((delay / (100 << 16)).saturating_mul(part))
    }

    /// Marsaglia's xorshift: jitter needs no better.
    fn next_random(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random
    }
}
