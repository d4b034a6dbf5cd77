//! What the ready loops report, and when.

use std::io::ErrorKind;

use embedded_sse::Request;

use super::get;
use crate::script::{Script, answers, gone, ms, never_connects, opens, refuses, status, url};

#[test]
fn everything_is_reported_in_order() {
    let log = get()
        .then(
            opens("id: 1\ndata: a\n\n: c\n")
                .pauses(200)
                .sends("data: b\n\ndata: x")
                .ends(),
        )
        .then(refuses())
        .then(status(503, "Retry-After: 15\r\n"))
        .then(
            opens("event: e\ndata: c\n\n")
                .pauses(100)
                .fails(ErrorKind::ConnectionReset),
        )
        .then(gone())
        .run();
    assert_eq!(
        log.all,
        [
            "0 ready",
            "0 connect http h 80",
            "0 flush",
            "0 open 200",
            "0 message 1: a",
            "0 comment c",
            "200 message 1: b",
            "200 closed",
            "200 lost End",
            "200 wait 3000",
            "3200 ready",
            "3200 connect http h 80",
            "3200 lost Connect",
            "3200 wait 6000",
            "9200 ready",
            "9200 connect http h 80",
            "9200 flush",
            "9200 closed",
            "9200 lost Status(503)",
            "9200 wait 15000",
            "24200 ready",
            "24200 connect http h 80",
            "24200 flush",
            "24200 open 200",
            "24200 e 1: c",
            "24300 closed",
            "24300 lost Transport",
            "24300 wait 24000",
            "48300 ready",
            "48300 connect http h 80",
            "48300 flush",
            "48300 closed",
            "48300 stop NoContent",
        ]
    );
    assert_eq!(log.headers(0, "last-event-id"), [""; 0]);
    assert_eq!(log.headers(1, "last-event-id"), ["1"]);
}

#[test]
fn a_redirect_is_followed_at_once() {
    let log = get()
        .ready_takes(500)
        .then(status(302, "Location: http://g:81/x\r\n"))
        .then(opens("data: a\n\n").ends())
        .then(gone())
        .run();
    // Only a new attempt calls `ready`, a redirect does not.
    assert_eq!(
        log.all[..8],
        [
            "500 ready",
            "500 connect http h 80",
            "500 flush",
            "500 closed",
            "500 connect http g 81",
            "500 flush",
            "500 open 200",
            "500 message: a",
        ]
    );
    assert_eq!(log.request_lines(), ["GET /", "GET /x", "GET /"]);
}

#[test]
fn a_stop_is_returned() {
    assert_eq!(get().then(gone()).run().told(), ["stop NoContent"]);
    let text = "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nno";
    let refused = answers(format!("HTTP/1.1 200 OK\r\n{text}"));
    assert_eq!(get().then(refused).run().told(), ["stop ContentType"]);
    let post = Script::new(Request::post(url("http://h/"), b"body"));
    let log = post.then(opens("").ends()).run();
    assert_eq!(log.told(), ["open 200", "lost End", "stop Ended"]);
    assert!(log.requests[0].ends_with("\r\n\r\nbody"));
}

#[test]
fn the_stop_after_the_last_attempt_has_the_cause() {
    let policy = |most| get().policy(move |policy| policy.max_reconnection_attempts = Some(most));
    let log = policy(0).then(refuses()).run();
    assert_eq!(log.told(), ["lost Connect", "stop Attempts"]);
    let log = policy(2)
        .then(refuses())
        .then(opens("").ends())
        .then(refuses())
        .then(status(503, ""))
        .run();
    assert_eq!(
        log.told(),
        [
            "lost Connect",
            "wait 3000",
            "open 200",
            "lost End",
            "wait 6000",
            "lost Connect",
            "wait 12000",
            "lost Status(503)",
            "stop Attempts",
        ]
    );
}

#[test]
fn a_wait_of_zero_length_is_reported() {
    let log = get()
        .policy(|policy| policy.reconnection_time = ms(0))
        .ready_takes(100)
        .then(opens("data: a\n\n").ends())
        .then(refuses())
        .then(status(503, ""))
        .then(gone())
        .run();
    // The wait is reported before `ready` is called, so that an application can show it.
    assert_eq!(
        log.all,
        [
            "100 ready",
            "100 connect http h 80",
            "100 flush",
            "100 open 200",
            "100 message: a",
            "100 closed",
            "100 lost End",
            "100 wait 0",
            "200 ready",
            "200 connect http h 80",
            "200 lost Connect",
            "200 wait 500",
            "800 ready",
            "800 connect http h 80",
            "800 flush",
            "800 closed",
            "800 lost Status(503)",
            "800 wait 1000",
            "1900 ready",
            "1900 connect http h 80",
            "1900 flush",
            "1900 closed",
            "1900 stop NoContent",
        ]
    );
}

#[test]
fn break_closes_the_source_at_any_item() {
    let whole = [
        "open 200",
        "message: a",
        "comment c",
        "message: b",
        "lost End, wait 3000",
    ];
    for item in 0..whole.len() {
        let log = get()
            .breaks_at(item)
            .then(opens("data: a\n\n: c\ndata: b\n\n").ends())
            .run();
        let mut want = whole[..=item].join(", ");
        want += ", stop Closed";
        assert_eq!(log.told().join(", "), want);
        // The loop does not wait first.
        assert_eq!(log.all.last().unwrap(), "0 stop Closed");
        assert_eq!(log.all.iter().filter(|line| *line == "0 closed").count(), 1);
    }
}

#[test]
fn the_attempt_and_its_timeout_start_when_the_network_is_ready() {
    let log = get()
        .ready_takes(60_000)
        .then(never_connects())
        .then(opens("").ends())
        .then(gone())
        .run();
    assert_eq!(
        log.all,
        [
            "60000 ready",
            "60000 connect http h 80",
            "90000 lost ConnectTimeout",
            "90000 wait 3000",
            "153000 ready",
            "153000 connect http h 80",
            "153000 flush",
            "153000 open 200",
            "153000 closed",
            "153000 lost End",
            "153000 wait 6000",
            "219000 ready",
            "219000 connect http h 80",
            "219000 flush",
            "219000 closed",
            "219000 stop NoContent",
        ]
    );
}

#[test]
fn a_silent_stream_is_lost() {
    let log = get()
        .policy(|policy| policy.idle_timeout = Some(ms(5000)))
        .then(
            opens("data: a\n\n")
                .pauses(4900)
                .sends(":\n")
                .pauses(4900)
                .sends("data"),
        )
        .then(gone())
        .run();
    assert_eq!(
        log.told(),
        [
            "open 200",
            "message: a",
            "comment",
            "lost IdleTimeout",
            "wait 3000",
            "stop NoContent"
        ]
    );
    assert!(
        log.all.contains(&"14800 lost IdleTimeout".into()),
        "{log:#?}"
    );
}

/// Bytes were waiting, so the server was not silent.
#[test]
fn a_busy_application_does_not_lose_its_stream() {
    let log = get()
        .policy(|policy| policy.idle_timeout = Some(ms(5000)))
        .busy(7000)
        .then(
            opens("data: a\n\n")
                .pauses(100)
                .sends("data: b\n\n")
                .pauses(100)
                .sends("data: c\n\n")
                .ends(),
        )
        .then(gone())
        .run();
    let want = [
        "open 200",
        "message: a",
        "message: b",
        "message: c",
        "lost End",
        "wait 3000",
    ];
    assert_eq!(log.told()[..want.len()], want);
}
