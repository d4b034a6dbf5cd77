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
fn a_base_of_zero_makes_only_the_first_attempt_immediate() {
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
fn a_base_of_zero_waits_for_the_floor_also_below_a_cap_of_zero() {
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
fn delay_stays_at_the_cap_for_ever() {
    let delays = refused(&mut plain(), 100_000);
    assert!(delays[4..].iter().all(|delay| *delay == secs(30)));
}

#[test]
fn delay_of_a_retry_is_clamped() {
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
fn delay_of_a_retry_sets_the_base_and_keeps_the_failures() {
    let mut reconnect = plain();
    assert_eq!(refused(&mut reconnect, 3), [3, 6, 12].map(secs));
    reconnect.set_reconnection_time(secs(1));
    assert_eq!(refused(&mut reconnect, 3), [8, 16, 30].map(secs));
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
fn jitter_spreads_to_either_side_but_never_below_the_base() {
    for percent in [0, 1, 50, 100, 255] {
        let (mut low, mut high) = ([Duration::MAX; 6], [Duration::ZERO; 6]);
        for seed in (0..1000).chain([u32::MAX, 1 << 31]) {
            let policy = Policy {
                jitter_percent: percent,
                ..Policy::DEFAULT
            };
            let delays = refused(&mut Reconnect::new(policy, seed), 6);
            for (index, delay) in delays.into_iter().enumerate() {
                low[index] = low[index].min(delay);
                high[index] = high[index].max(delay);
            }
        }
        for (index, delay) in [3, 6, 12, 24, 30, 30].map(secs).into_iter().enumerate() {
            let share = delay * u32::from(percent) / 100;
            let least = delay.saturating_sub(share).max(secs(3));
            let most = delay + share;
            let (low, high) = (low[index], high[index]);
            assert!(
                least <= low && high <= most,
                "{percent} {index} {low:?} {high:?}"
            );
            // All of it is used.
            let range = most - least;
            assert!(low <= least + range / 50, "{percent} {index} {low:?}");
            assert!(high >= most - range / 50, "{percent} {index} {high:?}");
        }
    }
}

#[test]
fn jitter_spreads_short_delays_too() {
    for base in [ms(1), ms(5), ms(7)] {
        let policy = Policy {
            reconnection_time: base,
            ..Policy::DEFAULT
        };
        let delay = |seed| refused(&mut Reconnect::new(policy, seed), 1)[0];
        let spread = (0..100)
            .filter(|seed| delay(*seed) > base + base / 2)
            .count();
        assert!((30..70).contains(&spread), "{base:?}: {spread}");
    }
}

#[test]
fn jitter_does_not_go_below_retry_after() {
    for seed in 0..100 {
        let mut reconnect = Reconnect::new(Policy::DEFAULT, seed);
        let delay = reconnect.lost(Loss::Cut, Some(secs(60)), secs(1)).unwrap();
        assert!(secs(60) <= delay && delay <= secs(120), "{delay:?}");
    }
}

/// The wait after a response that came to its end, with or without a `retry` in it.
fn after_an_end(seed: u32, retry: Option<Duration>, loss: Loss) -> Duration {
    let mut reconnect = Reconnect::new(Policy::DEFAULT, seed);
    reconnect.connecting(secs(1));
    reconnect.opened(secs(1));
    reconnect.delivered();
    if let Some(retry) = retry {
        reconnect.set_reconnection_time(retry);
    }
    reconnect.lost(loss, None, secs(2)).unwrap()
}

#[test]
fn jitter_adds_at_most_a_tenth_to_a_wait_that_the_server_asked_for() {
    for loss in [Loss::End, Loss::Close] {
        let waits: Vec<_> = (0..500)
            .map(|seed| after_an_end(seed, Some(secs(2)), loss))
            .collect();
        assert!(
            waits
                .iter()
                .all(|wait| secs(2) <= *wait && *wait <= ms(2200))
        );
        assert!(waits.iter().any(|wait| *wait > ms(2150)));
    }
    // Not asked for: by no `retry`, or by no end.
    let waits = (0..500).map(|seed| after_an_end(seed, None, Loss::End));
    assert!(waits.max().unwrap() > ms(5900));
    let waits = (0..500).map(|seed| after_an_end(seed, Some(secs(2)), Loss::Cut));
    assert!(waits.max().unwrap() > ms(3900));
}

/// How many of the delays lie in each tenth of the 3 s that jitter can add to 3 s.
fn tenths(delays: impl Iterator<Item = Duration>) -> [u32; 10] {
    let mut tenths = [0; 10];
    for delay in delays {
        let tenth = (delay - secs(3)).as_millis() / 300;
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

/// After three failures, so that each number shows in the next delay. Returns how many there are.
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
fn a_connection_lost_before_the_healthy_time_is_a_failure() {
    for open in [ms(0), ms(50), ms(7999)] {
        for (event, retry) in [(false, false), (true, false), (false, true), (true, true)] {
            assert_eq!(failures_after(open, event, retry, Loss::Cut), 4);
        }
    }
}

#[test]
fn each_healthy_time_takes_one_failure_back_however_it_ended() {
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
fn an_end_with_two_signs_of_intent_takes_one_failure_back() {
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
fn a_healthy_time_of_zero_clears_all_failures_when_a_connection_opens() {
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
fn healthy_times_of_weeks_are_counted() {
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
fn signs_of_an_earlier_stream_do_not_count() {
    let mut reconnect = plain();
    streamed(&mut reconnect, secs(0), true, Loss::End);
    streamed(&mut reconnect, secs(0), false, Loss::End);
    assert_eq!(streamed(&mut reconnect, secs(0), false, Loss::End), secs(6));
}

#[test]
fn the_time_before_the_opening_does_not_count() {
    let mut reconnect = plain();
    reconnect.connecting(secs(0));
    reconnect.connected(secs(50));
    reconnect.opened(secs(100));
    reconnect.lost(Loss::Cut, None, secs(107));
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
}

#[test]
fn response_timeout_is_counted_from_the_connection() {
    let mut reconnect = plain();
    reconnect.connecting(secs(5));
    reconnect.connected(secs(34));
    reconnect.received(secs(40));
    assert_eq!(reconnect.deadline(), Some(secs(334)));
    reconnect.opened(secs(300));
    assert_eq!(reconnect.deadline(), None);
}

#[test]
fn response_timeout_can_be_off() {
    let policy = Policy {
        response_timeout: None,
        ..PLAIN
    };
    let mut reconnect = Reconnect::new(policy, 1);
    reconnect.connecting(secs(5));
    reconnect.connected(secs(6));
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
            reconnect.lost(Loss::End, None, now).unwrap()
        };
        assert!(delay >= secs(3) && delay <= secs(60));
        now += delay;
        assert!(reconnect.is_due(now));
    }
    // 6 hours of about 31.5 s each, and 18 hours of about 94.5 s each, but for those after an outage.
    assert!((650..=720).contains(&refused), "{refused}");
    assert!((640..=700).contains(&streams), "{streams}");
}
