//! Errors, delays and ends of a transport, and what the loops report.

use std::io::ErrorKind;

use super::{assert_told, get};
use crate::script::{Connection, OPEN, Trouble, answers, gone, never_connects, opens, refuses};

const FAILURES: [ErrorKind; 4] = [
    ErrorKind::ConnectionReset,
    ErrorKind::BrokenPipe,
    ErrorKind::NotConnected,
    ErrorKind::Other,
];

#[test]
fn an_attempt_has_timeouts() {
    let late = ["lost ConnectTimeout", "wait 3000"];
    assert_told(never_connects(), &late);
    assert_told(opens("").made_after(30_100), &late);
    let late = ["lost ResponseTimeout", "wait 3000"];
    assert_told(answers("").write(0, Trouble::Hangs), &late);
    assert_told(answers("").write(9, Trouble::Hangs), &late);
    assert_told(answers("").flush(Trouble::Hangs), &late);
    assert_told(answers(""), &late);
    assert_told(answers("HTTP/1.1 200").pauses(100).sends(" OK\r\n"), &late);
    assert_told(answers("").pauses(300_100).sends(OPEN), &late);
    let in_time = answers("")
        .made_after(29_900)
        .pauses(299_900)
        .sends(OPEN)
        .ends();
    assert_told(in_time, &["open 200", "lost End", "wait 3000"]);
}

#[test]
fn interrupted_is_not_an_error() {
    let interrupted = Trouble::Fails(ErrorKind::Interrupted);
    let connection = answers("")
        .write(0, interrupted)
        .write(9, interrupted)
        .write(9, interrupted)
        .flush(interrupted)
        .flush(interrupted)
        .fails(ErrorKind::Interrupted)
        .sends("HTTP/1.1 200")
        .fails(ErrorKind::Interrupted)
        .pauses(100)
        .sends(&OPEN["HTTP/1.1 200".len()..])
        .fails(ErrorKind::Interrupted)
        .sends("data: a\n")
        .fails(ErrorKind::Interrupted)
        .pauses(4900)
        .fails(ErrorKind::Interrupted)
        .sends("\n")
        .ends();
    assert_told(
        connection,
        &["open 200", "message: a", "lost End", "wait 3000"],
    );
}

/// No matter how often it is returned.
#[test]
fn interrupted_counts_as_silence() {
    let nags = |mut connection: Connection| {
        for _ in 0..4000 {
            connection = connection.pauses(100).fails(ErrorKind::Interrupted);
        }
        connection
    };
    assert_told(
        nags(opens("")),
        &["open 200", "lost IdleTimeout", "wait 3000"],
    );
    assert_told(
        nags(answers("HTTP/1.1")),
        &["lost ResponseTimeout", "wait 3000"],
    );
}

/// In the blocking loop, `TimedOut` is not an error. See `blocking.rs`.
#[test]
fn timed_out_is_an_error_in_async_loops() {
    let kind = ErrorKind::TimedOut;
    for (connection, opened) in [
        (answers("").write(9, Trouble::Fails(kind)), false),
        (answers("").flush(Trouble::Fails(kind)), false),
        (answers("HTTP/1.1").fails(kind), false),
        (opens("data").fails(kind), true),
    ] {
        let log = get().then(connection).then(gone()).run_async();
        let told = log.told();
        assert_eq!(told.contains(&"open 200"), opened);
        assert!(told.contains(&"lost Transport"), "{told:?}");
    }
}

#[test]
fn other_errors_are_losses() {
    let lost = ["lost Transport", "wait 3000"];
    for kind in FAILURES {
        let trouble = Trouble::Fails(kind);
        assert_told(answers("").write(0, trouble), &lost);
        assert_told(answers("").write(9, trouble), &lost);
        assert_told(answers("").flush(trouble), &lost);
        assert_told(answers("").fails(kind), &lost);
        assert_told(answers("HTTP/1.1 200").fails(kind), &lost);
        assert_told(opens("").fails(kind), &["open 200", lost[0], lost[1]]);
        let cut = opens("data: a\n\ndata").fails(kind);
        assert_told(cut, &["open 200", "message: a", lost[0], lost[1]]);
    }
    assert_told(answers("").write(0, Trouble::Zero), &lost);
    assert_told(answers("").write(9, Trouble::Zero), &lost);
    assert_told(refuses(), &["lost Connect", "wait 3000"]);
}

#[test]
fn an_end_is_clean_only_if_the_response_is_complete() {
    assert_told(
        opens("data: a\n\n").ends(),
        &["open 200", "message: a", "lost End", "wait 3000"],
    );
    assert_told(answers("").ends(), &["lost CutOff", "wait 3000"]);
    assert_told(
        answers("HTTP/1.1 200 OK\r\n").ends(),
        &["lost CutOff", "wait 3000"],
    );
    let framed = |framing: &str, body: &str| {
        let head = OPEN.trim_end();
        answers(format!("{head}\r\n{framing}\r\n\r\n{body}"))
    };
    // With framing, the response ends although the connection stays open.
    let length = framed("Content-Length: 9", "data: a\n\nmore");
    assert_told(length, &["open 200", "message: a", "lost End", "wait 3000"]);
    assert_told(
        framed("Content-Length: 0", ""),
        &["open 200", "lost End", "wait 3000"],
    );
    let chunked = framed(
        "Transfer-Encoding: chunked",
        "9\r\ndata: a\n\n\r\n0\r\n\r\n",
    );
    assert_told(
        chunked,
        &["open 200", "message: a", "lost End", "wait 3000"],
    );
    let cut = framed("Content-Length: 10", "data: a\n\n").ends();
    assert_told(cut, &["open 200", "message: a", "lost CutOff", "wait 3000"]);
}
