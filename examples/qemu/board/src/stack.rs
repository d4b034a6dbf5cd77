//! How much of the stack has ever been used: cortex-m-rt has painted it before `main`.

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    static _stack_end: u32;
    static _stack_start: u32;
}

/// In bytes, from the top to the deepest word that was written.
pub fn peak_stack() -> u32 {
    let (mut deepest, start) = (&raw const _stack_end, &raw const _stack_start);
    // SAFETY: all between the linker's two symbols is the stack, and it is only read.
    while deepest < start && unsafe { deepest.read_volatile() } == STACK_PAINT_VALUE {
        deepest = deepest.wrapping_add(1);
    }
    (start.addr() - deepest.addr()) as u32
}
