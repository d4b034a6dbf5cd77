//! When to connect again, and whether to: the standard's "reestablish the connection"
//! (section 9.2.3), with the backoff that it leaves to us.

use core::time::Duration;

use crate::time::{minus, whole_times};

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
///
/// # Why these defaults
///
/// The defaults are made for many devices that share one server. The example `fleet` simulates them:
/// N = 100,000 clients, and a server that accepts C connections per second, with N / C = 60 s. It
/// compares the defaults with a fixed delay of 3 s, as in Chromium, and with LaunchDarkly's clients.
/// These wait 1 s, doubled up to 30 s, minus up to a half, and start again at 1 s after a connection
/// of 60 s.
///
#[cfg_attr(doc, doc = include_str!("../docs/fleet.svg"))]
///
/// * `jitter_percent: 100`. After an outage of 1 s, the first attempts come between 3 s and 6 s after the
///   loss, 20 C per second, and all clients are connected again after about 100 s. With 50 it is 40 C. A
///   fixed delay makes waves of 60 C every 3 s, and takes 12 min.
/// * `max_delay: 30 s`. After an outage of 10 min, the load is at most 2 C, and all clients are connected
///   again after about 100 s. A larger fleet needs a longer delay for this: N / (2 C).
/// * `healthy_time: 8 s`. Load balancers cut streams after 10 s to 60 s. These cuts are not failures:
///   clients are connected for 69 % of the time with cuts after 10 s, and for 93 % with cuts after 60 s.
///   LaunchDarkly's clients reach 31 % and 73 %. With a `healthy_time` of 20 s, cuts after 10 s leave
///   24 %. With 0, a server that overload kills 5 s after each start does not recover. With 8 s it
///   recovers after 40 s (at N / C = 30 s).
///
/// To its clients, a server that lives for longer than `healthy_time` until overload kills it looks like
/// a load balancer. The delay does not grow, so such a crash loop does not end. The server has to limit
/// how many connections it accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Policy {
    /// The base of the delay until a `retry` field sets another one. No wait is shorter than the
    /// base. With 0 the first attempt after a loss is immediate, and if that one fails too, the
    /// delay grows from [`min_retry`](Self::min_retry). Default 3 s.
    pub reconnection_time: Duration,
    /// How many attempts in a row may fail to open a connection before the source stops. `Some(0)`
    /// never connects again, `None` never gives up. Default `None`.
    pub max_reconnection_attempts: Option<u32>,
    /// The longest delay. The base doubles with each [failure](Reconnect::failures) after the first
    /// one, up to this value; a base that is longer stays as it is. Default 30 s.
    ///
    /// For N devices and a server that accepts C connections a second, choose at least N / (2 C).
    pub max_delay: Duration,
    /// Spreads the waits of many devices: each wait is random, up to this percentage of the delay
    /// shorter or longer, but never below the base. With 100 it lies between the base and twice the
    /// delay; 0 is exact. Default 100.
    ///
    /// After a response that the server ended on purpose, and that contained a `retry` field, at most
    /// a tenth is added: the server gets what it asked for. So if it ends many streams at once, for a
    /// restart say, it should have sent each client a `retry` of its own.
    pub jitter_percent: u8,
    /// The shortest base that a server's `retry` can set. Default 500 ms.
    pub min_retry: Duration,
    /// The longest base that a server's `retry` can set. Default 1 h.
    pub max_retry: Duration,
    /// Each time that a connection stays open for this long, one failure is taken back. A connection
    /// that is lost sooner is one failure more. With 0, every connection that opens clears them all.
    /// Default 8 s.
    ///
    /// Choose it shorter than the time after which a load balancer cuts your streams, with some
    /// margin. Longer times slow down sooner when a server crashes soon after each start.
    pub healthy_time: Duration,
    /// How long an open connection may stay silent, without even a comment, before it is considered
    /// dead. Set it to two or three heartbeats of your server. Default `None`: for ever.
    pub idle_timeout: Option<Duration>,
    /// How long an attempt may take to connect: DNS, TCP and TLS. `None` waits for ever. Default
    /// 30 s.
    pub connect_timeout: Option<Duration>,
    /// How long the server may then take until its response's head is complete. Many servers send
    /// it together with the first event, so this should be longer than the pauses between events.
    /// `None` waits for ever. Default 5 min.
    pub response_timeout: Option<Duration>,
}

impl Policy {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        reconnection_time: Duration::from_secs(3),
        max_reconnection_attempts: None,
        max_delay: Duration::from_secs(30),
        jitter_percent: 100,
        min_retry: Duration::from_millis(500),
        max_retry: Duration::from_secs(3600),
        healthy_time: Duration::from_secs(8),
        idle_timeout: None,
        connect_timeout: Some(Duration::from_secs(30)),
        response_timeout: Some(Duration::from_secs(300)),
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

    /// The delay goes on growing as after so many failures in a row: with
    /// [`Wait::failures`](crate::Wait::failures) of before a reboot or a deep sleep. The attempts
    /// that have a limit are counted anew.
    pub const fn after_failures(mut self, failures: u32) -> Self {
        self.failures = failures;
        self
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
            taken_back = whole_times(minus(now, since), self.policy.healthy_time);
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
        let base = self.reconnection_time;
        let (start, doublings) = match self.failures {
            0 | 1 => (base, 0),
            // Zero does not grow.
            failures if base.is_zero() => (self.policy.min_retry, failures - 2),
            failures => (base, failures - 1),
        };
        let delay = start
            .saturating_mul(1 << doublings.min(31))
            .min(self.policy.max_delay.max(start))
            .max(least);
        let percent = match is_asked_for {
            true => self.policy.jitter_percent.min(10),
            false => self.policy.jitter_percent,
        };
        // In parts of 1/65536: delays of more than 66 µs have some, and these divisions are short.
        let share = u32::from(percent) * (1 << 16) / 100;
        let spread = (delay / (1 << 16)).saturating_mul(share);
        let shortest = minus(delay, spread).max(start).max(least);
        let range = minus(delay.saturating_add(spread), shortest);
        let part = (range / (1 << 16)).saturating_mul(self.next_random() >> 16);
        shortest.saturating_add(part)
    }

    /// Marsaglia's xorshift: jitter needs no better.
    fn next_random(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random
    }
}
