//! The example `reboot`: lives of a device, one after the other.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::server::{Connection, LONG_WAIT, Server};
use crate::support::Tool;

struct Device {
    flash: PathBuf,
    server: Server,
}

impl Device {
    fn new(name: &str) -> Self {
        let flash = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_file(&flash);
        let server = Server::start();
        Self { flash, server }
    }

    fn boot(&self) -> Tool {
        let flash = self.flash.to_str().unwrap();
        Tool::run("reboot", &[flash, &self.server.url("/")])
    }

    fn accept(&self) -> Connection {
        let mut connection = self.server.accept();
        connection.open();
        connection
    }
}

fn send(connection: &mut Connection, device: &mut Tool, ids: std::ops::RangeInclusive<u32>) {
    for id in ids {
        connection.chunk(&format!("id: {id}\ndata: x\n\n"));
        assert_eq!(device.line().unwrap(), format!("{id} x"));
    }
}

#[test]
fn a_life_resumes_behind_what_the_last_has_finished() {
    let device = Device::new("resumes.bin");
    let mut first = device.boot();
    let mut connection = device.accept();
    assert_eq!(connection.last_event_id(), None);
    connection.chunk("retry: 1500\n\n");
    send(&mut connection, &mut first, 1..=3);
    connection.end();
    assert!(
        first
            .line()
            .unwrap()
            .starts_with("lost: the server ended the response; asleep")
    );
    first.exit(0);

    // It sleeps on in its next life, whatever has woken it.
    let end = Instant::now();
    let mut second = device.boot();
    let mut connection = device.accept();
    assert!(end.elapsed() > Duration::from_millis(1200));
    assert_eq!(connection.last_event_id(), Some("3"));
    send(&mut connection, &mut second, 4..=5);
    connection.end();
    second.line();
    second.exit(0);

    let mut third = device.boot();
    assert_eq!(device.accept().last_event_id(), Some("5"));
    third.line();
}

/// Without power from one moment to the next: what comes again is less than what one write is for.
#[test]
fn a_crash_loses_nothing() {
    let device = Device::new("crashes.bin");
    let mut first = device.boot();
    let mut connection = device.accept();
    send(&mut connection, &mut first, 1..=21);
    drop(first);
    let _second = device.boot();
    assert_eq!(device.accept().last_event_id(), Some("16"));
}

/// The delay grows over many lives of one failure each, so that a server that is down is not asked
/// again and again.
#[test]
fn the_delay_grows_over_lives() {
    let device = Device::new("backoff.bin");
    for (failure, most) in [(1, 1.0), (2, 2.0), (3, 4.0)] {
        let mut life = device.boot();
        if failure == 1 {
            // The base, so that the test is short. It holds for the other lives too.
            let mut connection = device.accept();
            connection.chunk("retry: 500\n\n");
            connection.reset();
        } else {
            device.server.accept().reset();
        }
        let line = life.line().unwrap();
        let (_, sleep) = line.split_once("asleep for ").unwrap();
        let (delay, failures) = sleep.split_once(" (").unwrap();
        assert_eq!(failures, format!("failure {failure})"));
        let seconds: f64 = match delay.strip_suffix("ms") {
            Some(ms) => ms.parse::<f64>().unwrap() / 1000.0,
            None => delay.strip_suffix('s').unwrap().parse().unwrap(),
        };
        // Random, between the base and twice what it has grown to.
        assert!((0.5..=most).contains(&seconds), "{line}");
        life.exit(0);
    }
}

#[test]
fn a_retry_after_of_any_length_is_slept_for() {
    let device = Device::new("long.bin");
    let mut life = device.boot();
    device.server.accept().reply(LONG_WAIT);
    let lost = life.line().unwrap();
    assert!(lost.starts_with("lost: status 503; asleep for 18446744073709551615"));
    assert_eq!(life.expect_exit(0), "");
    let mut asleep = device.boot();
    std::thread::sleep(Duration::from_millis(200));
    asleep.assert_runs();
    assert!(device.server.accept_at_once().is_none());
}

#[test]
fn a_refusal_is_a_bad_end() {
    let device = Device::new("refused.bin");
    let mut life = device.boot();
    let refusal = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    device.server.accept().reply(refusal);
    assert!(life.expect_complaint(1).contains("404"));
}

#[test]
fn bad_usage_is_one_clear_line() {
    let device = Device::new("unused.bin");
    let flash = device.flash.to_str().unwrap();
    for (args, code, words) in [
        (&[][..], 2, "usage: reboot"),
        (&[flash], 2, "usage: reboot"),
        (&[flash, "http://h/", "--unknown"], 2, "usage: reboot"),
        (&[flash, "--unknown"], 1, "http://"),
    ] {
        let complaint = Tool::run("reboot", args).expect_complaint(code);
        assert!(complaint.contains(words), "{args:?}: {complaint}");
    }
    assert!(!device.flash.exists());
    std::fs::write(&device.flash, "short").unwrap();
    device.boot().expect_complaint(1);
}

/// One that crashes as soon as it is connected tells nobody how long it was off.
#[test]
fn crashes_do_not_refill_the_budget() {
    let device = Device::new("budget.bin");
    for _ in 0..10 {
        let life = device.boot();
        // A connection that ended before the life would be told, and slept over.
        let _connection = device.accept();
        drop(life);
    }
    for _ in 0..2 {
        // An interval, of which there are 11 in an hour; the crashes took no time that it knows of.
        let line = device.boot().line().unwrap();
        assert_eq!(line, "too many connects: the next in 327.273s");
    }
}
