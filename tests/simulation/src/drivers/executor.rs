//! A small executor in simulated time, which can abandon a future.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use embedded_sse::io::Clock;

use crate::device::App;
use crate::memory;
use crate::network::World;
use crate::trace::Entry;

pub struct Timers<'w> {
    pub world: &'w World<'w>,
    /// The times for which the last poll waits.
    sleepers: RefCell<Vec<Duration>>,
}

impl<'w> Timers<'w> {
    pub fn new(world: &'w World<'w>) -> Self {
        let sleepers = RefCell::default();
        Self { world, sleepers }
    }

    pub fn wake_at(&self, time: Duration) {
        memory::world(|| self.sleepers.borrow_mut().push(time));
    }

    /// Waits until this time of the world.
    pub async fn sleep(&self, until: Duration) {
        poll_fn(|_| {
            if self.world.now() >= until {
                return Poll::Ready(());
            }
            self.wake_at(until);
            Poll::Pending
        })
        .await;
    }

    /// Polls a future until it is done, until this time, or until the application is interrupted. Time
    /// passes only while it waits.
    pub fn run<F: Future>(
        &self,
        app: &App<'_>,
        until: Duration,
        mut future: Pin<&mut F>,
    ) -> Option<F::Output> {
        memory::world(|| {
            let woken = Arc::new(Woken(AtomicBool::new(true)));
            let waker = Waker::from(Arc::clone(&woken));
            loop {
                self.sleep_if_due(app);
                if app.is_interrupted() {
                    return None;
                }
                self.sleepers.borrow_mut().clear();
                woken.0.store(false, Ordering::Relaxed);
                let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
                if let Poll::Ready(output) = poll {
                    return Some(output);
                }
                if self.world.now() >= until {
                    return None;
                }
                self.world.turn();
                if !woken.0.load(Ordering::Relaxed) {
                    let sleepers = self.sleepers.borrow();
                    let first = sleepers.iter().fold(until, |first, at| first.min(*at));
                    self.world.pass_until(first.min(app.interrupted_at()));
                }
            }
        })
    }

    /// The whole device sleeps, and the loop does not notice.
    pub fn sleep_if_due(&self, app: &App<'_>) {
        while let Some(until) = app.sleeps_until() {
            self.world.pass_until(until);
            self.world.tell(Entry::Slept);
        }
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The clock of the device.
impl Clock for &Timers<'_> {
    fn now(&self) -> Duration {
        self.world.device_now()
    }

    async fn sleep_until(&self, time: Duration) {
        self.sleep(self.world.to_world(time)).await;
    }
}
