//! The clock of `std`, and the handle that stops it.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::blocking::Clock;

/// The clock of `std`: the time since it was created. Clones tell the same time and stop together.
///
/// ```
/// use embedded_sse::blocking::Clock;
/// use embedded_sse::std_net::StdTime;
///
/// let clock = StdTime::new();
/// let stop = clock.stop_handle();
/// std::thread::spawn(move || stop.stop());
/// // Sleeps for an hour, or until the thread calls `stop`.
/// clock.sleep_until(clock.now() + core::time::Duration::from_secs(3600));
/// assert!(clock.is_stopped());
/// ```
#[derive(Clone, Debug)]
pub struct StdTime {
    start: Instant,
    stop: StopHandle,
}

impl StdTime {
    /// Creates a clock that starts at zero and is not stopped.
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            stop: StopHandle::default(),
        }
    }

    /// A handle that stops the loops that use this clock. It can be cloned and sent to other threads.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }
}

impl Default for StdTime {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for StdTime {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Returns early if the clock is stopped.
    fn sleep_until(&self, time: Duration) {
        let left = time.saturating_sub(self.now());
        let shared = &*self.stop.0;
        let guard = shared.lock();
        // It fails only if the lock is poisoned, which changes nothing.
        let wait = shared
            .changed
            .wait_timeout_while(guard, left, |()| !self.is_stopped());
        drop(wait);
    }

    #[inline]
    fn is_stopped(&self) -> bool {
        self.stop.is_stopped()
    }
}

/// Stops [`blocking::sse`](crate::blocking::sse) from another thread, or from the callback.
///
/// The loop returns within about 100 ms, even while it resolves a name, connects, reads, writes or
/// sleeps. A callback is not interrupted.
#[derive(Clone, Debug, Default)]
pub struct StopHandle(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Read without the lock, because the loop asks after each item. It is set with the lock, so that a
    /// sleep that is about to begin does not miss it.
    is_stopped: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Shared {
    /// Nothing is left undone if a thread panicked while it held the lock.
    fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StopHandle {
    /// Stops all loops that use the clock. If a loop starts later, it stops before it connects. This
    /// cannot be undone: to follow the stream again, create another clock, another connector and
    /// another source.
    pub fn stop(&self) {
        let guard = self.0.lock();
        self.0.is_stopped.store(true, Ordering::Release);
        drop(guard);
        self.0.changed.notify_all();
    }

    /// Whether [`stop`](Self::stop) was called.
    #[inline]
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::Acquire)
    }
}
