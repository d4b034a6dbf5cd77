//! An idle timeout that is learned.

use core::time::Duration;

use super::Hooks;
use crate::item::Item;
use crate::step::LossCause;
use crate::time::millis;

/// Learns the idle timeout from the server's heartbeat: three times the longest silence so far, within
/// bounds.
///
/// The timeout is the upper bound until it has listened for that long. After a stream was lost by
/// silence, it learns anew.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat {
    least: Duration,
    most: Duration,
    is_open: bool,
    heard_ms: Option<u64>,
    listened_ms: u64,
    longest_ms: u64,
}

impl Heartbeat {
    /// The timeout is never above `most`, and never below `least` unless that is above `most`.
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
        // The time between two streams says nothing.
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
