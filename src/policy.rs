//! The reconnection policy: delays, limits and timeouts.

use core::time::Duration;

/// How long to wait before the next attempt, how often to try, and when to give up on a connection.
/// A policy can be a `const`:
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
/// Set at least [`idle_timeout`](Self::idle_timeout): without it, a server that falls silent is never
/// given up. Use `..Policy::DEFAULT`, since minor releases may add fields.
///
/// # Why these defaults
///
/// The defaults are made for many devices that share one server. The example `fleet` simulates
/// them: N = 100,000 clients, and a server that accepts C connections per second, with N / C = 60
/// s. It compares the defaults with a fixed delay of 3 s, as in Chromium, and with LaunchDarkly's
/// clients. These wait 1 s, doubled up to 30 s, minus up to a half, and start again at 1 s after a
/// connection of 60 s.
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
    /// How many times in a row to connect again without an open connection, before the source stops.
    /// `Some(0)` never connects again, `None` never gives up. Default `None`.
    pub max_reconnection_attempts: Option<u32>,
    /// The longest delay. The base doubles with each [failure](crate::Reconnect::failures) after the first
    /// one, up to this value; a base that is longer stays as it is. A delay grows to at most five
    /// days, but a longer base or `Retry-After` is still waited for in full. Default 30 s.
    ///
    /// For N devices and a server that accepts C connections a second, choose at least N / (2 C).
    pub max_delay: Duration,
    /// Spreads the waits of many devices: each wait is random, up to this percentage of the delay
    /// shorter or longer, but never below the base. With 100 it lies between the base and twice the
    /// delay; 0 is exact; above 100, only the upper end grows. `Retry-After` is never shortened: up to
    /// this percentage is added to it. Default 100.
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
    /// that is lost sooner is one failure more, unless the server ended its response
    /// [on purpose](crate::Reconnect::failures). With 0, every connection that opens clears them all.
    /// Default 8 s.
    ///
    /// Choose it shorter than the time after which a load balancer cuts your streams, with some
    /// margin. With a longer time, clients back off sooner from a server that keeps crashing.
    pub healthy_time: Duration,
    /// How long an open connection may stay silent, without even a comment, before it is considered
    /// dead. Set it to two or three times the interval of your server's heartbeat. Default `None`:
    /// no limit.
    pub idle_timeout: Option<Duration>,
    /// How long an attempt may take to connect: DNS, TCP and TLS. `None` means no limit. Default
    /// 30 s.
    pub connect_timeout: Option<Duration>,
    /// How long the server may then take until its response's head is complete. Many servers send
    /// it together with the first event, so this should be longer than the pauses between events.
    /// `None` means no limit. Default 5 min.
    pub response_timeout: Option<Duration>,
}

impl Policy {
    /// The default policy. The default of each field is stated there.
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
