//! A limit on connection attempts per hour.

use core::num::NonZero;
use core::time::Duration;

use crate::time::millis;

const HOUR_MS: u64 = 3600 * 1000;

/// A limit on the number of connection attempts per hour, for batteries and metered lines.
///
/// The limit holds for every period of one hour. The first attempts, up to half of the limit (rounded up), may
/// follow each other at once. The later ones are spaced evenly.
///
/// Call [`reserve`](Self::reserve) before the first attempt and at each
/// [`Item::Lost`](crate::Item::Lost), and sleep until the time that it returns. With a ready loop
/// (`sse`), sleep in the callback. Redirects do not count. A reboot resets the limit, unless you
/// store [`used`](Self::used) and restore it with [`after_reboot`](Self::after_reboot).
///
/// ```
/// use core::num::NonZero;
/// use core::time::Duration;
/// use embedded_sse::Budget;
///
/// let mut budget = Budget::per_hour(NonZero::new(2).unwrap());
/// let at = Duration::from_secs(100); // Wait::until
/// assert_eq!(budget.reserve(at), at);
/// assert_eq!(budget.reserve(at), at + Duration::from_secs(1800));
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Budget {
    interval_ms: u64,
    /// How early an attempt may come, compared with evenly spaced attempts.
    ahead_ms: u64,
    /// The time of the next attempt if all attempts were evenly spaced.
    next_ms: u64,
}

impl Budget {
    /// Creates a budget of at most `most` attempts in any hour, none of them used.
    pub const fn per_hour(most: NonZero<u16>) -> Self {
        let most = most.get() as u64;
        // An hour contains at most this many attempts at once, plus one for each interval that ends
        // in it.
        let at_once = most - most / 2;
        let interval_ms = HOUR_MS.div_ceil(most / 2 + 1);
        Self {
            interval_ms,
            ahead_ms: interval_ms * (at_once - 1),
            next_ms: 0,
        }
    }

    /// Restores the budget after a reboot.
    ///
    /// `used` is the value of [`used`](Self::used) from before the reboot. `now` is the current
    /// time of the clock, which may have restarted at 0. The limit must be the same as before.
    ///
    /// The time that the device was off counts as zero, so after a long time off the budget allows
    /// fewer attempts than the limit, never more.
    pub fn after_reboot(mut self, used: Duration, now: Duration) -> Self {
        self.next_ms = millis_up(now).saturating_add(millis_up(used));
        self
    }

    /// Returns how much of the budget is used at `now`: the time until all of it is available
    /// again, in whole milliseconds. Store this value to keep the budget across a reboot.
    ///
    /// Store it before each attempt. Before a deep sleep of known length, pass the time of waking
    /// up as `now`.
    pub fn used(&self, now: Duration) -> Duration {
        Duration::from_millis(self.next_ms.saturating_sub(millis(now)))
    }

    /// Reserves one attempt and returns the earliest time at which it may start: `at` or later.
    pub fn reserve(&mut self, at: Duration) -> Duration {
        let at_ms = millis_up(at);
        let allowed_ms = at_ms.max(self.next_ms.saturating_sub(self.ahead_ms));
        self.next_ms = self.next_ms.max(at_ms).saturating_add(self.interval_ms);
        Duration::from_millis(allowed_ms).max(at)
    }
}

/// Rounds up to whole milliseconds, so that no attempt starts early.
fn millis_up(time: Duration) -> u64 {
    millis(time.saturating_add(Duration::from_nanos(999_999)))
}
