//! Arithmetic with times.

use core::time::Duration;

/// A time in whole milliseconds, saturating at 64 bits.
pub(crate) fn millis(time: Duration) -> u64 {
    let ms = time.as_secs().saturating_mul(1000);
    ms.saturating_add(time.subsec_millis().into())
}

/// A time in whole microseconds, saturating at 64 bits.
pub(crate) fn micros(time: Duration) -> u64 {
    let us = time.as_secs().saturating_mul(1_000_000);
    us.saturating_add(time.subsec_micros().into())
}

/// `share` / 65,536 of a time.
pub(crate) fn part(time: u64, share: u32) -> u64 {
    let share = u64::from(share);
    let rest = ((time & 0xFFFF) * share) >> 16;
    (time >> 16).saturating_mul(share).saturating_add(rest)
}

/// How many times `each` fits in `ms`, both in milliseconds. It uses 32 bits, because a 64-bit
/// division takes much code. Times of more than 49 days count as 49 days.
pub(crate) fn whole_times(ms: u64, each: u64) -> u32 {
    let short = |ms| u32::try_from(ms).unwrap_or(u32::MAX);
    short(ms).checked_div(short(each)).unwrap_or(u32::MAX)
}
