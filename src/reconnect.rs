//! When to connect again, and whether to: the standard's "reestablish the connection"
//! (section 9.2.3), with the backoff that it leaves to us.

use core::time::Duration;

use crate::policy::Policy;
use crate::time::{micros, millis, part, whole_times};

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
    /// Each after the first doubles the delay.
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
    /// For the head of the response.
    Requesting {
        since: Duration,
    },
    Open {
        since: Duration,
        heard: Duration,
        /// Whether an event came, or an ID that moved.
        delivered: bool,
        /// Whether a `retry` field came.
        retried: bool,
    },
    /// For the next attempt, or for the body of a response that stops the source.
    Waiting {
        until: Duration,
    },
}

/// How a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Loss {
    /// By a fault: an attempt that did not open, or a stream that was cut.
    Cut,
    /// The server closed a connection whose response had no explicit end. A server that crashes
    /// looks the same.
    Close,
    /// The response was complete: its last chunk came, or all of its `Content-Length`.
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

    /// Lets the delay grow further, as after this many failures in a row: those of before a reboot or
    /// a deep sleep. A limit on attempts counts from 0 again.
    pub const fn set_failures(&mut self, failures: u32) {
        self.failures = failures;
    }

    /// How many failures the delay has grown with. One is added by each attempt that does not open
    /// and by each connection that is lost before [`Policy::healthy_time`]; longer connections, and
    /// responses that the server ended on purpose, take some back.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// An attempt begins, with the DNS query.
    pub fn connecting(&mut self, now: Duration) {
        self.phase = Phase::Connecting { since: now };
    }

    /// The connection is made, and the request can be sent.
    pub fn connected(&mut self, now: Duration) {
        self.phase = Phase::Requesting { since: now };
    }

    /// The head of the response is complete and accepted. This ends the outage, and with it the
    /// count of attempts. The failures stay until the connection has proven itself.
    pub fn opened(&mut self, now: Duration) {
        self.attempts = 0;
        self.phase = Phase::Open {
            since: now,
            heard: now,
            delivered: false,
            retried: false,
        };
    }

    /// Some bytes have come, of any kind: the connection is alive.
    pub fn received(&mut self, now: Duration) {
        if let Phase::Open { heard, .. } = &mut self.phase {
            *heard = now;
        }
    }

    /// The stream made progress: an event came, or the last event ID changed.
    pub fn delivered(&mut self) {
        if let Phase::Open { delivered, .. } = &mut self.phase {
            *delivered = true;
        }
    }

    /// A `retry` field came. It sets the base of the delay, between [`Policy::min_retry`] and
    /// [`Policy::max_retry`], and nothing else.
    pub fn set_reconnection_time(&mut self, retry: Duration) {
        let (least, most) = (self.policy.min_retry, self.policy.max_retry);
        self.reconnection_time = retry.min(most).max(least);
        if let Phase::Open { retried, .. } = &mut self.phase {
            *retried = true;
        }
    }

    /// The connection is lost, or the attempt has failed. Returns how long to wait, or `None` if
    /// the attempts are used up. This one wait is not shorter than `retry_after`.
    pub fn lost(
        &mut self,
        loss: Loss,
        retry_after: Option<Duration>,
        now: Duration,
    ) -> Option<Duration> {
        let mut taken_back = 0;
        let mut is_asked_for = false;
        if let Phase::Open {
            since,
            delivered,
            retried,
            ..
        } = self.phase
        {
            taken_back = whole_times(
                millis(now).saturating_sub(millis(since)),
                millis(self.policy.healthy_time),
            );
            // A process that crashes closes its connections too, so that a close alone proves
            // nothing.
            let signs = u8::from(loss == Loss::End) + u8::from(delivered) + u8::from(retried);
            if loss != Loss::Cut && signs >= 2 {
                taken_back = taken_back.max(1);
                is_asked_for = retried;
            }
        }
        self.failures = match taken_back {
            0 => self.failures.saturating_add(1),
            _ => self.failures.saturating_sub(taken_back),
        };
        if let Some(most) = self.policy.max_reconnection_attempts
            && self.attempts >= most
        {
            self.phase = Phase::Idle;
            return None;
        }
        self.attempts = self.attempts.saturating_add(1);
        let delay = self.delay(retry_after.unwrap_or_default(), is_asked_for);
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
            Phase::Requesting { since } => (since, self.policy.response_timeout),
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

    fn delay(&mut self, least: Duration, is_asked_for: bool) -> Duration {
        let mut start = micros(self.reconnection_time);
        let mut doublings = self.failures.saturating_sub(1).min(32);
        if start == 0 && doublings > 0 {
            // Zero does not grow.
            start = micros(self.policy.min_retry);
            doublings -= 1;
        }
        let least = micros(least);
        let most = micros(self.policy.max_delay).max(start);
        let grown = (0..doublings).fold(start, |delay, _| delay.saturating_mul(2).min(most));
        let delay = grown.max(least);
        let percent = match is_asked_for {
            true => self.policy.jitter_percent.min(10),
            false => self.policy.jitter_percent,
        };
        let spread = part(delay, u32::from(percent) * (1 << 16) / 100);
        let shortest = delay.saturating_sub(spread).max(start).max(least);
        let range = delay.saturating_add(spread) - shortest;
        let random = self.next_random() >> 16;
        match shortest.saturating_add(part(range, random)) {
            u64::MAX => Duration::MAX,
            us => Duration::from_micros(us),
        }
    }

    /// Marsaglia's xorshift: jitter needs no better.
    fn next_random(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random
    }
}
