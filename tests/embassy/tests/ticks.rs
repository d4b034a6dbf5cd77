//! Times at a tick rate for which a product of microseconds and ticks does not fit in 64 bits.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Waker};
use std::time::Duration;

use embassy_time_driver::{Driver, TICK_HZ, time_driver_impl};
use embedded_sse::embassy::EmbassyTime;
use embedded_sse::io::Clock;

/// A clock that stands still, at this tick.
struct Still;

static NOW: AtomicU64 = AtomicU64::new(1);

impl Driver for Still {
    fn now(&self) -> u64 {
        NOW.load(Relaxed)
    }

    fn schedule_wake(&self, _: u64, _: &Waker) {}
}

time_driver_impl!(static DRIVER: Still = Still);

#[test]
fn no_time_overflows_at_any_tick_rate() {
    assert_eq!(TICK_HZ, 524_288);
    let mut context = Context::from_waker(Waker::noop());
    for exponent in 0..64 {
        for time in [
            Duration::from_micros(1 << exponent),
            Duration::from_secs(1 << exponent),
            Duration::MAX,
        ] {
            let sleep = pin!(EmbassyTime.sleep_until(time));
            assert!(sleep.poll(&mut context).is_pending(), "{time:?}");
        }
    }
    let past = pin!(EmbassyTime.sleep_until(Duration::ZERO));
    // It may end in the next tick, because times are finer than ticks.
    let _ = past.poll(&mut context);

    // Long uptimes do not overflow either.
    for seconds in [0, 1, 1 << 26, u64::MAX / TICK_HZ] {
        NOW.store(seconds * TICK_HZ + TICK_HZ / 4, Relaxed);
        let now = EmbassyTime.now();
        assert_eq!(
            now,
            Duration::from_millis(250) + Duration::from_secs(seconds)
        );
    }
}
