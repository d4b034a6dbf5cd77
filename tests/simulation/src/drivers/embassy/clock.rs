//! The clock of embassy-time: simulated, and one for each thread.

use std::cell::{Cell, RefCell};
use std::task::Waker;
use std::time::Duration;

use embassy_time_driver::{Driver, TICK_HZ, time_driver_impl};

use crate::memory;

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
    static TIMERS: RefCell<Vec<(u64, Waker)>> = const { RefCell::new(Vec::new()) };
}

struct Simulated;

impl Driver for Simulated {
    fn now(&self) -> u64 {
        NOW.get()
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        memory::world(|| {
            TIMERS.with_borrow_mut(|timers| {
                let mut same = timers.iter_mut();
                match same.find(|(_, other)| other.will_wake(waker)) {
                    Some((other, _)) => *other = at.min(*other),
                    None => timers.push((at, waker.clone())),
                }
            });
        });
    }
}

time_driver_impl!(static DRIVER: Simulated = Simulated);

/// Begins a new world.
pub fn reset() {
    NOW.set(0);
    TIMERS.with_borrow_mut(Vec::clear);
}

/// When the next timer ends.
pub fn next() -> Option<Duration> {
    let next = TIMERS.with_borrow(|timers| timers.iter().map(|(at, _)| *at).min());
    next.map(|at| Duration::from_micros(at / (TICK_HZ / 1_000_000)))
}

/// Lets the time pass, and wakes whoever waits for it.
pub fn pass_until(time: Duration) {
    let ticks = time.as_micros() as u64 * (TICK_HZ / 1_000_000);
    NOW.set(ticks.max(NOW.get()));
    let due = TIMERS.with_borrow_mut(|timers| {
        let (due, later) = timers.drain(..).partition(|(at, _)| *at <= NOW.get());
        *timers = later;
        due
    });
    let due: Vec<(u64, Waker)> = due;
    for (_, waker) in due {
        waker.wake();
    }
}
