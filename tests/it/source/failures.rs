//! Rule: failures.

use embedded_sse::hooks::Counters;
use embedded_sse::{Decoder, EventSource, LossCause, Policy, Request, Step};

use super::HERE;
use crate::script::{Connection, Script, answers, default_source, ms, opens, refuses, status, url};

/// The delay after two failures and this connection. It is 12 s if the connection is a failure too.
fn third_delay(connection: Connection) -> u64 {
    let script = Script::get(HERE).then(refuses()).then(refuses());
    script.then(connection).run().delays[2]
}

#[test]
fn failures_increase_by_an_attempt_that_does_not_open() {
    for connection in [
        refuses(),
        status(500, ""),
        answers("").ends(),
        answers("nonsense\n\n"),
        answers("HTTP/1.1 200 OK\r\n"),
    ] {
        assert_eq!(third_delay(connection), 12_000);
    }
}

#[test]
fn failures_increase_by_a_connection_that_is_lost_early() {
    for body in ["", "data: a\n\n"] {
        assert_eq!(third_delay(opens(body).resets()), 12_000);
        assert_eq!(third_delay(opens(body).pauses(7999).resets()), 12_000);
    }
}

#[test]
fn failures_decrease_by_each_healthy_time() {
    for body in ["", "data: a\n\n"] {
        for end in [Connection::resets, Connection::ends] {
            let after = |ms| {
                let four = (0..4).fold(Script::get(HERE), |script, _| script.then(refuses()));
                four.then(end(opens(body).pauses(ms))).run().delays[4]
            };
            assert_eq!([after(8000), after(16_000)], [12_000, 6000]);
            assert_eq!([after(24_000), after(32_000)], [3000, 3000]);
        }
    }
}

/// A stream of one chunk, with an explicit end.
fn chunked(body: &str) -> Connection {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
    let chunk = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    answers(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}"))
}

#[test]
fn failures_decrease_by_an_end_with_two_signs_of_intent() {
    // An explicit end, and an event, a new ID or a `retry`.
    for body in [
        "data\n\n",
        "id: 1\n\n",
        "id: 1\ndata: a\n\n",
        "retry: 3000\n",
    ] {
        assert_eq!(third_delay(chunked(body)), 3000, "{body}");
    }
    for body in ["retry: 3000\ndata\n\n", "id: 1\nretry: 3000\n\n"] {
        assert_eq!(third_delay(opens(body).ends()), 3000, "{body}");
    }
    for body in [":\n", "event: a\n\n", "data: a\n", "retry: x\n", "id\n\n"] {
        assert_eq!(third_delay(chunked(body)), 12_000, "{body}");
    }
    // A connection that closes is no sign of intent: a process that crashes closes its connections too.
    for body in ["", "data: a\n\n", "id: 1\n\n", "retry: 3000\n"] {
        assert_eq!(third_delay(opens(body).ends()), 12_000, "{body}");
    }
}

#[test]
fn failures_decrease_by_an_id_only_if_it_is_new() {
    let script = Script::get(HERE).last_event_id("1");
    let log = script
        .then(chunked("id: 1\n\n"))
        .then(chunked("id: 2\n\n"))
        .then(chunked("id: 2\n\n"))
        .then(chunked("id: 2\n\n"))
        .run();
    assert_eq!(log.delays, [3000, 3000, 3000, 6000]);
}

#[test]
fn failures_increase_by_an_end_after_nothing_but_a_comment_that_is_too_long() {
    let script = Script::get(HERE).shows_all().then(refuses());
    let comment = format!(":{}\n", "x".repeat(3000));
    let log = script.then(opens(comment).ends()).run();
    assert_eq!(log.told()[3], "too long: Comment");
    assert_eq!(log.delays, [3000, 6000]);
}

#[test]
fn failures_do_not_increase_by_polling() {
    let poll = chunked("data: a\n\n");
    let script = (0..5).fold(Script::get(HERE), |script, _| script.then(poll.clone()));
    assert_eq!(script.run().delays, [3000; 5]);
}

/// Restoring a stored reconnection time does not reset the failures.
#[test]
fn failures_from_before_a_reboot_count() {
    let mut decoder: Decoder<256> = Decoder::new();
    decoder.set_reconnection_time(ms(1000));
    let policy = Policy {
        jitter_percent: 0,
        ..Policy::DEFAULT
    };
    let request = Request::get(url("http://h/"));
    let mut source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
    source.set_failures(3);
    let _ = source.step(ms(0));
    source.failed(ms(0));
    let Step::Wait(wait) = source.step(ms(0)) else {
        panic!("no wait");
    };
    assert_eq!((wait.delay, wait.failures), (ms(8000), 4));
}

#[test]
fn an_end_before_the_connection_is_none() {
    let mut decoder = Decoder::<512>::new();
    let mut source = default_source(&mut decoder).with_hooks(Counters::default());
    assert!(matches!(source.step(ms(0)), Step::Connect { .. }));
    source.ended(ms(0));
    assert!(source.receive(&mut &b"ignored"[..], ms(0)).is_none());
    assert!(matches!(source.step(ms(0)), Step::Connect { .. }));
    // Hooks do not see bytes that are ignored.
    assert_eq!(source.hooks().bytes, 0);
}

#[test]
fn an_end_while_the_request_is_written_is_a_loss() {
    let mut decoder = Decoder::<512>::new();
    let mut source = default_source(&mut decoder);
    let _ = source.step(ms(0));
    source.connected(ms(0));
    source.wrote(1);
    source.ended(ms(0));
    let Step::Wait(wait) = source.step(ms(0)) else {
        panic!("no wait");
    };
    assert_eq!(wait.cause, LossCause::Transport);
}

/// An end with an explicit end and an event is wanted, so it is no failure.
#[test]
fn an_event_that_is_too_long_counts_as_an_event_and_a_comment_does_not() {
    let waits = |body: &str| {
        let chunked = "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n";
        let chunk = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let connection = || status(200, chunked).sends(&chunk);
        let log = Script::get(HERE)
            .shows_all()
            .then(connection())
            .then(connection())
            .then(connection())
            .run_in::<128>();
        let told = log.told().into_iter();
        told.filter(|line| line.starts_with("wait"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let long = "x".repeat(200);
    let event = waits(&format!("data: {long}\n\n"));
    assert_eq!(event, ["wait 3000", "wait 3000", "wait 3000"]);
    let comment = waits(&format!(": {long}\n"));
    assert_eq!(comment, ["wait 3000", "wait 6000", "wait 12000"]);
}
