//! What can happen to a client in the field, each once.

use std::ops::RangeInclusive;
use std::thread::sleep;
use std::time::Duration;

use crate::scenario::Scenario;
use crate::server::{OPEN, Server};

pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "happy",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            let mut connection = stage.server.open_after(0);
            connection.events(1..=2);
            connection.events(3..=5);
            connection.left();
        },
        prints: || [open(), got(1..=5), closed()].concat(),
        status: 0,
    },
    Scenario {
        name: "drop-in-mid-chunk",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            let mut connection = stage.server.open_after(0);
            connection.events(1..=3);
            connection.send("40\r\nid: 4\ndata: ev");
            connection.cut();
            finish(&stage.server, 3);
        },
        prints: || resumed_after("CutOff", 3),
        status: 0,
    },
    Scenario {
        name: "reset",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            let mut connection = stage.server.open_after(0);
            connection.events(1..=3);
            // A reset overtakes what is on its way.
            stage.screen.wait_for(4);
            connection.reset();
            finish(&stage.server, 3);
        },
        prints: || resumed_after("Transport", 3),
        status: 0,
    },
    Scenario {
        name: "stall",
        arguments: "count=5 idle=500",
        limit: 10,
        play: |stage| {
            let mut silent = stage.server.open_after(0);
            silent.events(1..=3);
            silent.send("40\r\nid: 4\ndata: ev");
            finish(&stage.server, 3);
            silent.left();
        },
        prints: || resumed_after("IdleTimeout", 3),
        status: 0,
    },
    Scenario {
        name: "mute-after-accept",
        arguments: "count=5 response=500",
        limit: 10,
        play: |stage| {
            let mute = stage.server.request();
            finish(&stage.server, 0);
            mute.left();
        },
        prints: || resumed_after("ResponseTimeout", 0),
        status: 0,
    },
    Scenario {
        name: "refused-then-up",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            let port = stage.server.port();
            drop(stage.server);
            stage.screen.wait_for(2);
            finish(&Server::bind(port), 0);
        },
        prints: || {
            let refused = [lost("Connect", 100), lost("Connect", 200)];
            [refused.concat(), open(), got(1..=5), closed()].concat()
        },
        status: 0,
    },
    Scenario {
        name: "refused-for-good",
        arguments: "attempts=2",
        limit: 10,
        play: |stage| drop(stage.server),
        prints: || {
            let refused = [lost("Connect", 100), lost("Connect", 200)];
            [refused.concat(), stopped("Attempts")].concat()
        },
        status: 15,
    },
    Scenario {
        name: "close-at-accept",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            drop(stage.server.accept());
            finish(&stage.server, 0);
        },
        prints: || {
            // By FIN or by RST, as the request comes after or before the end.
            let lost = r#"{"kind":"lost","#.to_owned();
            [vec![lost], open(), got(1..=5), closed()].concat()
        },
        status: 0,
    },
    Scenario {
        name: "head-byte-by-byte",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            let mut connection = stage.server.request();
            for byte in OPEN.bytes() {
                connection.send([byte]);
                sleep(Duration::from_millis(2));
            }
            connection.events(1..=5);
            connection.left();
        },
        prints: || [open(), got(1..=5), closed()].concat(),
        status: 0,
    },
    Scenario {
        name: "head-too-long",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            let mut connection = stage.server.request();
            let (status, rest) = OPEN.split_once("\r\n").expect("it is a head");
            connection.send(format!("{status}\r\nX-Long: {:4000}\r\n{rest}", ""));
            connection.left();
            finish(&stage.server, 0);
        },
        prints: || resumed_after("Head(TooLong { len: 4090 })", 0),
        status: 0,
    },
    Scenario {
        name: "event-too-long",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            let mut connection = stage.server.open_after(0);
            connection.events(1..=2);
            connection.chunk(&format!("id: 3\ndata: {:2049}\n\n", "x"));
            connection.events(4..=6);
            connection.left();
        },
        prints: || [open(), got(1..=2), too_long(2049), got(4..=6), closed()].concat(),
        status: 0,
    },
    Scenario {
        name: "100,000-small-events",
        arguments: "count=100000",
        limit: 60,
        play: |stage| {
            let mut connection = stage.server.open_after(0);
            for first in (1..=100_000).step_by(100) {
                connection.events(first..=first + 99);
            }
            connection.left();
        },
        prints: || [open(), got(1..=100_000), closed()].concat(),
        status: 0,
    },
    Scenario {
        name: "event-of-4-MB",
        arguments: "count=4",
        limit: 60,
        play: |stage| {
            let mut connection = stage.server.open_after(0);
            connection.events(1..=2);
            connection.chunk(&format!("id: 3\ndata: {}\n\n", "x".repeat(4 << 20)));
            connection.events(4..=5);
            connection.left();
        },
        prints: || [open(), got(1..=2), too_long(4 << 20), got(4..=5), closed()].concat(),
        status: 0,
    },
    Scenario {
        name: "no-content",
        arguments: "",
        limit: 10,
        play: |stage| {
            let mut connection = stage.server.request();
            connection.send("HTTP/1.1 204 No Content\r\n\r\n");
            connection.left();
        },
        prints: || stopped("NoContent"),
        status: 10,
    },
    Scenario {
        name: "redirect",
        arguments: "count=5",
        limit: 10,
        play: |stage| {
            let mut connection = stage.server.request();
            assert_eq!(connection.path(), Some("/events"));
            connection.send("HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\n\r\n");
            connection.left();
            let mut connection = stage.server.open_after(0);
            assert_eq!(connection.path(), Some("/there"));
            connection.events(1..=5);
            connection.left();
        },
        prints: || [open(), got(1..=5), closed()].concat(),
        status: 0,
    },
    Scenario {
        name: "link-down-for-1-s",
        arguments: "count=40 idle=3000",
        limit: 30,
        play: |stage| {
            let mut connection = stage.server.open_after(0);
            connection.events(1..=10);
            stage.screen.wait_for(11);
            stage.link.set(false);
            for number in 11..=30 {
                connection.events(number..=number);
                sleep(Duration::from_millis(50));
            }
            stage.link.set(true);
            connection.events(31..=40);
            connection.left();
        },
        prints: || [open(), got(1..=40), closed()].concat(),
        status: 0,
    },
    Scenario {
        name: "link-down-for-4-s",
        arguments: "count=40 idle=2000",
        limit: 40,
        play: |stage| {
            let mut connection = stage.server.open_after(0);
            connection.events(1..=10);
            stage.screen.wait_for(11);
            stage.link.set(false);
            connection.events(11..=30);
            sleep(Duration::from_secs(4));
            stage.link.set(true);
            let mut connection = stage.server.open_after(10);
            connection.events(11..=40);
            connection.left();
        },
        prints: || {
            let before = [open(), got(1..=10), lost("IdleTimeout", 100)];
            [before.concat(), open(), got(11..=40), closed()].concat()
        },
        status: 0,
    },
    Scenario {
        name: "server-restarted-3-times",
        arguments: "count=40 delay=300",
        limit: 30,
        play: |stage| {
            let port = stage.server.port();
            let mut server = stage.server;
            for last in [0, 10, 20] {
                let mut connection = server.open_after(last);
                connection.events(last + 1..=last + 10);
                connection.send("40\r\nid: ");
                connection.cut();
                drop(server);
                sleep(Duration::from_millis(100));
                server = Server::bind(port);
            }
            let mut connection = server.open_after(30);
            connection.events(31..=40);
            connection.left();
        },
        prints: || {
            // Each cut after a short time doubles the delay, up to what the policy allows.
            let session = |numbers, ms| [open(), got(numbers), lost("CutOff", ms)].concat();
            let cut = [(1..=10, 300), (11..=20, 600), (21..=30, 1000)];
            let cut = cut.map(|(numbers, ms)| session(numbers, ms)).concat();
            [cut, open(), got(31..=40), closed()].concat()
        },
        status: 0,
    },
    Scenario {
        name: "panic",
        arguments: "fault=panic",
        limit: 5,
        play: drop,
        prints: || vec!["panicked at firmware/src/client.rs".to_owned()],
        status: 101,
    },
    Scenario {
        name: "hard-fault",
        arguments: "fault=hard",
        limit: 5,
        play: drop,
        prints: || vec!["HardFault".to_owned()],
        status: 102,
    },
];

