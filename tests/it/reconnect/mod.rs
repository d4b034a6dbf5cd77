//! `Reconnect` on its own, without a source.

mod attempts;
mod delay;
mod extremes;
mod failures;
mod jitter;
mod timeouts;

use std::time::Duration;

use embedded_sse::{Loss, Policy, Reconnect};

use crate::script::ms;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const PLAIN: Policy = Policy {
    jitter_percent: 0,
    ..Policy::DEFAULT
};

fn plain() -> Reconnect {
    Reconnect::new(PLAIN, 1)
}

/// Fails this many attempts and returns the delays.
fn refused(reconnect: &mut Reconnect, times: usize) -> Vec<Duration> {
    let fail = |_| {
        reconnect.connecting(secs(1));
        reconnect.lost(Loss::Cut, None, secs(2)).unwrap()
    };
    (0..times).map(fail).collect()
}

/// Loses a stream that was open for this long, and returns the delay.
fn streamed(reconnect: &mut Reconnect, open: Duration, event: bool, loss: Loss) -> Duration {
    reconnect.connecting(secs(100));
    reconnect.opened(secs(101));
    if event {
        reconnect.delivered();
    }
    reconnect.lost(loss, None, secs(101) + open).unwrap()
}
