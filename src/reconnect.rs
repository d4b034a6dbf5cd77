//! The reconnection timer: the standard's "reestablish the connection" (section 9.2.3), with
//! exponential back-off.

use core::time::Duration;

use crate::policy::Policy;
use crate::time::{after, is_within, long, longer, millis_between, part, short, shorter};

/// A reconnection timer: it takes events of a connection and times, and returns delays and
/// deadlines.
///
/// An [`EventSource`](crate::EventSource) contains one. Use it directly, together with a
/// [`Decoder`](crate::Decoder), if you use another HTTP client:
///
/// ```no_run
/// use embedded_sse::{Decoder, Item, Loss, Policy, Reconnect};
/// use std::io::Read;
/// # use std::time::Duration;
/// # struct Client;
/// # impl Client {
/// #     fn get(&self, _: &str, _: (&str, &str)) -> std::io::Result<&'static [u8]> { Ok(b"") }
/// # }
/// # fn follow(client: Client, url: &str) {
///
/// let start = std::time::Instant::now();
/// let mut reconnect = Reconnect::new(Policy::DEFAULT, 42); // use a random seed
/// let mut decoder: Decoder<4096> = Decoder::new();
/// decoder.show_retry(true);
/// loop {
///     reconnect.connecting(start.elapsed());
///     // Returns the body if the status is 200 and the type is text/event-stream.
///     let body = client.get(url, ("Last-Event-ID", decoder.last_event_id()));
///     let mut loss = Loss::Cut;
///     if let Ok(mut body) = body {
///         reconnect.opened(start.elapsed());
///         decoder.new_stream();
///         let mut chunk = [0; 1460];
///         while let Ok(len) = body.read(&mut chunk) {
///             if len == 0 {
///                 loss = Loss::Close;
///                 break;
///             }
///             let mut input = &chunk[..len];
///             while let Some(item) = decoder.decode(&mut input) {
///                 match item {
///                     Item::Event(event) => {
///                         reconnect.delivered();
///                         println!("{}", event.data);
///                     }
///                     Item::Retry(time) => reconnect.set_reconnection_time(time),
///                     _ => {}
///                 }
///             }
///         }
///     }
///     match reconnect.lost(loss, None, start.elapsed()) {
///         Some(delay) => std::thread::sleep(delay),
///         None => return, // no attempts left
///     }
/// }
/// # }
/// ```
///
/// Send `Last-Event-ID` only if it is not empty. Timeouts are those of the HTTP client here; a
/// client that can wait for a deadline uses [`deadline`](Self::deadline) and
/// [`is_due`](Self::is_due).
///
/// Times are [`Duration`]s since any fixed moment, by a clock that never goes back. There is no
/// clock and no randomness inside, so a test can simulate a day in a millisecond:
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
    /// The number of failures. Each one after the first doubles the delay.
    failures: u32,
    /// The number of attempts since the last open connection.
    attempts: u32,
    phase: Phase,
    /// When the timeout of the phase began: at its start, at the last bytes of an open connection, or
    /// at the end of a wait.
    since: Duration,
    /// When the connection was opened.
    opened: Duration,
    /// Whether the open connection has brought an event or changed the last event ID.
    delivered: bool,
    /// Whether the open connection has brought a `retry` field.
    retried: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Phase {
    Idle,
    Connecting,
    /// Waiting for the head of the response.
    Requesting,
    Open,
    /// Waiting for the next attempt, or for the body of a response that stops the source.
    Waiting,
}

/// How a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Loss {
    /// A fault: an attempt that did not open, or a stream that was cut.
    Cut,
    /// The server closed a connection whose response had no explicit end. A server that crashes
    /// looks the same.
    Close,
    /// The response was complete: its last chunk was received, or all of its `Content-Length`.
    End,
}

impl Reconnect {
    /// Creates a timer without failures. `seed` seeds the jitter. Use a different seed in each
    /// device, from a hardware random number generator or the serial number.
    pub const fn new(policy: Policy, seed: u32) -> Self {
        // Make neighbouring seeds differ in many bits. The state 0 is replaced, since xorshift
        // never leaves it.
        let random = seed.wrapping_mul(0x9E37_79B1);
        Self {
            policy,
            random: if random == 0 { 1 } else { random },
            reconnection_time: policy.reconnection_time,
            failures: 0,
            attempts: 0,
            phase: Phase::Idle,
            since: Duration::ZERO,
            opened: Duration::ZERO,
            delivered: false,
            retried: false,
        }
    }

    /// Sets the number of failures in a row, which determines the delay. Pass the
    /// [`failures`](Self::failures) from before a reboot or a deep sleep. A limit on attempts still
    /// counts from 0.
    pub const fn set_failures(&mut self, failures: u32) {
        self.failures = failures;
    }

    /// The number of failures that the delay depends on.
    ///
    /// An attempt that does not open adds one, and so does a connection lost before
    /// [`Policy::healthy_time`]. Longer connections remove some, and so do responses that the server
    /// ended on purpose: those that were not cut off, and of which two things are true: they had an
    /// explicit end ([`Loss::End`]), they brought an event or a new ID, they brought a `retry`.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Reports that an attempt begins. Call it before the DNS query.
    pub fn connecting(&mut self, now: Duration) {
        self.enter(Phase::Connecting, now);
    }

