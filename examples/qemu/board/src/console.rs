//! Semihosting: the debugger's way to talk with a machine, which here is QEMU's.

#[cfg(not(target_os = "none"))]
use crate::host as semihosting;
use semihosting::experimental::env::{Args, args};
use semihosting::io::{Write, stdout};

use crate::status;

/// What a run was told is in here.
const ARGUMENTS: usize = 1536;

/// Writes to the standard output.
pub fn put(text: &[u8]) {
    // Who could be told that there is none?
    let _written = stdout().and_then(|mut out| out.write_all(text));
}

/// Writes `name number`, and ends the line.
pub fn put_number(name: &str, number: u32) {
    let mut digits = [0; 10];
    let mut start = digits.len();
    let mut rest = number;
    while start == digits.len() || rest > 0 {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    put(name.as_bytes());
    put(b" ");
    put(&digits[start..]);
    put(b"\n");
}

/// Ends QEMU with this status.
pub fn exit(status: i32) -> ! {
    semihosting::process::exit(status)
}

/// What the run was told as `name=value`; `then` gets the value, or `None`.
pub fn argument<T>(name: &str, then: impl FnOnce(Option<&str>) -> T) -> T {
    let Ok(arguments): Result<Args<ARGUMENTS>, _> = args() else {
        put(b"the arguments are missing or too long\n");
        exit(status::ARGUMENTS)
    };
    let mut words = (&arguments).into_iter().filter_map(Result::ok);
    then(words.find_map(|word| word.strip_prefix(name)?.strip_prefix('=')))
}
