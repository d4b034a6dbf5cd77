//! Counts instructions by the board's timer 0. QEMU has to run with `-icount shift=0`, where an instruction
//! takes 1 ns, so a tick of this timer takes 40 instructions.

use core::cell::Cell;
use core::future::poll_fn;
use core::pin::Pin;

const INSTRUCTIONS_PER_TICK: u64 = 40;

const TIMER: *mut u32 = 0x4000_0000 as *mut u32;

/// The offsets of its registers.
#[derive(Clone, Copy)]
enum Register {
    Control = 0x0,
    Value = 0x4,
    Reload = 0x8,
}

/// The instructions of a future. While the future waits, nothing is counted.
pub struct Counter {
    /// Those of the polls that have ended.
    before: Cell<u64>,
    /// When the last poll began.
    start: Cell<u32>,
}

impl Counter {
    /// Starts the timer. If QEMU runs in any other way, a loop of a known length takes another time,
    /// which is a panic.
    pub fn start() -> Self {
        const ROUNDS: u32 = 2_000_000;
        write(Register::Reload, u32::MAX);
        write(Register::Value, u32::MAX);
        write(Register::Control, 1);
        let counter = Self {
            before: Cell::new(0),
            start: Cell::new(now()),
        };
        // Each round takes two instructions.
        cortex_m::asm::delay(ROUNDS);
        let off = counter.count().abs_diff(2 * u64::from(ROUNDS));
        assert!(
            off <= 2 * INSTRUCTIONS_PER_TICK,
            "-icount shift=0 is missing"
        );
        counter
    }

    /// Runs the future from a count of 0.
    pub async fn run<F: Future>(&self, mut future: Pin<&mut F>) -> F::Output {
        self.before.set(0);
        poll_fn(|context| {
            self.start.set(now());
            let poll = future.as_mut().poll(context);
            self.before.set(self.count());
            poll
        })
        .await
    }

    /// The instructions so far. To be called in a poll of the future.
    pub fn count(&self) -> u64 {
        let ticks = self.start.get().wrapping_sub(now());
        self.before.get() + u64::from(ticks) * INSTRUCTIONS_PER_TICK
    }
}

fn now() -> u32 {
    // SAFETY: it reads a register of the timer, and only this file knows of it.
    unsafe { TIMER.byte_add(Register::Value as usize).read_volatile() }
}

fn write(register: Register, value: u32) {
    // SAFETY: as above.
    unsafe { TIMER.byte_add(register as usize).write_volatile(value) }
}
