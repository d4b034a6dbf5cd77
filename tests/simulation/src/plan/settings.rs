//! What a seed selects besides the faults: the policy, the request, the network, and the habits of everybody.

use std::time::Duration;

use embedded_sse::Policy;

use super::{Ms, ms};
use crate::random::Random;

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub policy: Policy,
    /// The seed of the jitter.
    pub jitter_seed: u32,
    pub request: Method,
    pub max_redirects: u8,
    /// Whether the source remembers permanent redirects.
    pub remembers: bool,
    /// Whether a hook renews the token before each attempt.
    pub renews_token: bool,
    /// Whether a hook tries again after a 401 and a 404.
    pub forgives: bool,
    /// Whether the URL has an IPv6 address in place of a name.
    pub is_ipv6: bool,
    /// Whether the responses are chunked. Otherwise they last until the connection closes.
    pub is_chunked: bool,
    pub heartbeat: Ms,
    /// How long a packet takes.
    pub latency: Ms,
    /// The most bytes of one read or write.
    pub most_bytes: usize,
    /// The application stores the ID after this many events.
    pub store_every: u64,
    /// The application restarts a source that has stopped after this long.
    pub restart_after: Ms,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    /// A POST that may be sent once.
    Post,
    RepeatablePost,
    /// A POST whose stream is resumed by GET.
    ResumedPost,
}

impl Settings {
    pub fn random(random: &mut Random) -> Self {
        let idle = random.of(&[Some(20_000), Some(45_000), Some(100_000), None]);
        let policy = Policy {
            reconnection_time: ms(random.of(&[0, 500, 1_000, 3_000, 10_000])),
            max_reconnection_attempts: random.of(&[None, None, None, Some(0), Some(2), Some(5)]),
            max_delay: ms(random.of(&[5_000, 30_000, 60_000])),
            jitter_percent: random.of(&[0, 10, 50, 100]),
            min_retry: ms(random.of(&[0, 500])),
            max_retry: ms(random.of(&[10_000, 3_600_000])),
            healthy_time: ms(random.of(&[0, 8_000, 20_000])),
            idle_timeout: idle.map(ms),
            connect_timeout: Some(ms(random.of(&[5_000, 30_000]))),
            response_timeout: Some(ms(random.of(&[10_000, 60_000, 300_000]))),
        };
        Self {
            policy,
            jitter_seed: random.next() as u32,
            request: match random.below(10) {
                0 => Method::Post,
                1 => Method::RepeatablePost,
                2 | 3 => Method::ResumedPost,
                _ => Method::Get,
            },
            max_redirects: random.of(&[0, 1, 3, 20, 20, 20]),
            remembers: random.percent(50),
            renews_token: random.percent(30),
            forgives: random.percent(30),
            is_ipv6: random.percent(15),
            is_chunked: random.percent(60),
            heartbeat: idle.map_or(100_000, |idle| idle / 3),
            latency: random.magnitude(1, 200),
            most_bytes: random.of(&[1, 7, 64, 200, 200, 200, 200, 200]),
            store_every: random.between(1, 8),
            restart_after: random.magnitude(500, 30_000),
        }
    }

    pub fn idle(&self) -> Duration {
        self.policy.idle_timeout.unwrap_or(Duration::MAX)
    }

    pub fn connect(&self) -> Duration {
        self.policy.connect_timeout.unwrap_or(Duration::MAX)
    }

    pub fn response(&self) -> Duration {
        self.policy.response_timeout.unwrap_or(Duration::MAX)
    }
}
