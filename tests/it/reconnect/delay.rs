//! Rule: delay.

use std::time::Duration;

use embedded_sse::{Loss, Policy, Reconnect};

use super::{PLAIN, ms, plain, refused, secs};

#[test]
fn delay_doubles_from_the_base_to_the_cap() {
    let want = [3, 6, 12, 24, 30, 30].map(secs);
    assert_eq!(refused(&mut plain(), 6), want);
}

#[test]
fn delay_is_the_base_if_that_is_above_the_cap() {
    let policy = Policy {
        reconnection_time: secs(40),
        ..PLAIN
    };
    assert_eq!(refused(&mut Reconnect::new(policy, 1), 3), [secs(40); 3]);
}

#[test]
fn delay_of_zero_is_only_for_the_first_attempt() {
    for jitter_percent in [0, 100] {
        let policy = Policy {
            reconnection_time: Duration::ZERO,
            jitter_percent,
            ..Policy::DEFAULT
        };
        let mut reconnect = Reconnect::new(policy, 1);
        let delays = refused(&mut reconnect, 9);
        assert_eq!(delays[0], Duration::ZERO);
        let want = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].map(ms);
        for (delay, want) in delays[1..].iter().zip(want) {
            let most = want + want * jitter_percent.into() / 100;
            assert!(ms(500) <= *delay && *delay <= most, "{delays:?}");
            assert!(jitter_percent > 0 || *delay == want, "{delays:?}");
        }
    }
}

#[test]
fn delay_after_a_base_of_zero_has_a_minimum_even_if_the_cap_is_zero() {
    let policy = Policy {
        reconnection_time: Duration::ZERO,
        max_delay: Duration::ZERO,
        ..Policy::DEFAULT
    };
    let delays = refused(&mut Reconnect::new(policy, 1), 4);
    assert!(
        delays[1..].iter().all(|delay| *delay >= ms(500)),
        "{delays:?}"
    );
}

#[test]
fn delay_stays_at_the_cap() {
    let delays = refused(&mut plain(), 100_000);
    assert!(delays[4..].iter().all(|delay| *delay == secs(30)));
}

#[test]
fn delay_from_a_retry_field_is_clamped() {
    for (retry, want) in [
        (Duration::ZERO, ms(500)),
        (ms(499), ms(500)),
        (ms(700), ms(700)),
        (secs(3600), secs(3600)),
        (Duration::MAX, secs(3600)),
    ] {
        let mut reconnect = plain();
        reconnect.set_reconnection_time(retry);
        assert_eq!(refused(&mut reconnect, 1), [want]);
    }
}

#[test]
fn delay_has_a_new_base_after_a_retry_field_but_the_same_failures() {
    let mut reconnect = plain();
    assert_eq!(refused(&mut reconnect, 3), [3, 6, 12].map(secs));
    reconnect.set_reconnection_time(secs(1));
    assert_eq!(refused(&mut reconnect, 3), [8, 16, 30].map(secs));
}

#[test]
fn delay_from_a_retry_field_doubles_to_the_cap() {
    let mut reconnect = plain();
    reconnect.set_reconnection_time(secs(8));
    assert_eq!(refused(&mut reconnect, 4), [8, 16, 30, 30].map(secs));
}

#[test]
fn delay_is_at_least_retry_after() {
    for (retry_after, want) in [(0, 3), (2, 3), (4, 4), (3600, 3600), (7200, 7200)] {
        let mut reconnect = plain();
        reconnect.connecting(secs(0));
        let delay = reconnect.lost(Loss::Cut, Some(secs(retry_after)), secs(1));
        assert_eq!(delay, Some(secs(want)));
        assert_eq!(refused(&mut reconnect, 1), [secs(6)]);
    }
}
