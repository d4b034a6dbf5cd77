//! Extreme times and policies, and a whole day.

use std::time::Duration;

use embedded_sse::{Loss, Policy, Reconnect};

use super::{PLAIN, plain, refused, secs};

#[test]
fn times_saturate() {
    const MAX: Duration = Duration::MAX;
    let policy = Policy {
        reconnection_time: MAX,
        max_reconnection_attempts: Some(u32::MAX),
        max_delay: MAX,
        jitter_percent: 255,
        min_retry: MAX,
        max_retry: MAX,
        healthy_time: MAX,
        idle_timeout: Some(MAX),
        connect_timeout: Some(MAX),
        response_timeout: Some(MAX),
    };
    let mut reconnect = Reconnect::new(policy, u32::MAX);
    for now in [Duration::ZERO, MAX, MAX] {
        reconnect.connecting(now);
        assert_eq!(reconnect.deadline(), Some(MAX));
        reconnect.opened(now);
        reconnect.received(now);
        assert_eq!(reconnect.deadline(), Some(MAX));
        reconnect.set_reconnection_time(MAX);
        assert_eq!(reconnect.lost(Loss::Cut, Some(MAX), now), Some(MAX));
        assert_eq!(reconnect.deadline(), Some(MAX));
    }
}

#[test]
fn a_min_retry_above_max_retry_wins() {
    let policy = Policy {
        min_retry: secs(9),
        max_retry: secs(1),
        ..PLAIN
    };
    let mut reconnect = Reconnect::new(policy, 1);
    reconnect.set_reconnection_time(secs(5));
    assert_eq!(refused(&mut reconnect, 1), [secs(9)]);
}

#[test]
fn a_clock_that_goes_back_is_harmless() {
    let mut reconnect = plain();
    reconnect.connecting(secs(9));
    reconnect.opened(secs(8));
    reconnect.received(secs(7));
    assert_eq!(reconnect.lost(Loss::Cut, None, secs(1)), Some(secs(3)));
}

/// The server is down for the first hour of every four. Otherwise it ends each response after 90 s.
#[test]
fn attempts_go_on_through_a_day_of_outages() {
    let mut reconnect = Reconnect::new(Policy::DEFAULT, 7);
    let mut now = Duration::ZERO;
    let (mut refused, mut streams) = (0, 0);
    while now < secs(24 * 3600) {
        reconnect.connecting(now);
        let delay = if now.as_secs() % (4 * 3600) < 3600 {
            refused += 1;
            reconnect.lost(Loss::Cut, None, now).unwrap()
        } else {
            streams += 1;
            reconnect.opened(now);
            now += secs(90);
            reconnect.lost(Loss::End, None, now).unwrap()
        };
        assert!(delay >= secs(3) && delay <= secs(60));
        now += delay;
        assert!(reconnect.is_due(now));
    }
    // Attempts: one about every 31.5 s for 6 hours. Streams: one about every 94.5 s for 18 hours, with
    // longer delays after an outage.
    assert!((650..=720).contains(&refused), "{refused}");
    assert!((640..=700).contains(&streams), "{streams}");
}