// ---- the server's side ----

/// Serves the rest of five events to a client that has so many.
fn finish(server: &Server, last: u32) {
    let mut connection = server.open_after(last);
    connection.events(last + 1..=5);
    connection.left();
}

// ---- the firmware's words ----

/// One loss after so many of five events.
pub fn resumed_after(cause: &str, last: u32) -> Vec<String> {
    let before = match last {
        0 => lost(cause, 100),
        _ => [open(), got(1..=last), lost(cause, 100)].concat(),
    };
    [before, open(), got(last + 1..=5), closed()].concat()
}

pub fn open() -> Vec<String> {
    vec![r#"{"kind":"open","status":200}"#.to_owned()]
}

pub fn got(numbers: RangeInclusive<u32>) -> Vec<String> {
    let event = |n| format!(r#"{{"kind":"event","type":"message","data":"event {n}","id":"{n}"}}"#);
    numbers.map(event).collect()
}

fn too_long(len: u32) -> Vec<String> {
    vec![format!(
        r#"{{"kind":"too long","part":"Data {{ len: {len} }}"}}"#
    )]
}

pub fn lost(cause: &str, ms: u32) -> Vec<String> {
    vec![format!(r#"{{"kind":"lost","cause":"{cause}","ms":{ms}}}"#)]
}

pub fn closed() -> Vec<String> {
    stopped("Closed")
}

pub fn stopped(reason: &str) -> Vec<String> {
    vec![format!(r#"{{"kind":"stopped","reason":"{reason}"}}"#)]
}
