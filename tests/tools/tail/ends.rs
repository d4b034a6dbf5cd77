//! Ctrl-C, and a closed output.

use std::time::Duration;

#[cfg(unix)]
use super::interrupt;
use super::{accept_and_send, event, expect_lost, expect_stopped, tail};
use crate::server::Server;
use crate::support::Tool;

#[test]
fn a_closed_output_exits_with_status_0() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let mut connection = accept_and_send(&server, &mut tail, 1);
    tail.stop_reading();
    // The next line is still read. After it, the output is closed.
    while connection.try_chunk(&event(2)).is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    tail.exit(0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_exits_with_status_0() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let _held_open = accept_and_send(&server, &mut tail, 1);
    interrupt(&tail);
    expect_stopped(&mut tail, "closed", Some(200), 0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_wait() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--reconnection-time", "60000", &url]);
    server.accept().close();
    expect_lost(&mut tail, "cut_off");
    interrupt(&tail);
    expect_stopped(&mut tail, "closed", None, 0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_exits_even_if_the_output_is_blocked() {
    let server = Server::start();
    let mut tail = Tool::run_unread("tail", &[&server.url("/")]);
    let mut connection = server.accept();
    connection.open();
    // More than the buffer of a pipe holds.
    connection.chunk(&format!("data: {}\n\n", "x".repeat(1 << 20)));
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&tail);
    tail.exit(0);
}
