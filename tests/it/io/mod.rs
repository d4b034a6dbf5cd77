//! The ready loops: `sse`, sessions, and the blocking loop. All of them must report the same.

mod callers;
mod loops;
mod ready;
mod transport;

use crate::script::{Connection, Script, gone, ms};

fn get() -> Script<'static> {
    Script::get("http://h/").shows_all()
}

/// Checks what the application gets from this connection, before the stop.
#[track_caller]
fn assert_told(first: Connection, want: &[&str]) {
    let log = get()
        .policy(|policy| policy.idle_timeout = Some(ms(5000)))
        .then(first)
        .then(gone())
        .run();
    let (end, told) = log
        .told()
        .split_last()
        .map(|(end, told)| (*end, told.to_vec()))
        .unwrap();
    assert_eq!((told.as_slice(), end), (want, "stop NoContent"));
}
