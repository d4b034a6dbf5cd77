//! The clock of embassy-time.

use core::future::Future;
use core::time::Duration;

use embassy_time::{Duration as Ticks, Instant, TICK_HZ, Timer};

use crate::io::Clock;
use crate::time::moment;

/// The clock of embassy-time: the time since boot.
///
/// ```no_run
/// use embedded_sse::embassy::EmbassyTime;
/// use embedded_sse::io::Clock;
///
/// let uptime = EmbassyTime.now();
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EmbassyTime;

impl Clock for EmbassyTime {
    /// `Instant::as_micros` overflows at some tick rates: at 16,777,216 Hz after two years.
    fn now(&self) -> Duration {
        let ticks = Instant::now().as_ticks();
        let nanos = (ticks % TICK_HZ) * 1_000_000_000 / TICK_HZ;
        moment(ticks / TICK_HZ, nanos as u32)
    }

    fn sleep_until(&self, time: Duration) -> impl Future<Output = ()> {
        Timer::at(Instant::from_ticks(ticks(time).as_ticks()))
    }
}

/// Converts a time to ticks, limited to 136 years. It rounds up, so that a timer does not wake too
/// early. The result is at most half of all ticks, since embassy-time panics if the sum with the current
/// time overflows.
#[inline(never)]
pub(super) fn ticks(time: Duration) -> Ticks {
    let fraction = Ticks::from_nanos(time.subsec_nanos().into());
    let secs = time.as_secs().min(u32::MAX.into());
    let ticks = secs.saturating_mul(TICK_HZ);
    let ticks = ticks.saturating_add(fraction.as_ticks());
    Ticks::from_ticks(ticks.min(u64::MAX / 2))
}
