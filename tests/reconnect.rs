//! The reconnection timer on its own.

use std::time::Duration;

use embedded_sse::{Loss, Policy, Reconnect};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const PLAIN: Policy = Policy {
    jitter_percent: 0,
    ..Policy::DEFAULT
};

fn plain() -> Reconnect {
    Reconnect::new(PLAIN, 1)
}

/// The delays of so many attempts that fail.
fn refused(reconnect: &mut Reconnect, times: usize) -> Vec<Duration> {
    let fail = |_| {
        reconnect.connecting(secs(1));
        reconnect.lost(Loss::Cut, None, secs(2)).unwrap()
    };
    (0..times).map(fail).collect()
}

/// The delay after a stream that was open for so long.
fn streamed(reconnect: &mut Reconnect, open: Duration, event: bool, loss: Loss) -> Duration {
    reconnect.connecting(secs(100));
    reconnect.opened(secs(101));
    if event {
        reconnect.delivered();
    }
    reconnect.lost(loss, None, secs(101) + open).unwrap()
}

// ---- delay ----

#[test]
fn delay_doubles_from_the_base_to_the_cap() {
    let want = [3, 6, 12, 24, 30, 30].map(secs);
    assert_eq!(refused(&mut plain(), 6), want);
}

#[test]
fn delay_never_goes_below_a_base_over_the_cap() {
    let policy = Policy {
        reconnection_time: secs(40),
        ..PLAIN
    };
    assert_eq!(refused(&mut Reconnect::new(policy, 1), 3), [secs(40); 3]);
}

#[test]
fn delay_of_zero_is_at_once() {
    let policy = Policy {
        reconnection_time: Duration::ZERO,
        ..Policy::DEFAULT
    };
    let mut reconnect = Reconnect::new(policy, 1);
    assert_eq!(refused(&mut reconnect, 50), [Duration::ZERO; 50]);
    assert!(reconnect.is_due(secs(2)));
}

#[test]
fn delay_stays_at_the_cap_for_ever() {
    let delays = refused(&mut plain(), 100_000);
    assert!(delays[4..].iter().all(|delay| *delay == secs(30)));
}

#[test]
fn delay_of_a_retry_is_clamped_and_starts_the_growth_anew() {
    let mut reconnect = plain();
    for (retry, want) in [
        (Duration::ZERO, ms(500)),
        (ms(499), ms(500)),
        (ms(700), ms(700)),
        (secs(3600), secs(3600)),
        (Duration::MAX, secs(3600)),
    ] {
        refused(&mut reconnect, 3);
        reconnect.set_reconnection_time(retry);
        assert_eq!(refused(&mut reconnect, 1), [want]);
    }
}

