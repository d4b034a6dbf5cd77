//! Rules: close, restart.

use embedded_sse::{Decoder, Policy, Step, StopReason};

use super::{HERE, Source, feed, limited, open, read, redirect, source};
use crate::script::{Command, Script, ms, opens, refuses, status};

#[test]
fn close_stops_a_stream_or_a_wait() {
    let script = || Script::get(HERE).then(opens("data: a\n\ndata: b\n\n").ends());
    for (line, told) in [
        ("open", &["open 200", "stop Closed"][..]),
        ("message: a", &["open 200", "message: a", "stop Closed"]),
        (
            "wait",
            &[
                "open 200",
                "message: a",
                "message: b",
                "lost End",
                "wait 3000",
                "stop Closed",
            ],
        ),
    ] {
        let log = script().on(line, Command::Close).run();
        assert_eq!(log.told(), told);
        assert_eq!(log.stop.unwrap().cause, None);
    }
}

#[test]
fn restart_after_a_stop_starts_again() {
    let log = limited(1)
        .on("stop", Command::Restart)
        .then(refuses())
        .then(refuses())
        .then(refuses())
        .then(opens("data: a\n\n"))
        .run();
    assert_eq!(log.delays, [3000, 3000]);
    assert_eq!(log.told().last(), Some(&"silent for ever"));
}

#[test]
fn restart_after_a_refused_request_starts_again() {
    let log = Script::get(HERE)
        .on("stop", Command::Restart)
        .then(status(404, "").sends("much text").ends())
        .then(opens("data: a\n\n"))
        .run();
    assert_eq!(log.told()[..3], ["stop Status", "open 200", "message: a"]);
}

#[test]
fn restart_ends_a_wait_at_once() {
    let log = Script::get(HERE)
        .on("wait", Command::Restart)
        .then(refuses())
        .then(opens(""))
        .run();
    assert_eq!(log.time_of("open 200"), 0);
}

#[test]
fn restart_of_a_stream_keeps_the_id_and_the_retry() {
    let log = Script::get(HERE)
        .on("message 7: a", Command::Restart)
        .then(opens("retry: 700\nid: 7\ndata: a\n\nid: 8\ndata: b\n\n").ends())
        .then(refuses())
        .then(opens("").ends())
        .run();
    let want = [
        "open 200",
        "message 7: a",
        "lost Connect",
        "wait 700",
        "open 200",
    ];
    assert_eq!(log.told()[..5], want);
    assert_eq!(log.header(1, "last-event-id"), Some("7"));
}

#[test]
fn restart_after_a_close_starts_again() {
    let log = Script::get(HERE)
        .on("open", Command::Close)
        .on("stop", Command::Restart)
        .then(opens("data: a\n\n"))
        .then(opens("data: b\n\n"))
        .run();
    let want = ["open 200", "stop Closed", "open 200", "message: b"];
    assert_eq!(log.told()[..4], want);
}

#[test]
fn restart_goes_to_the_original_url() {
    let log = Script::get(HERE)
        .on("open", Command::Restart)
        .then(redirect(302, "http://g/x"))
        .then(opens(""))
        .then(opens(""))
        .run();
    assert_eq!(log.origins, ["http h 80", "http g 80", "http h 80"]);
}

#[test]
fn restart_goes_to_the_original_url_even_if_a_redirect_was_remembered() {
    let log = Script::get(HERE)
        .remember(64)
        .on("open", Command::Restart)
        .then(redirect(301, "http://g/x"))
        .then(opens(""))
        .then(opens(""))
        .run();
    assert_eq!(log.origins, ["http h 80", "http g 80", "http h 80"]);
}

/// Each function brings a source into another state.
const STATES: [fn(&mut Source<'_>); 10] = [
    |_| {},
    |source| assert!(matches!(source.step(ms(0)), Step::Connect { .. })),
    |source| {
        let _ = source.step(ms(0));
        source.connected(ms(0));
        source.wrote(9);
    },
    read,
    |source| {
        read(source);
        feed(source, "HTTP/1.1 200 O");
    },
    |source| {
        read(source);
        feed(source, "HTTP/1.1 302 Found\r\nLocation: http://g/x\r\n\r\n");
        assert!(matches!(source.step(ms(0)), Step::Connect { .. }));
    },
    |source| {
        open(source);
        feed(source, "id: lost\ndata: a");
    },
    |source| {
        read(source);
        feed(source, "HTTP/1.1 404 No\r\n\r\nsome text");
        assert!(matches!(source.step(ms(0)), Step::Read { .. }));
    },
    |source| {
        let _ = source.step(ms(0));
        source.failed(ms(0));
        assert!(matches!(source.step(ms(0)), Step::Wait(_)));
    },
    |source| {
        read(source);
        feed(source, "HTTP/1.1 204 No\r\n\r\n");
        assert!(matches!(source.step(ms(0)), Step::Stop(_)));
    },
];

#[test]
fn restart_works_in_every_state() {
    for enter in STATES {
        let mut decoder = Decoder::new();
        let mut source = source(Policy::DEFAULT, &mut decoder);
        enter(&mut source);
        source.restart();
        assert!(source.response().is_none());
        let Step::Connect { origin, deadline } = source.step(ms(100)) else {
            panic!("no attempt");
        };
        assert_eq!((origin.host, deadline), ("h", Some(ms(30_100))));
        open(&mut source);
        feed(&mut source, "data: fresh\n\n");
        assert_eq!(source.decoder().last_event_id(), "");
    }
}

#[test]
fn close_works_in_every_state() {
    for enter in STATES {
        let mut decoder = Decoder::new();
        let mut source = source(Policy::DEFAULT, &mut decoder);
        enter(&mut source);
        let stopped = source.response().is_some();
        source.close();
        let mut late = &b"\n\ndata: x\n\n"[..];
        assert!(source.receive(&mut late, ms(1)).is_none());
        let Step::Stop(stop) = source.step(ms(99_999)) else {
            panic!("not closed");
        };
        // A source that has already stopped keeps its reason and its response.
        assert_eq!(stop.reason != StopReason::Closed, stopped);
        assert_eq!(source.response().is_some(), stopped);
        assert_eq!(stop.cause, None);
    }
}
