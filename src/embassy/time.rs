//! The clock.

use core::future::Future;
use core::time::Duration;

use embassy_time::{Duration as Ticks, Instant, TICK_HZ, Timer};

use crate::io::Clock;

/// The time since boot.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EmbassyTime;

impl Clock for EmbassyTime {
    /// The microseconds of a long uptime do not fit in `Instant::as_micros` at some tick rates: at
    /// 16,777,216 Hz it wraps after two years.
    fn now(&self) -> Duration {
        let ticks = Instant::now().as_ticks();
        let micros = (ticks % TICK_HZ) * 1_000_000 / TICK_HZ;
        Duration::from_secs(ticks / TICK_HZ).saturating_add(Duration::from_micros(micros))
    }

    fn sleep_until(&self, time: Duration) -> impl Future<Output = ()> {
        // Times are finer than the clock, which must not wake too early.
        let time = ticks(time.saturating_add(Duration::from_micros(1)));
        Timer::at(Instant::from_ticks(time.as_ticks()))
    }
}

/// At most 136 years, which is for ever. At some tick rates the microseconds of a long time do not
/// fit, though its seconds do. Beyond that, half of all ticks: embassy-time panics where the sum with
/// now does not fit.
pub(super) fn ticks(time: Duration) -> Ticks {
    let time = time.min(Duration::from_secs(u32::MAX.into()));
    u64::try_from(time.as_micros())
        .ok()
        .and_then(Ticks::try_from_micros)
        .or_else(|| Ticks::try_from_secs(time.as_secs()))
        .unwrap_or(Ticks::from_ticks(u64::MAX / 2))
}
