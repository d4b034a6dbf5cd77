//! How deep the stack goes below a place: all that is free there is painted, and looked at later.

use core::arch::asm;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// As cortex-m-rt's.
const PAINT: u32 = 0xCCCC_CCCC;

/// Where the stack was when it was painted.
static PAINTED: AtomicPtr<u32> = AtomicPtr::new(ptr::null_mut());

unsafe extern "C" {
    static mut _stack_end: u32;
}

/// Paints what is free of the stack. From here on the peak is counted.
#[inline(always)]
pub fn paint_stack() {
    PAINTED.store(paint_below(), Ordering::Relaxed);
}

/// Forgets the peak so far. It is still counted from where [`paint_stack`] was called.
#[inline(always)]
pub fn repaint_stack() {
    paint_below();
}

/// Returns where the stack is.
#[inline(always)]
fn paint_below() -> *mut u32 {
    let top: *mut u32;
    // SAFETY: it only reads a register.
    unsafe { asm!("mov {}, sp", out(reg) top, options(nomem, nostack, preserves_flags)) };
    let mut at = &raw mut _stack_end;
    // Upwards: an interrupt meanwhile leaves nothing above what is painted yet.
    while at < top {
        // SAFETY: between the linker's end of the stack and its pointer there is nothing.
        unsafe { at.write_volatile(PAINT) };
        at = at.wrapping_add(1);
    }
    top
}

/// In bytes, from where the stack was painted to the deepest word that was written since.
pub fn peak_stack() -> u32 {
    let (mut deepest, top) = (&raw const _stack_end, PAINTED.load(Ordering::Relaxed));
    // SAFETY: all from the end up to a place within the stack is the stack, and it is only read.
    while deepest < top.cast_const() && unsafe { deepest.read_volatile() } == PAINT {
        deepest = deepest.wrapping_add(1);
    }
    (top.addr() - deepest.addr()) as u32
}
