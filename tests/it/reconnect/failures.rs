//! Rule: failures. When the count increases, and when it decreases.

use std::time::Duration;

use embedded_sse::{Loss, Policy, Reconnect};

use super::{PLAIN, ms, plain, refused, secs, streamed};

/// The number of failures after three failed attempts and this connection. The next delay must agree
/// with it.
fn failures_after(open: Duration, event: bool, retry: bool, loss: Loss) -> u32 {
    let mut reconnect = plain();
    refused(&mut reconnect, 3);
    reconnect.connecting(secs(100));
    reconnect.connected(secs(100));
    reconnect.opened(secs(101));
    if event {
        reconnect.delivered();
    }
    if retry {
        reconnect.set_reconnection_time(secs(3));
    }
    let delay = reconnect.lost(loss, None, secs(101) + open).unwrap();
    let failures = reconnect.failures();
    let want = [3, 3, 6, 12, 24][usize::try_from(failures).unwrap()];
    assert_eq!(delay, secs(want));
    failures
}

#[test]
fn failures_increase_by_a_connection_lost_before_the_healthy_time() {
    for open in [ms(0), ms(50), ms(7999)] {
        for (event, retry) in [(false, false), (true, false), (false, true), (true, true)] {
            assert_eq!(failures_after(open, event, retry, Loss::Cut), 4);
        }
    }
}

#[test]
fn failures_decrease_by_each_healthy_time_whatever_the_end() {
    for (open, want) in [
        (8000, 2),
        (15_999, 2),
        (16_000, 1),
        (24_000, 0),
        (80_000, 0),
    ] {
        for loss in [Loss::Cut, Loss::Close, Loss::End] {
            for event in [false, true] {
                let failures = failures_after(ms(open), event, event, loss);
                assert_eq!(failures, want, "{open} {loss:?} {event}");
            }
        }
    }
}

#[test]
fn failures_decrease_by_an_end_with_two_signs_of_intent() {
    for (loss, event, retry, want) in [
        (Loss::End, false, false, 4),
        (Loss::End, true, false, 2),
        (Loss::End, false, true, 2),
        (Loss::End, true, true, 2),
        (Loss::Close, false, false, 4),
        (Loss::Close, true, false, 4),
        (Loss::Close, false, true, 4),
        (Loss::Close, true, true, 2),
    ] {
        let failures = failures_after(ms(10), event, retry, loss);
        assert_eq!(failures, want, "{loss:?} {event} {retry}");
    }
}

#[test]
fn failures_are_cleared_by_an_open_connection_if_the_healthy_time_is_zero() {
    let policy = Policy {
        healthy_time: Duration::ZERO,
        ..PLAIN
    };
    let mut reconnect = Reconnect::new(policy, 1);
    refused(&mut reconnect, 9);
    assert_eq!(streamed(&mut reconnect, secs(0), false, Loss::Cut), secs(3));
    assert_eq!(reconnect.failures(), 0);
}

#[test]
fn failures_decrease_by_healthy_times_of_weeks() {
    let week = secs(7 * 24 * 3600);
    for (healthy, open, want) in [
        (week, week - ms(1), 3),
        (week, week, 1),
        (week * 6, week * 6, 1),
    ] {
        let policy = Policy {
            healthy_time: healthy,
            ..PLAIN
        };
        let mut reconnect = Reconnect::new(policy, 1);
        refused(&mut reconnect, 2);
        streamed(&mut reconnect, open, false, Loss::Cut);
        assert_eq!(reconnect.failures(), want, "{healthy:?} {open:?}");
    }
}

#[test]
fn failures_ignore_the_signs_of_an_earlier_stream() {
    let mut reconnect = plain();
    streamed(&mut reconnect, secs(0), true, Loss::End);
    streamed(&mut reconnect, secs(0), false, Loss::End);
    assert_eq!(streamed(&mut reconnect, secs(0), false, Loss::End), secs(6));
}

#[test]
fn failures_ignore_the_time_before_the_stream_opened() {
    let mut reconnect = plain();
    reconnect.connecting(secs(0));
    reconnect.connected(secs(50));
    reconnect.opened(secs(100));
    reconnect.lost(Loss::Cut, None, secs(107));
    assert_eq!(refused(&mut reconnect, 1), [secs(6)]);
}
