//! Values that are unknown to the optimizer, because an external function writes them.

use core::time::Duration;

/// At most as many unknown bytes as fit in the buffer.
pub fn bytes(buffer: &mut [u8]) -> &[u8] {
    // SAFETY: pointer and length belong to one buffer, which is borrowed mutably.
    let len = unsafe { read(0, buffer.as_mut_ptr(), buffer.len()) };
    let len = usize::try_from(len).unwrap_or_default();
    buffer.get(..len).unwrap_or_default()
}

pub fn text(buffer: &mut [u8]) -> &str {
    str::from_utf8(bytes(buffer)).unwrap_or_default()
}

pub fn number() -> usize {
    let mut buffer = [0; size_of::<usize>()];
    bytes(&mut buffer);
    usize::from_ne_bytes(buffer)
}

pub fn byte() -> u8 {
    number() as u8
}

pub fn flag() -> bool {
    byte() & 1 == 1
}

pub fn option<T>(value: T) -> Option<T> {
    flag().then_some(value)
}

/// Any duration from zero to [`Duration::MAX`].
pub fn time() -> Duration {
    let nanos = number() as u32 % 1_000_000_000;
    Duration::from_secs(number() as u64).saturating_add(Duration::from_nanos(nanos.into()))
}

// Without an operating system, `tests/it/no_panic.rs` gives the linker an address for it.
#[cfg_attr(target_os = "macos", link(name = "System"))]
#[cfg_attr(target_os = "linux", link(name = "c"))]
unsafe extern "C" {
    fn read(file: i32, buffer: *mut u8, len: usize) -> isize;
}
