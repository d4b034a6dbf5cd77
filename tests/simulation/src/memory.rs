//! Counts the memory that the client allocates, which must be none.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};

thread_local! {
    static IS_CLIENT: Cell<bool> = const { Cell::new(false) };
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: all calls are passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IS_CLIENT.get() {
            ALLOCATED.set(ALLOCATED.get() + layout.size());
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs a part of the client.
pub fn client<T>(run: impl FnOnce() -> T) -> T {
    within(true, run)
}

/// Runs a part of the world that the client has called.
pub fn world<T>(run: impl FnOnce() -> T) -> T {
    within(false, run)
}

fn within<T>(is_client: bool, run: impl FnOnce() -> T) -> T {
    let before = IS_CLIENT.replace(is_client);
    let result = run();
    IS_CLIENT.set(before);
    result
}

/// Returns how many bytes the client has allocated since the last call.
pub fn take_allocated() -> usize {
    ALLOCATED.take()
}

/// Polls a future as a part of the client.
pub struct Client<F>(pub F);

impl<F: Future + Unpin> Future for Client<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        client(|| Pin::new(&mut self.0).poll(context))
    }
}
