//! At most so many connects an hour.

use core::num::NonZero;
use core::time::Duration;

use crate::reconnect::millis;

const HOUR_MS: u64 = 3600 * 1000;

/// A limit on how often an application connects, whatever happens: for a battery or a metered line.
///
/// The first attempts, up to half of those of an hour, may come as they like; then they are spaced.
/// In no hour are there more than said.
///
/// Redirects do not count, and a reboot begins anew. Ask it before the first attempt and at each
/// [`Item::Lost`](crate::Item::Lost), and sleep until then: in the callback of a ready loop, before it
/// returns.
///
/// ```
/// use core::num::NonZero;
/// use core::time::Duration;
/// use embedded_sse::Budget;
///
/// let mut budget = Budget::per_hour(NonZero::new(2).unwrap());
/// let at = Duration::from_secs(100); // Wait::until
/// assert_eq!(budget.connect(at), at);
/// assert_eq!(budget.connect(at), at + Duration::from_secs(1800));
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Budget {
    interval_ms: u64,
    /// How far ahead of its spacing an attempt may be.
    ahead_ms: u64,
    /// When the next one would come if all had been spaced.
    next_ms: u64,
}

impl Budget {
    /// One that has not been used.
    pub const fn per_hour(most: NonZero<u16>) -> Self {
        let most = most.get() as u64;
        // An hour has these at most, and one for each interval that ends in it.
        let at_once = most - most / 2;
        let interval_ms = HOUR_MS.div_ceil(most / 2 + 1);
        Self {
            interval_ms,
            ahead_ms: interval_ms * (at_once - 1),
            next_ms: 0,
        }
    }

    /// The earliest moment from `at` on at which it allows an attempt, which then counts as made.
    pub fn connect(&mut self, at: Duration) -> Duration {
        // Rounded up: not a part of a millisecond too early.
        let at_ms = millis(at.saturating_add(Duration::from_nanos(999_999)));
        let allowed_ms = at_ms.max(self.next_ms.saturating_sub(self.ahead_ms));
        self.next_ms = self.next_ms.max(at_ms).saturating_add(self.interval_ms);
        Duration::from_millis(allowed_ms).max(at)
    }
}
