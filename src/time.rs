//! Arithmetic with times.

use core::time::Duration;

/// Whole milliseconds, at most 64 bits of them.
pub(crate) fn millis(time: Duration) -> u64 {
    let ms = time.as_secs().saturating_mul(1000);
    ms.saturating_add(time.subsec_millis().into())
}

/// How many times `each` fits in `time`. In 32 bits, as a division of 64 takes much code; times of
/// more than 49 days count as 49 days.
pub(crate) fn whole_times(time: Duration, each: Duration) -> u32 {
    let ms = |time| u32::try_from(millis(time)).unwrap_or(u32::MAX);
    ms(time).checked_div(ms(each)).unwrap_or(u32::MAX)
}

/// `saturating_sub`, in which the optimizer does not see that it cannot panic.
pub(crate) fn minus(a: Duration, b: Duration) -> Duration {
    let secs = a.as_secs().saturating_sub(b.as_secs());
    match a.subsec_nanos().checked_sub(b.subsec_nanos()) {
        _ if a <= b => Duration::ZERO,
        Some(nanos) => Duration::from_secs(secs).saturating_add(Duration::new(0, nanos)),
        None => {
            let nanos = 1_000_000_000 - (b.subsec_nanos() - a.subsec_nanos());
            Duration::from_secs(secs.saturating_sub(1)).saturating_add(Duration::new(0, nanos))
        }
    }
}
