//! Rule: jitter.

use std::time::Duration;

use embedded_sse::{Loss, Policy, Reconnect};

use super::{ms, refused, secs, streamed};

#[test]
fn jitter_uses_its_whole_range_but_never_goes_below_the_base() {
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
            // The delays use the whole range.
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
fn jitter_is_spread_between_retry_after_and_the_percentage_above_it() {
    for wait in [10, 60, 3600].map(secs) {
        let delays = (0..1000).map(|seed| {
            let mut reconnect = Reconnect::new(Policy::DEFAULT, seed);
            reconnect.lost(Loss::Cut, Some(wait), secs(1)).unwrap()
        });
        let tenths = tenths(wait, delays);
        assert!(tenths.iter().all(|n| (70..=130).contains(n)), "{tenths:?}");
    }
}

/// The wait after a response that was lost in this way, with or without a `retry` field.
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
    // The server did not ask for these waits: there was no `retry`, or the response was cut off.
    let waits = (0..500).map(|seed| after_an_end(seed, None, Loss::End));
    assert!(waits.max().unwrap() > ms(5900));
    let waits = (0..500).map(|seed| after_an_end(seed, Some(secs(2)), Loss::Cut));
    assert!(waits.max().unwrap() > ms(3900));
}

/// Counts the delays in each tenth of the range from `base` to twice as much.
fn tenths(base: Duration, delays: impl Iterator<Item = Duration>) -> [u32; 10] {
    let mut tenths = [0; 10];
    for delay in delays {
        let tenth = (delay - base).as_micros() * 10 / base.as_micros();
        tenths[usize::try_from(tenth).unwrap()] += 1;
    }
    tenths
}

fn first_delay(seed: u32) -> Duration {
    refused(&mut Reconnect::new(Policy::DEFAULT, seed), 1)[0]
}

#[test]
fn jitter_is_spread_over_neighbouring_seeds() {
    for start in [0, 1000, 1 << 24, u32::MAX - 999] {
        let tenths = tenths(secs(3), (0..1000).map(|seed| first_delay(start + seed)));
        assert!(tenths.iter().all(|n| (70..=130).contains(n)), "{tenths:?}");
    }
}

#[test]
fn jitter_is_spread_over_distant_seeds() {
    for step in [256, 1000, 65_536, 1 << 20] {
        let tenths = tenths(secs(3), (0..1000).map(|seed| first_delay(step * seed)));
        assert!(
            tenths.iter().all(|n| (50..=150).contains(n)),
            "{step} {tenths:?}"
        );
    }
}

#[test]
fn jitter_is_spread_over_the_waits_of_one_device() {
    for seed in [0, 1, 12_345, u32::MAX] {
        let mut reconnect = Reconnect::new(Policy::DEFAULT, seed);
        let delay = |_| streamed(&mut reconnect, secs(0), true, Loss::End);
        let tenths = tenths(secs(3), (0..1000).map(delay));
        assert!(tenths.iter().all(|n| (70..=130).contains(n)), "{tenths:?}");
    }
}

/// The full period of Marsaglia's xorshift32 keeps every device out of short cycles. The upper half of each number
/// is the share of the jitter.
#[test]
fn jitter_takes_its_random_numbers_from_xorshift32() {
    for seed in [1, 42, u32::MAX] {
        let mut state = seed.wrapping_mul(0x9E37_79B1);
        let mut reconnect = Reconnect::new(Policy::DEFAULT, seed);
        for _ in 0..50 {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let want = secs(3).mul_f64(1.0 + f64::from(state >> 16) / 65_536.0);
            let wait = streamed(&mut reconnect, secs(0), true, Loss::End);
            assert!(wait.abs_diff(want) <= ms(1), "{seed}: {wait:?}, {want:?}");
        }
    }
}
