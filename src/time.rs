//! Arithmetic with times.

use core::time::Duration;

/// A time in whole milliseconds, saturating at 64 bits.
pub(crate) fn millis(time: Duration) -> u64 {
    let ms = time.as_secs().saturating_mul(1000);
    ms.saturating_add(time.subsec_millis().into())
}

/// The moment at the end of a time that begins at `from`. It saturates. Not inlined, since it has many
/// callers.
#[inline(never)]
pub(crate) fn after(from: Duration, time: Duration) -> Duration {
    from.saturating_add(time)
}

/// Whether `time` is at or before `other`. Not inlined, since it is used often.
#[inline(never)]
pub(crate) fn is_within(time: Duration, other: Duration) -> bool {
    time <= other
}

/// The longer one.
pub(crate) fn longer(one: Duration, other: Duration) -> Duration {
    match is_within(one, other) {
        true => other,
        false => one,
    }
}

/// The shorter one.
pub(crate) fn shorter(one: Duration, other: Duration) -> Duration {
    match is_within(one, other) {
        true => one,
        false => other,
    }
}

/// A time in whole units of 100 µs, saturating at 32 bits: almost five days. Arithmetic with 32 bits
/// takes much less code than with 64.
#[inline(never)]
pub(crate) fn short(time: Duration) -> u32 {
    let secs = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    let units = secs.saturating_mul(UNITS_PER_SEC);
    units.saturating_add(time.subsec_nanos() / NANOS_PER_UNIT)
}

/// Converts units of 100 µs back to a `Duration`.
pub(crate) fn long(units: u32) -> Duration {
    let nanos = units % UNITS_PER_SEC * NANOS_PER_UNIT;
    moment((units / UNITS_PER_SEC).into(), nanos)
}

/// Like `Duration::new`, which can panic.
#[inline(never)]
pub(crate) fn moment(secs: u64, nanos: u32) -> Duration {
    after(
        Duration::from_secs(secs),
        Duration::from_nanos(nanos.into()),
    )
}

/// The time between two moments in whole milliseconds, saturating at 32 bits: 49 days. If `to` is
/// before `from`, the result is less than a second.
pub(crate) fn millis_between(from: Duration, to: Duration) -> u32 {
    let secs = to.as_secs().saturating_sub(from.as_secs());
    let secs = u32::try_from(secs).unwrap_or(u32::MAX);
    secs.saturating_mul(1000)
        .saturating_add(to.subsec_millis())
        .saturating_sub(from.subsec_millis())
}

/// `share` / 65,536 of a time. A result of more than 32 bits saturates.
pub(crate) fn part(units: u32, share: u32) -> u32 {
    let part = (u64::from(units) * u64::from(share)) >> 16;
    u32::try_from(part).unwrap_or(u32::MAX)
}

const UNITS_PER_SEC: u32 = 10_000;
const NANOS_PER_UNIT: u32 = 100_000;
