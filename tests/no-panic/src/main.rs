//! The whole public interface, in any order, on values from elsewhere. It is built, not run: what
//! it shows is that it links, as the panic handler calls a function that does not exist.

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
    match input::byte() {
        // The smallest and an ordinary one: the optimizer sees the capacities.
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
        _ => control(),
    }
    0
}

/// What the tests of the test switch on.
fn control() {
    #[cfg(feature = "panics")]
    core::hint::black_box([1, 2, 3][input::number()]);
    #[cfg(feature = "allocates")]
    core::hint::black_box(alloc::boxed::Box::new(input::number()));
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: it does not exist, so nothing is ever called.
    unsafe { embedded_sse_can_panic() }
}

unsafe extern "C" {
    fn embedded_sse_can_panic() -> !;
}
