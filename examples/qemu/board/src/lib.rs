//! What every firmware here stands on: words to the host, and an end with a status of its own for
//! whatever goes wrong. Nothing here formats, so that a firmware's size does not hide behind it.
#![no_std]

/// For a host, Clippy checks the firmwares beside programs that make dependencies allocate.
#[cfg(not(target_os = "none"))]
extern crate std;

mod console;
mod faults;
#[cfg(not(target_os = "none"))]
mod host;
mod stack;

pub use console::{argument, exit, put, put_number};
pub use stack::{paint_stack, peak_stack, repaint_stack};

/// What QEMU ends with when something goes wrong that is no end of a stream.
pub mod status {
    pub const PANIC: i32 = 101;
    pub const HARD_FAULT: i32 = 102;
    pub const INTERRUPT: i32 = 103;
    pub const ARGUMENTS: i32 = 104;
    pub const ETHERNET: i32 = 105;
}
