//! The clock of embassy-time.

use core::future::Future;
use core::time::Duration;

use embassy_time::{Duration as Ticks, Instant, TICK_HZ, Timer};

use crate::io::Clock;

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
        let micros = (ticks % TICK_HZ) * 1_000_000 / TICK_HZ;
        Duration::from_secs(ticks / TICK_HZ).saturating_add(Duration::from_micros(micros))
    }

    fn sleep_until(&self, time: Duration) -> impl Future<Output = ()> {
        // A deadline is finer than a tick. Round up, so that the timer does not wake too early.
        let time = ticks(time.saturating_add(Duration::from_micros(1)));
        Timer::at(Instant::from_ticks(time.as_ticks()))
    }
}

/// Converts a time to ticks, limited to 136 years. At some tick rates the microseconds of a long
/// time overflow while its seconds do not. If the seconds overflow too, this returns half of all
/// ticks, since embassy-time panics if the sum with the current time overflows.
pub(super) fn ticks(time: Duration) -> Ticks {
    let time = time.min(Duration::from_secs(u32::MAX.into()));
    u64::try_from(time.as_micros())
        .ok()
        .and_then(Ticks::try_from_micros)
        .or_else(|| Ticks::try_from_secs(time.as_secs()))
        .unwrap_or(Ticks::from_ticks(u64::MAX / 2))
}
