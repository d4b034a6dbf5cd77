//! `Budget`: a limit for the number of attempts per hour.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::time::Duration;

use embedded_sse::{Budget, Decoder, Item, blocking};

use crate::script::{Dialer, Manner, World, default_source, gone, refuses};

#[test]
fn no_hour_has_more_attempts_than_the_budget() {
    for most in 1..=40_u16 {
        for step in [0, 1, 59, 600, 3599] {
            let mut budget = Budget::per_hour(NonZero::new(most).unwrap());
            let mut now = Duration::ZERO;
            let mut attempts = Vec::new();
            for _ in 0..500 {
                let at = budget.reserve(now);
                assert!(at >= now);
                attempts.push(at);
                now = at + Duration::from_secs(step);
            }
            let worst = most_in_an_hour(&attempts);
            assert!(worst <= usize::from(most), "{most} {step}: {worst}");
            if step == 0 {
                // It is not stricter than necessary.
                assert_eq!(worst, usize::from(most));
                assert_eq!(attempts[usize::from(most).div_ceil(2) - 1], Duration::ZERO);
            }
        }
    }
}

/// `attempts` are sorted by time.
fn most_in_an_hour(attempts: &[Duration]) -> usize {
    let hour = Duration::from_secs(3600);
    let from = |start: &Duration| attempts.partition_point(|at| at < start);
    let in_the_hour_from = |start: &Duration| from(&(*start + hour)) - from(start);
    attempts.iter().map(in_the_hour_from).max().unwrap_or(0)
}

/// The device reboots after each one to three attempts. Its clock starts again, and it does not know how
/// long it was off.
#[test]
fn no_hour_has_more_attempts_than_the_budget_over_reboots() {
    for most in 1..=40_u16 {
        let whole = Budget::per_hour(NonZero::new(most).unwrap());
        for (off, clock) in [
            (0, 0),
            (1, 0),
            (0, 12_345_678_901),
            (400_123, 77),
            (7_200_000, 0),
        ] {
            let (off, clock) = (Duration::from_millis(off), Duration::from_nanos(clock));
            let mut attempts = Vec::new();
            let (mut boot, mut used) = (Duration::ZERO, Duration::ZERO);
            let mut steady = whole.clone();
            for life in 0..200 {
                let mut now = clock;
                let mut budget = whole.clone().after_reboot(used, now);
                for _ in 0..=life % 3 {
                    now = budget.reserve(now);
                    used = budget.used(now);
                    attempts.push(boot + (now - clock));
                    if (off, clock) == (Duration::ZERO, Duration::ZERO) {
                        // Without time off, the budget allows as much as one without reboots.
                        assert_eq!(boot + now, steady.reserve(boot), "{most}, {life}");
                    }
                }
                boot += now - clock + off;
            }
            let worst = most_in_an_hour(&attempts);
            assert!(worst <= usize::from(most), "{most} {off:?}: {worst}");
        }
    }
}

/// A device that sleeps for a known time can pass the moment of waking.
#[test]
fn a_budget_recovers_during_a_sleep_of_known_length() {
    let whole = Budget::per_hour(NonZero::new(2).unwrap());
    let mut used = Duration::ZERO;
    for _ in 0..10 {
        let mut budget = whole.clone().after_reboot(used, Duration::ZERO);
        assert_eq!(budget.reserve(Duration::ZERO), Duration::ZERO);
        assert_eq!(budget.used(Duration::ZERO), Duration::from_secs(1800));
        let almost = Duration::from_secs(1800) - Duration::from_nanos(1);
        assert_eq!(budget.used(almost), Duration::from_millis(1));
        used = budget.used(Duration::from_secs(1800));
        assert_eq!(used, Duration::ZERO);
    }
    // Extreme stored values do not overflow.
    let mut budget = whole.after_reboot(Duration::MAX, Duration::MAX);
    assert!(budget.reserve(Duration::MAX) >= budget.used(Duration::ZERO));
}

#[test]
fn a_budget_delays_the_attempts_of_a_source() {
    let world = World::new(Manner::PLAIN, &[refuses(), refuses(), refuses(), gone()], 0);
    let mut decoder: Decoder<256> = Decoder::new();
    let mut source = default_source(&mut decoder);
    let mut budget = Budget::per_hour(NonZero::new(2).unwrap());
    let start = budget.reserve(world.time());
    blocking::sse(
        &mut Dialer(&world),
        &world,
        &mut source,
        &mut [0; 64],
        |item| {
            if let Item::Lost(wait) = item {
                world.pass_until(budget.reserve(wait.until));
            }
            ControlFlow::Continue(())
        },
    );
    assert!(world.time() - start >= Duration::from_secs(3 * 1800));
    let log = world.log.borrow();
    assert_eq!(
        log.all
            .iter()
            .filter(|line| line.contains("connect "))
            .count(),
        4
    );
}