#[test]
fn delay_of_a_retry_doubles_to_the_cap() {
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

// ---- jitter ----

#[test]
fn jitter_never_shortens_and_adds_up_to_its_share() {
    for percent in [0, 1, 50, 100, 255] {
        for seed in (0..1000).chain([u32::MAX, 1 << 31]) {
            let policy = Policy {
                jitter_percent: percent,
                ..Policy::DEFAULT
            };
            let delays = refused(&mut Reconnect::new(policy, seed), 6);
            for (delay, base) in delays.into_iter().zip([3, 6, 12, 24, 30, 30].map(secs)) {
                let most = base + base * u32::from(percent) / 100;
                assert!(base <= delay && delay <= most, "{percent} {seed} {delay:?}");
            }
        }
    }
}

/// How many of the delays lie in each tenth of what jitter can add to 3 s.
fn tenths(delays: impl Iterator<Item = Duration>) -> [u32; 10] {
    let mut tenths = [0; 10];
    for delay in delays {
        let tenth = (delay - secs(3)).as_millis() / 150;
        tenths[usize::try_from(tenth).unwrap()] += 1;
    }
    tenths
}

fn first_delay(seed: u32) -> Duration {
    refused(&mut Reconnect::new(Policy::DEFAULT, seed), 1)[0]
}

#[test]
fn jitter_of_neighbouring_seeds_is_spread() {
    for start in [0, 1000, 1 << 24, u32::MAX - 999] {
        let tenths = tenths((0..1000).map(|seed| first_delay(start + seed)));
        assert!(tenths.iter().all(|n| (70..=130).contains(n)), "{tenths:?}");
    }
}

#[test]
fn jitter_of_seeds_far_apart_is_spread() {
    for step in [256, 1000, 65_536, 1 << 20] {
        let tenths = tenths((0..1000).map(|seed| first_delay(step * seed)));
        assert!(
            tenths.iter().all(|n| (50..=150).contains(n)),
            "{step} {tenths:?}"
        );
    }
}

#[test]
fn jitter_of_one_device_is_spread() {
    for seed in [0, 1, 12_345, u32::MAX] {
        let mut reconnect = Reconnect::new(Policy::DEFAULT, seed);
        let delay = |_| streamed(&mut reconnect, secs(0), true, Loss::End);
        let tenths = tenths((0..1000).map(delay));
        assert!(tenths.iter().all(|n| (70..=130).contains(n)), "{tenths:?}");
    }
}

// ---- what is a failure ----

#[test]
fn what_is_a_failure() {
    for (open, event, loss, failure) in [
        (secs(0), false, Loss::Cut, true),
        (secs(0), true, Loss::Cut, true),
        (secs(0), false, Loss::End, true),
        (secs(0), true, Loss::End, false),
        (ms(59_999), true, Loss::Cut, true),
        (ms(59_999), false, Loss::End, true),
        (secs(60), false, Loss::Cut, false),
        (secs(60), false, Loss::End, false),
    ] {
        let mut reconnect = plain();
        refused(&mut reconnect, 2);
        let delay = streamed(&mut reconnect, open, event, loss);
        let want = if failure { secs(12) } else { secs(3) };
        assert_eq!(delay, want, "{open:?} {event} {loss:?}");
    }
}

#[test]
fn what_is_no_failure_leaves_the_next_one_at_the_base() {
    let mut reconnect = plain();
    refused(&mut reconnect, 4);
    streamed(&mut reconnect, secs(0), true, Loss::End);
    assert_eq!(refused(&mut reconnect, 3), [3, 6, 12].map(secs));
}

#[test]
fn an_event_of_an_earlier_stream_does_not_count() {
    let mut reconnect = plain();
    streamed(&mut reconnect, secs(0), true, Loss::End);
    streamed(&mut reconnect, secs(0), false, Loss::End);
    assert_eq!(streamed(&mut reconnect, secs(0), false, Loss::End), secs(6));
}

#[test]
fn a_time_before_the_opening_is_no_health() {
    let mut reconnect = plain();
    reconnect.connecting(secs(0));
    reconnect.opened(secs(100));
    reconnect.lost(Loss::Cut, None, secs(159));
    assert_eq!(refused(&mut reconnect, 1), [secs(6)]);
}

// ---- attempts ----

fn limited(attempts: u32) -> Reconnect {
    let policy = Policy {
        max_reconnection_attempts: Some(attempts),
        ..PLAIN
    };
    Reconnect::new(policy, 1)
}

#[test]
fn attempts_are_as_many_as_the_limit() {
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
fn attempts_are_counted_anew_by_an_open_connection_and_the_delay_is_not() {
    let mut reconnect = limited(2);
    refused(&mut reconnect, 2);
    let delay = streamed(&mut reconnect, secs(0), false, Loss::Cut);
    assert_eq!(delay, secs(12));
    assert_eq!(refused(&mut reconnect, 1), [secs(24)]);
    assert_eq!(reconnect.lost(Loss::Cut, None, secs(0)), None);
}

#[test]
fn attempts_are_counted_anew_after_a_reset() {
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

// ---- idle, connect timeout ----

#[test]
fn idle_is_off_unless_set() {
    let mut reconnect = plain();
    reconnect.opened(secs(1));
    assert_eq!(reconnect.deadline(), None);
    assert!(!reconnect.is_due(Duration::MAX));
}

#[test]
fn idle_is_counted_from_the_last_byte() {
    let policy = Policy {
        idle_timeout: Some(secs(10)),
        ..PLAIN
    };
    let mut reconnect = Reconnect::new(policy, 1);
    reconnect.opened(secs(1));
    assert_eq!(reconnect.deadline(), Some(secs(11)));
    reconnect.received(secs(8));
    reconnect.delivered();
    assert_eq!(reconnect.deadline(), Some(secs(18)));
    assert!(!reconnect.is_due(ms(17_999)));
    assert!(reconnect.is_due(secs(18)));
}

#[test]
fn connect_timeout_is_counted_from_the_beginning() {
    let mut reconnect = plain();
    assert_eq!(reconnect.deadline(), None);
    reconnect.connecting(secs(5));
    reconnect.received(secs(20));
    reconnect.delivered();
    assert_eq!(reconnect.deadline(), Some(secs(35)));
    assert!(!reconnect.is_due(ms(34_999)));
    assert!(reconnect.is_due(secs(35)));
    reconnect.opened(secs(34));
    assert_eq!(reconnect.deadline(), None);
}

#[test]
fn connect_timeout_can_be_off() {
    let policy = Policy {
        connect_timeout: None,
        ..PLAIN
    };
    let mut reconnect = Reconnect::new(policy, 1);
    reconnect.connecting(secs(5));
    assert_eq!(reconnect.deadline(), None);
}

#[test]
fn a_wait_is_due_when_it_is_over() {
    let mut reconnect = plain();
    reconnect.connecting(secs(0));
    reconnect.lost(Loss::Cut, None, secs(10));
    assert_eq!(reconnect.deadline(), Some(secs(13)));
    assert!(!reconnect.is_due(ms(12_999)));
    assert!(reconnect.is_due(secs(13)));
}

// ---- the far ends ----

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
fn a_floor_above_the_ceiling_does_not_panic() {
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
fn a_clock_that_goes_back_does_not_panic() {
    let mut reconnect = plain();
    reconnect.connecting(secs(9));
    reconnect.opened(secs(8));
    reconnect.received(secs(7));
    assert_eq!(reconnect.lost(Loss::Cut, None, secs(1)), Some(secs(3)));
}

/// A server that is away for the first hour of each four, and else ends each response after a
/// minute and a half.
#[test]
fn a_day_of_outages() {
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
            let delay = reconnect.lost(Loss::End, None, now).unwrap();
            assert!(delay <= ms(4500));
            delay
        };
        assert!(delay >= secs(3) && delay <= secs(45));
        now += delay;
        assert!(reconnect.is_due(now));
    }
    // 6 hours of about 37.5 s each, and 18 hours of about 93.75 s each.
    assert!((560..=610).contains(&refused), "{refused}");
    assert!((680..=705).contains(&streams), "{streams}");
}
