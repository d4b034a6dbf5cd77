//! embassy-time on the core's own timer, which counts milliseconds.

use core::cell::{Cell, RefCell};
use core::task::Waker;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use critical_section::Mutex;
use embassy_time_driver::{Driver, TICK_HZ};
use embassy_time_queue_utils::Queue;

const CORE_HZ: u64 = 25_000_000;

embassy_time_driver::time_driver_impl!(static CLOCK: Clock = Clock {
    now: Mutex::new(Cell::new(0)),
    alarm: Mutex::new(Cell::new(u64::MAX)),
    queue: Mutex::new(RefCell::new(Queue::new())),
});

struct Clock {
    now: Mutex<Cell<u64>>,
    alarm: Mutex<Cell<u64>>,
    queue: Mutex<RefCell<Queue>>,
}

impl Driver for Clock {
    fn now(&self) -> u64 {
        critical_section::with(|section| self.now.borrow(section).get())
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|section| {
            let mut queue = self.queue.borrow_ref_mut(section);
            if queue.schedule_wake(at, waker) {
                let next = queue.next_expiration(self.now.borrow(section).get());
                self.alarm.borrow(section).set(next);
            }
        });
    }
}

pub fn start(timer: &mut SYST) {
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload((CORE_HZ / TICK_HZ) as u32 - 1);
    timer.clear_current();
    timer.enable_interrupt();
    timer.enable_counter();
}

#[exception]
fn SysTick() {
    critical_section::with(|section| {
        let now = CLOCK.now.borrow(section).get() + 1;
        CLOCK.now.borrow(section).set(now);
        if CLOCK.alarm.borrow(section).get() <= now {
            let next = CLOCK.queue.borrow_ref_mut(section).next_expiration(now);
            CLOCK.alarm.borrow(section).set(next);
        }
    });
}
