//! The example `reboot`: lives of a device, one after the other.

#[path = "support/server.rs"]
mod server;
mod support;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use server::{Connection, Server};
use support::Tool;

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
    let mut delays = Vec::new();
    for _ in 0..3 {
        let mut life = device.boot();
        if delays.is_empty() {
            // The base, so that the test is short.
            let mut connection = device.accept();
            connection.chunk("retry: 500\n\n");
            connection.reset();
        } else {
            device.server.accept().reset();
        }
        let line = life.line().unwrap();
        let delay = line.split("asleep for ").nth(1).unwrap();
        delays.push(delay.to_owned());
        life.exit(0);
    }
    let seconds: Vec<f64> = delays
        .iter()
        .map(|delay| match delay.strip_suffix("ms") {
            Some(ms) => ms.parse::<f64>().unwrap() / 1000.0,
            None => delay.strip_suffix('s').unwrap().parse().unwrap(),
        })
        .collect();
    // From what the first life was asked for, which holds for the others too.
    for (life, least) in [0.5, 1.0, 2.0].into_iter().enumerate() {
        let most = least * 1.5;
        assert!((least..most).contains(&seconds[life]), "{delays:?}");
    }
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
