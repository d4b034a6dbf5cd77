//! An idle timeout learned from the server's heartbeat.

use core::time::Duration;

use super::Hooks;
use crate::item::Item;
use crate::step::LossCause;
use crate::time::millis;

/// Learns the idle timeout from the server's heartbeat. The timeout is three times the longest
/// silence so far, within limits.
///
/// The timeout is the upper limit until streams were observed for that long in total. After a loss
/// by idle timeout it starts again.
///
/// ```
/// use core::time::Duration;
/// use embedded_sse::hooks::Heartbeat;
/// # use embedded_sse::*;
///
/// # let mut decoder: Decoder<1024> = Decoder::new();
/// # let request = Request::get(Url::parse("http://h/").unwrap());
/// # let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
/// let (least, most) = (Duration::from_secs(10), Duration::from_secs(120));
/// let source = source.with_hooks(Heartbeat::new(least, most));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Heartbeat {
    least: Duration,
    most: Duration,
    is_open: bool,
    heard_ms: Option<u64>,
    listened_ms: u64,
    longest_ms: u64,
}

impl Heartbeat {
    /// Creates a heartbeat that has learned nothing. The timeout is at least `least` and at most
    /// `most`. If `least` is greater than `most`, `most` counts.
    pub const fn new(least: Duration, most: Duration) -> Self {
        Self {
            least,
            most,
            is_open: false,
            heard_ms: None,
            listened_ms: 0,
            longest_ms: 0,
        }
    }
}

impl Hooks for Heartbeat {
    fn received(&mut self, _: &[u8], now: Duration) {
        let now_ms = millis(now);
        let heard_ms = self.heard_ms.replace(now_ms);
        // The time between two streams is not a silence of the server.
        if self.is_open
            && let Some(heard_ms) = heard_ms
        {
            let silence_ms = now_ms.saturating_sub(heard_ms);
            self.listened_ms = self.listened_ms.saturating_add(silence_ms);
            self.longest_ms = self.longest_ms.max(silence_ms);
        }
    }

    fn told(&mut self, item: &Item<'_>) {
        let cause = match item {
            Item::Open(_) => {
                self.is_open = true;
                return;
            }
            Item::Lost(wait) => Some(wait.cause),
            Item::Stopped(stop) => stop.cause,
            _ => return,
        };
        self.is_open = false;
        if cause == Some(LossCause::IdleTimeout) {
            self.listened_ms = 0;
            self.longest_ms = 0;
        }
    }

    fn idle_timeout(&self) -> Option<Duration> {
        if Duration::from_millis(self.listened_ms) < self.most {
            return Some(self.most);
        }
        let learned = Duration::from_millis(self.longest_ms.saturating_mul(3));
        Some(learned.max(self.least).min(self.most))
    }
}
