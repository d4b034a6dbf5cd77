//! Calls the whole public interface, in any order, with unknown values. The program is built but never run.
//! Its panic handler calls a function that does not exist, so the program links only if nothing can panic.

#![no_std]
#![no_main]

#[cfg(feature = "allocates")]
extern crate alloc;

mod decoder;
mod display;
mod encoder;
mod input;
mod json;
mod observe;
mod reconnect;
mod source;
mod url;

use core::panic::PanicInfo;

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    if cfg!(any(feature = "panics", feature = "allocates")) {
        control();
        return 0;
    }
    match input::byte() {
        // The optimizer sees the capacities, so call the smallest and a usual one.
        0 => decoder::every_call::<0, 0>(),
        1 => decoder::every_call::<4096, 64>(),
        2 => source::every_call::<128, 0>(),
        3 => source::every_call::<4096, 64>(),
        4 => reconnect::every_call(),
        5 => url::every_call(),
        6 => encoder::every_call(),
        7 => observe::every_call(),
        8 => decoder::every_call_in_pieces(),
        9 => json::every_type(),
        _ => {}
    }
    0
}

/// What must not link, to check the method.
fn control() {
    #[cfg(feature = "panics")]
    core::hint::black_box([1, 2, 3][input::number()]);
    #[cfg(feature = "allocates")]
    core::hint::black_box(alloc::boxed::Box::new(input::number()));
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: the function does not exist, so a program that calls it does not link.
    unsafe { embedded_sse_can_panic() }
}

unsafe extern "C" {
    fn embedded_sse_can_panic() -> !;
}
