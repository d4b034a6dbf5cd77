//! The clock against which mbedtls-rs checks the dates of certificates.

use mbedtls_rs::sys::hook::backend::std::timer::StdTimer;
use mbedtls_rs::sys::hook::backend::std::wall_clock::StdWallClock;
use mbedtls_rs::sys::hook::timer::hook_timer;
use mbedtls_rs::sys::hook::wall_clock::hook_wall_clock;

/// Lets mbedtls-rs read the clock of this computer. On a microcontroller, it needs one that was set.
pub fn use_clock() {
    static TIMER: StdTimer = StdTimer;
    static CLOCK: StdWallClock = StdWallClock;
    // SAFETY: both live for ever. These functions only store the references, under a lock.
    unsafe {
        hook_timer(Some(&TIMER));
        hook_wall_clock(Some(&CLOCK));
    }
}
