//! Rules: reports, a stop by a response.

use embedded_sse::{
    Decoder, Head, InvalidRedirect, Item, LossCause, Policy, Request, Step, StopReason, Verdict,
};

use super::{HERE, Source, limited, reading, source};
use crate::script::{Script, answers, ms, opens, refuses, status, url};

#[test]
fn reports_of_a_retried_status_are_lost_and_never_open() {
    let log = limited(1).then(status(503, "")).then(status(502, "")).run();
    let want = [
        "lost Status(503)",
        "wait 3000",
        "lost Status(502)",
        "stop Attempts",
    ];
    assert_eq!(log.told(), want);
    let stop = log.stop.unwrap();
    assert_eq!(stop.reason, StopReason::Attempts);
    assert_eq!(stop.cause, Some(LossCause::Status(502)));
    assert_eq!(stop.status, Some(502));
}

#[test]
fn a_stop_by_a_response_shows_the_response_whatever_the_reason() {
    let response = |code| status(code, "Retry-After: 9\r\nContent-Length: 4\r\n").sends("body");
    let post = || Script::new(Request::post(url(HERE), b"x"));
    let judged: fn(&Head<'_>, Verdict) -> Verdict = |_, _| Verdict::Stop;
    let unframed = || {
        let lengths = "Content-Length: 4\r\nContent-Length: 5\r\n";
        status(
            200,
            &format!("Content-Type: text/event-stream\r\n{lengths}"),
        )
    };
    for (script, reason, code) in [
        (post().then(response(429)), StopReason::NotRepeatable, 429),
        (post().then(response(503)), StopReason::NotRepeatable, 503),
        (limited(0).then(response(503)), StopReason::Attempts, 503),
        (
            limited(1).then(refuses()).then(response(502)),
            StopReason::Attempts,
            502,
        ),
        (
            Script::get(HERE).then(response(404)),
            StopReason::Status,
            404,
        ),
        (
            Script::get(HERE).then(response(200)),
            StopReason::ContentType,
            200,
        ),
        (
            Script::get(HERE).verdict(judged).then(response(503)),
            StopReason::Verdict,
            503,
        ),
        (
            Script::get(HERE).then(response(302)),
            StopReason::Redirect(InvalidRedirect::Location),
            302,
        ),
    ] {
        let log = script.run();
        let stop = log.stop.unwrap();
        assert_eq!((stop.reason, stop.status), (reason, Some(code)));
        let response = log.response.unwrap();
        assert_eq!((response.status, &response.body[..]), (code, "body"));
        assert_eq!(response.headers[0].1, "9");
    }
    let log = limited(0).then(unframed()).run();
    assert_eq!(log.stop.unwrap().reason, StopReason::Attempts);
    assert_eq!(log.response.unwrap().status, 200);
}

#[test]
fn a_stop_without_a_response_shows_none() {
    for script in [
        limited(0).then(refuses()),
        limited(0).then(opens("data: a\n\n").resets()),
        limited(0).then(opens("").resets()),
        limited(0).then(answers("nonsense\n\n")),
        limited(1).then(status(503, "")).then(answers("").resets()),
        limited(0).then(answers("HTTP/1.1 200 OK\r\n")),
    ] {
        let log = script.run();
        assert_eq!(log.stop.unwrap().reason, StopReason::Attempts);
        assert_eq!(log.response, None);
    }
}

#[test]
fn reports_of_the_last_attempt_contain_the_last_status() {
    let log = limited(1).then(status(503, "")).then(refuses()).run();
    let stop = log.stop.unwrap();
    assert_eq!(
        (stop.cause, stop.status),
        (Some(LossCause::Connect), Some(503))
    );
    assert_eq!(limited(0).then(refuses()).run().stop.unwrap().status, None);
}

#[test]
fn reports_of_a_stop_without_a_loss_are_stopped_alone() {
    for response in [
        status(200, "").ends(),
        status(404, "").ends(),
        status(204, ""),
        status(302, ""),
    ] {
        let log = Script::get(HERE).then(response).run();
        assert_eq!(log.lines.len(), 1);
        assert!(log.losses.is_empty());
    }
}

#[test]
fn reports_include_a_wait_of_zero_length() {
    let script = Script::get(HERE).policy(|policy| policy.reconnection_time = ms(0));
    let log = script.then(refuses()).then(opens("")).run();
    assert_eq!(log.told()[..3], ["lost Connect", "wait 0", "open 200"]);
}

#[test]
fn reports_include_a_wait_that_is_over_before_the_driver_asks() {
    let mut decoder = Decoder::<512>::new();
    let mut source = source(Policy::DEFAULT, &mut decoder);
    let _ = source.step(ms(0));
    source.failed(ms(0));
    assert!(matches!(source.step(ms(99_000)), Step::Wait(_)));
    assert!(matches!(source.step(ms(99_000)), Step::Connect { .. }));
}

/// Both happen at the moment of the deadline. The result does not depend on the call.
#[test]
fn an_end_at_the_deadline_of_the_response_is_a_timeout() {
    let timeout = Policy::DEFAULT.response_timeout.unwrap();
    for (early, expected) in [
        (ms(1), LossCause::CutOff),
        (ms(0), LossCause::ResponseTimeout),
    ] {
        let mut decoder = Decoder::new();
        let mut source = reading(&mut decoder);
        source.ended(timeout - early);
        assert_eq!(cause(&mut source), expected);
    }
}

/// A driver may report the end before it has asked for items of the empty body.
#[test]
fn an_end_after_a_complete_body_is_an_end() {
    let framing = ["Content-Length: 0", "Transfer-Encoding: chunked"];
    for (framing, expected) in framing.into_iter().zip([LossCause::End, LossCause::CutOff]) {
        let mut decoder = Decoder::new();
        let mut source = reading(&mut decoder);
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{framing}\r\n\r\n");
        assert!(matches!(
            source.receive(&mut head.as_bytes(), ms(0)),
            Some(Item::Open(_))
        ));
        source.ended(ms(0));
        assert_eq!(cause(&mut source), expected);
    }
}

fn cause(source: &mut Source<'_>) -> LossCause {
    match source.step(ms(0)) {
        Step::Wait(wait) => wait.cause,
        step => panic!("{step:?}"),
    }
}