    /// Reports that the connection is made, so that the request can be sent.
    pub fn connected(&mut self, now: Duration) {
        self.enter(Phase::Requesting, now);
    }

    /// Reports that the head of the response was accepted. This ends the outage and resets the
    /// count of attempts. The failures stay until the connection was open for long enough.
    pub fn opened(&mut self, now: Duration) {
        self.attempts = 0;
        self.answered(now);
    }

    /// Starts the phase in which a body is read. The idle timeout counts from here.
    pub(crate) fn answered(&mut self, now: Duration) {
        self.enter(Phase::Open, now);
        self.opened = now;
        self.delivered = false;
        self.retried = false;
    }

    /// Reports received bytes of any kind, which postpone the idle timeout.
    pub fn received(&mut self, now: Duration) {
        if self.phase == Phase::Open {
            self.since = now;
        }
    }

    /// Reports progress: an event was received, or the last event ID changed.
    pub fn delivered(&mut self) {
        self.delivered = true;
    }

    /// Reports a `retry` field. It sets the base of the delay, clamped to [`Policy::min_retry`] and
    /// [`Policy::max_retry`].
    #[inline(never)]
    pub fn set_reconnection_time(&mut self, retry: Duration) {
        let (least, most) = (self.policy.min_retry, self.policy.max_retry);
        self.reconnection_time = longer(shorter(retry, most), least);
        self.retried = true;
    }

    /// Reports that the connection was lost or the attempt failed. Returns how long to wait, or
    /// `None` if no attempts are left.
    ///
    /// `retry_after` is a lower bound for this one wait.
    pub fn lost(
        &mut self,
        loss: Loss,
        retry_after: Option<Duration>,
        now: Duration,
    ) -> Option<Duration> {
        let mut taken_back = 0;
        let mut is_asked_for = false;
        if self.phase == Phase::Open {
            let healthy = millis_between(Duration::ZERO, self.policy.healthy_time);
            let lasted = millis_between(self.opened, now);
            taken_back = lasted.checked_div(healthy).unwrap_or(u32::MAX);
            // A process that crashes closes its connections too, so that a close alone proves
            // nothing.
            let signs =
                u8::from(loss == Loss::End) + u8::from(self.delivered) + u8::from(self.retried);
            if loss != Loss::Cut && signs >= 2 {
                taken_back = taken_back.max(1);
                is_asked_for = self.retried;
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
        self.enter(Phase::Waiting, after(now, delay));
        Some(delay)
    }

    /// The time of the next timeout: the end of the attempt, of the silence, or of the wait. `None`
    /// if there is no timeout. Check it with [`is_due`](Self::is_due): nothing happens by itself.
    pub fn deadline(&self) -> Option<Duration> {
        let timeout = match self.phase {
            Phase::Idle => return None,
            Phase::Connecting => self.policy.connect_timeout,
            Phase::Requesting => self.policy.response_timeout,
            Phase::Open => self.policy.idle_timeout,
            Phase::Waiting => Some(Duration::ZERO),
        };
        timeout.map(|timeout| after(self.since, timeout))
    }

    /// Whether the [`deadline`](Self::deadline) has passed.
    pub fn is_due(&self, now: Duration) -> bool {
        self.deadline()
            .is_some_and(|deadline| is_within(deadline, now))
    }

    pub(crate) fn set_idle_timeout(&mut self, timeout: Duration) {
        self.policy.idle_timeout = Some(timeout);
    }

    /// Reports a response that stops the source. Limits the time to read its body.
    pub(crate) fn refused(&mut self, now: Duration) {
        self.enter(Phase::Waiting, after(now, Duration::from_secs(1)));
    }

    /// Resets the failures and attempts, for example because the network is back. The reconnection
    /// time stays.
    pub fn reset(&mut self) {
        self.failures = 0;
        self.attempts = 0;
        self.phase = Phase::Idle;
    }

    fn enter(&mut self, phase: Phase, since: Duration) {
        self.phase = phase;
        self.since = since;
    }

    /// The delay is computed in short units. The result is never below the base or `least`, even if
    /// these are too long for the units.
    fn delay(&mut self, least: Duration, is_asked_for: bool) -> Duration {
        let base = self.reconnection_time;
        let mut start = short(base);
        let mut doublings = self.failures.saturating_sub(1).min(32);
        if start == 0 && doublings > 0 {
            // A base of zero cannot grow.
            start = short(self.policy.min_retry);
            doublings -= 1;
        }
        let most = short(self.policy.max_delay).max(start);
        let grown = (0..doublings).fold(start, |delay, _| delay.saturating_mul(2).min(most));
        let least_units = short(least);
        let delay = grown.max(least_units);
        let percent = match is_asked_for {
            true => self.policy.jitter_percent.min(10),
            false => self.policy.jitter_percent,
        };
        let spread = part(delay, u32::from(percent) * (1 << 16) / 100);
        let shortest = delay.saturating_sub(spread).max(start).max(least_units);
        let range = delay.saturating_add(spread).saturating_sub(shortest);
        let random = self.next_random() >> 16;
        let units = shortest.saturating_add(part(range, random));
        longer(longer(long(units), base), least)
    }

    /// Marsaglia's xorshift, which is good enough for jitter.
    fn next_random(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random
    }
}
