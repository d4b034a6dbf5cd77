//! Rules: retried statuses, other statuses, informational responses.

use embedded_sse::{Decoder, Head, Step, Verdict};

use super::{HERE, OPENED, reading, redirect};
use crate::script::{OPEN, Script, answers, ms, opens, status};

#[test]
fn retried_statuses_are_retried_with_the_back_off() {
    let server_errors = (500..600).filter(|code| !matches!(code, 501 | 505 | 506 | 510 | 511));
    for code in [408, 421, 425, 429].into_iter().chain(server_errors) {
        let log = Script::get(HERE)
            .then(status(code, ""))
            .then(status(code, "Content-Type: text/event-stream\r\n"))
            .then(opens(""))
            .run_briefly();
        let lost = format!("lost Status({code})");
        let want = [&lost, "wait 3000", &lost, "wait 6000", "open 200"];
        assert_eq!(log.told()[..5], want);
    }
}

/// The delay after a 503 with this `Retry-After`.
fn delay_after(retry_after: &str) -> u64 {
    let headers = format!("retry-after: {retry_after}\r\n");
    Script::get(HERE).then(status(503, &headers)).run().delays[0]
}

#[test]
fn retried_statuses_have_retry_after_as_a_lower_bound() {
    assert_eq!(delay_after("2"), 3000);
    assert_eq!(delay_after("0"), 3000);
    assert_eq!(delay_after("4"), 4000);
    assert_eq!(delay_after("120"), 120_000);
}

#[test]
fn retried_statuses_have_no_upper_limit_for_retry_after() {
    assert_eq!(delay_after("7200"), 7_200_000);
    for value in ["18446744073709551615", "99999999999999999999999999"] {
        let head = format!("HTTP/1.1 503 x\r\nRetry-After: {value}\r\n\r\n");
        let mut decoder = Decoder::<512>::new();
        let mut source = reading(&mut decoder);
        assert!(source.receive(&mut head.as_bytes(), ms(0)).is_none());
        let Step::Wait(wait) = source.step(ms(0)) else {
            panic!("no wait");
        };
        assert!(wait.delay.as_secs() > u64::MAX / 2);
    }
}

#[test]
fn retried_statuses_ignore_retry_after_in_other_forms() {
    for value in [
        "Fri, 31 Dec 2099 23:59:59 GMT",
        "",
        "+9",
        "-9",
        "9.5",
        "9, 9",
    ] {
        assert_eq!(delay_after(value), 3000, "{value}");
    }
}

#[test]
fn retried_statuses_use_retry_after_for_one_delay() {
    let log = Script::get(HERE)
        .then(status(429, "Retry-After: 100\r\n"))
        .then(status(429, ""))
        .run();
    assert_eq!(log.delays, [100_000, 6000]);
}

#[test]
fn other_statuses_stop() {
    for code in [
        101, 201, 202, 203, 205, 206, 299, 300, 304, 400, 401, 403, 404, 410, 418, 501, 505, 506,
        510, 511, 600, 999,
    ] {
        let response = status(code, "Content-Type: text/event-stream\r\n");
        let log = Script::get(HERE).then(response.ends()).run();
        assert_eq!(log.told(), ["stop Status"], "{code}");
        let stop = log.stop.unwrap();
        assert_eq!((stop.status, stop.cause), (Some(code), None));
    }
}

#[test]
fn informational_responses_that_switch_protocols_stop() {
    let other = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\n";
    let log = Script::get(HERE)
        .then(status(101, "Upgrade: x\r\n").sends(other))
        .run();
    assert_eq!(log.told(), ["stop Status"]);
    let response = log.response.unwrap();
    assert_eq!((response.status, &response.body[..]), (101, ""));
}

#[test]
fn other_statuses_ignore_retry_after() {
    let log = Script::get(HERE)
        .then(status(404, "Retry-After: 1\r\n").ends())
        .run();
    assert_eq!(log.told(), ["stop Status"]);
}

#[test]
fn other_statuses_without_a_body_stop_at_once() {
    let log = Script::get(HERE)
        .then(status(304, "Content-Length: 9\r\n"))
        .run();
    assert_eq!(log.time_of("stop Status"), 0);
}

fn portal_verdict(head: &Head<'_>, verdict: Verdict) -> Verdict {
    match (head.status(), head.header("x")) {
        (200, Some("retry")) | (404, _) => Verdict::Retry,
        (206, Some("open")) => Verdict::Open,
        (200, Some("follow")) => Verdict::Follow,
        (503, Some("stop")) => Verdict::Stop,
        _ => verdict,
    }
}

#[test]
fn other_statuses_can_be_judged_by_a_hook() {
    for (code, x, told) in [
        (200, "retry", "lost Status(200)"),
        (404, "", "lost Status(404)"),
        (206, "open", "open 206"),
        (503, "stop", "stop Verdict"),
        (503, "", "lost Status(503)"),
        (200, "", "stop ContentType"),
        (200, "follow", "stop Redirect(Location)"),
    ] {
        let script = Script::get(HERE).verdict(portal_verdict);
        let log = script
            .then(status(code, &format!("X: {x}\r\n")).ends())
            .run();
        assert_eq!(log.told()[0], told, "{code} {x}");
    }
}

#[test]
fn other_statuses_are_followed_if_the_hook_says_so() {
    let log = Script::get(HERE)
        .verdict(portal_verdict)
        .then(status(200, "X: follow\r\nLocation: /x\r\n"))
        .then(opens(""))
        .run();
    assert_eq!(log.request_lines(), ["GET /stream", "GET /x"]);
}

#[test]
fn informational_responses_are_skipped() {
    let early = "HTTP/1.1 100 Continue\r\n\r\n\
                 HTTP/1.1 103 Early Hints\r\nContent-Type: text/html\r\nContent-Length: x\r\n\r\n\
                 HTTP/1.1 199 Odd\r\n\r\n";
    let response = format!("{early}{OPEN}data: a\n\n");
    let log = Script::get(HERE).then(answers(response).ends()).run();
    assert_eq!(log.told().join(", "), OPENED);
}

#[test]
fn informational_responses_are_skipped_after_a_redirect_and_take_no_memory() {
    let many = "HTTP/1.1 102 Processing\r\n\r\n".repeat(20);
    let log = Script::get(HERE)
        .then(redirect(302, "http://g/x"))
        .then(answers(format!("{many}{OPEN}data: a\n\n")))
        .run_in::<128>();
    assert_eq!(log.told()[..2], ["open 200", "message: a"]);
}
