//! At most so many connects an hour.

use core::num::NonZero;
use core::time::Duration;

use crate::time::millis;

const HOUR_MS: u64 = 3600 * 1000;

/// A limit on how often an application connects, whatever happens: for a battery or a metered line.
///
/// The first attempts, up to half of those of an hour, may come as they like; then they are spaced.
/// In no hour are there more than said.
///
/// Redirects do not count. Ask it before the first attempt and at each
/// [`Item::Lost`](crate::Item::Lost), and sleep until then: in the callback of a ready loop, before it
/// returns. A reboot begins anew, unless you keep [`used`](Self::used) and give it to
/// [`after_reboot`](Self::after_reboot).
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

    /// One of which so much was [`used`](Self::used) before a reboot; `now` is by the clock of after
    /// it, which may have begun at 0. `most` is to be the same.
    ///
    /// How long it was off it need not know: it takes that for no time at all, and so allows too
    /// little rather than too much.
    pub fn after_reboot(mut self, used: Duration, now: Duration) -> Self {
        self.next_ms = millis_up(now).saturating_add(millis_up(used));
        self
    }

    /// How much of it is used at `now`, to be kept over a reboot: the time, in whole milliseconds,
    /// until it is as if it had not been used. Ask it when an attempt is about to be made, and keep
    /// it before that is made. Who sleeps for a time that is known asks for the moment of waking.
    pub fn used(&self, now: Duration) -> Duration {
        Duration::from_millis(self.next_ms.saturating_sub(millis(now)))
    }

    /// The earliest moment from `at` on at which it allows an attempt, which then counts as made.
    pub fn reserve(&mut self, at: Duration) -> Duration {
        let at_ms = millis_up(at);
        let allowed_ms = at_ms.max(self.next_ms.saturating_sub(self.ahead_ms));
        self.next_ms = self.next_ms.max(at_ms).saturating_add(self.interval_ms);
        Duration::from_millis(allowed_ms).max(at)
    }
}

/// Not a part of a millisecond too early.
fn millis_up(time: Duration) -> u64 {
    millis(time.saturating_add(Duration::from_nanos(999_999)))
}
