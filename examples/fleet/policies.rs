//! Three clients that differ in how long they wait.

use std::time::Duration;

use embedded_sse::{Loss, Policy, Reconnect};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The crate's own `Reconnect` with `Policy::DEFAULT`.
    Crate,
    /// Always 3 s, without jitter. Chromium does this.
    Fixed,
    /// LaunchDarkly's event source clients: 1 s, doubled up to 30 s, each wait up to 50 % shorter. A
    /// connection that was open for 60 s starts again at 1 s.
    LaunchDarkly,
}

pub enum Client {
    Crate(Box<Reconnect>),
    Fixed,
    LaunchDarkly {
        retries: u32,
        opened: Option<Duration>,
        random: u32,
    },
}

impl Client {
    /// The seed is the client's number, like the serial number of a device. All results are the same
    /// in each run.
    pub fn new(kind: Kind, number: u32) -> Self {
        match kind {
            Kind::Crate => Self::Crate(Box::new(Reconnect::new(Policy::DEFAULT, number))),
            Kind::Fixed => Self::Fixed,
            Kind::LaunchDarkly => Self::LaunchDarkly {
                retries: 0,
                opened: None,
                random: number.wrapping_mul(0x9E37_79B1) | 1,
            },
        }
    }

    pub fn connecting(&mut self, now: Duration) {
        if let Self::Crate(reconnect) = self {
            reconnect.connecting(now);
        }
    }

    pub fn opened(&mut self, now: Duration) {
        match self {
            Self::Crate(reconnect) => {
                reconnect.connected(now);
                reconnect.opened(now);
            }
            Self::Fixed => {}
            Self::LaunchDarkly { opened, .. } => *opened = Some(now),
        }
    }

    /// An event was received.
    pub fn delivered(&mut self) {
        if let Self::Crate(reconnect) = self {
            reconnect.delivered();
        }
    }

    /// The connection is lost, or the attempt was refused. Returns how long to wait.
    pub fn lost(&mut self, loss: Loss, now: Duration) -> Duration {
        match self {
            Self::Crate(reconnect) => {
                let wait = reconnect.lost(loss, None, now);
                wait.expect("the default policy has no limit of attempts")
            }
            Self::Fixed => Duration::from_secs(3),
            Self::LaunchDarkly {
                retries,
                opened,
                random,
            } => {
                let opened = opened.take();
                if opened.is_some_and(|since| now - since >= Duration::from_secs(60)) {
                    *retries = 0;
                }
                let delay =
                    Duration::from_secs(1 << (*retries).min(5)).min(Duration::from_secs(30));
                *retries += 1;
                *random ^= *random << 13;
                *random ^= *random >> 17;
                *random ^= *random << 5;
                delay - delay.mul_f64(f64::from(*random) / f64::from(u32::MAX) / 2.0)
            }
        }
    }
}
