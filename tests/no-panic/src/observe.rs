use core::cell::{Cell, RefCell};
use core::hint::black_box;
use core::num::NonZero;

use embedded_sse::Budget;
use embedded_sse::hooks::{Counters, Heartbeat, Hooks, Recent};

use crate::display::display;
use crate::input;

pub struct Observers {
    pub counters: Cell<Counters>,
    pub recent: RefCell<Recent<64>>,
    pub heartbeat: Cell<Heartbeat>,
}

impl Observers {
    pub fn new() -> Self {
        Self {
            counters: Cell::default(),
            recent: RefCell::default(),
            heartbeat: Cell::new(Heartbeat::new(input::time(), input::time())),
        }
    }

    pub fn look(&self) {
        display(self.counters.get());
        if let Ok(recent) = self.recent.try_borrow() {
            display(&*recent);
            black_box(recent.bytes());
        }
        black_box(self.heartbeat.get().idle_timeout());
    }
}

pub fn every_call() {
    let Some(most) = NonZero::new(input::number() as u16) else {
        return;
    };
    let mut budget = Budget::per_hour(most).after_reboot(input::time(), input::time());
    black_box(budget.used(input::time()));
    while input::flag() {
        black_box(budget.reserve(input::time()));
    }
}
