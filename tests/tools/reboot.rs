//! The example `reboot`. Each run of it is one life of a device, from power-on to sleep or power loss.

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
fn a_life_resumes_after_the_last_finished_event() {
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

    // If the device wakes early, it sleeps on in its next life.
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

/// The power fails at any moment. At most the events since the last write come again.
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

/// Each life fails once, and the delay grows from life to life, to spare a server that is down.
#[test]
fn the_delay_grows_over_lives() {
    let device = Device::new("backoff.bin");
    for (failure, most) in [(1, 1.0), (2, 2.0), (3, 4.0)] {
        let mut life = device.boot();
        if failure == 1 {
            // A short base delay, to keep the test short. The device stores it for its next lives.
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
        // Random: between the base delay and twice the delay so far.
        assert!((0.5..=most).contains(&seconds), "{line}");
        life.exit(0);
    }
}

#[test]
fn a_retry_after_of_any_length_is_obeyed() {
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
fn a_refusal_exits_with_status_1() {
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

/// A device that crashes as soon as it is connected does not know for how long it was off.
#[test]
fn crashes_do_not_refill_the_budget() {
    let device = Device::new("budget.bin");
    for _ in 0..10 {
        let life = device.boot();
        // If the connection ended before the life does, the device would report it and sleep.
        let _connection = device.accept();
        drop(life);
    }
    for _ in 0..2 {
        // One of the 11 intervals of an hour. The device does not know that the crashes took time.
        let line = device.boot().line().unwrap();
        assert_eq!(line, "too many connects: the next in 327.273s");
    }
}
