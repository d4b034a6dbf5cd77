//! The ends that nobody wants. Without these a crash would be a time limit that runs out.

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};

use crate::{exit, put, put_number, status};

/// Says where, but not what: a message needs the machinery of `core::fmt`.
#[cfg_attr(target_os = "none", panic_handler)]
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "std has one"))]
fn panic(info: &PanicInfo<'_>) -> ! {
    put(b"panicked at ");
    if let Some(location) = info.location() {
        put_number(location.file(), location.line());
    }
    exit(status::PANIC)
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    put_number("HardFault at", frame.pc());
    exit(status::HARD_FAULT)
}
