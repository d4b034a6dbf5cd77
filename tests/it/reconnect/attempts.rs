//! Rule: attempts. How many there are, and what a reset changes.

use std::time::Duration;

use embedded_sse::{Loss, Policy, Reconnect};

use super::{PLAIN, plain, refused, secs, streamed};

fn limited(attempts: u32) -> Reconnect {
    let policy = Policy {
        max_reconnection_attempts: Some(attempts),
        ..PLAIN
    };
    Reconnect::new(policy, 1)
}

#[test]
fn attempts_end_at_the_limit() {
    for most in [0, 1, 2, 10] {
        let mut reconnect = limited(most);
        for _ in 0..most {
            reconnect.connecting(secs(0));
            assert!(reconnect.lost(Loss::Cut, None, secs(0)).is_some());
        }
        reconnect.connecting(secs(0));
        assert_eq!(reconnect.lost(Loss::Cut, None, secs(0)), None);
        assert_eq!(reconnect.deadline(), None);
        assert!(!reconnect.is_due(Duration::MAX));
    }
}

#[test]
fn attempts_are_counted_from_0_after_an_open_connection_but_the_delay_keeps_growing() {
    let mut reconnect = limited(2);
    refused(&mut reconnect, 2);
    let delay = streamed(&mut reconnect, secs(0), false, Loss::Cut);
    assert_eq!(delay, secs(12));
    assert_eq!(refused(&mut reconnect, 1), [secs(24)]);
    assert_eq!(reconnect.lost(Loss::Cut, None, secs(0)), None);
}

#[test]
fn attempts_are_counted_from_0_after_a_reset() {
    let mut reconnect = limited(2);
    refused(&mut reconnect, 2);
    reconnect.reset();
    assert_eq!(reconnect.deadline(), None);
    assert_eq!(refused(&mut reconnect, 2), [3, 6].map(secs));
}

#[test]
fn a_reset_keeps_the_reconnection_time() {
    let mut reconnect = plain();
    reconnect.set_reconnection_time(secs(1));
    reconnect.reset();
    assert_eq!(refused(&mut reconnect, 1), [secs(1)]);
}
