//! Rules: lost, post, attempts.

use embedded_sse::{Head, LossCause, Request, StopReason, Verdict};

use super::{HERE, limited, redirect, refused_often};
use crate::script::{Script, answers, ms, never_connects, opens, refuses, status, url};

#[test]
fn lost_connections_are_retried_even_the_first() {
    let open = || opens("data: a\n\n");
    for (connection, lost) in [
        (refuses(), "lost Connect"),
        (refuses().made_after(9), "lost Connect"),
        (never_connects(), "lost ConnectTimeout"),
        (answers(""), "lost ResponseTimeout"),
        (open().takes(0), "lost Transport"),
        (open().takes(20), "lost Transport"),
        (answers("").resets(), "lost Transport"),
        (answers("HTTP/1.1 200").resets(), "lost Transport"),
        (answers("").ends(), "lost CutOff"),
        (answers("HTTP/1.1 200 OK\r\n").ends(), "lost CutOff"),
        (answers("SSH-2.0\r\n\r\n"), "lost Head(Malformed)"),
        (answers("HTTP/1.1 200"), "lost ResponseTimeout"),
    ] {
        let log = Script::get(HERE).then(connection).then(opens("")).run();
        assert_eq!(log.told()[..3], [lost, "wait 3000", "open 200"]);
    }
}

#[test]
fn lost_streams_are_retried() {
    for (connection, lost) in [
        (opens("data: a\n\n").ends(), "lost End"),
        (opens("data: a\n\n").resets(), "lost Transport"),
    ] {
        let log = Script::get(HERE).then(connection).then(opens("")).run();
        let want = ["open 200", "message: a", lost, "wait 3000", "open 200"];
        assert_eq!(log.told()[..5], want);
    }
}

#[test]
fn post_is_not_retried_once_a_byte_of_it_is_written() {
    for (connection, cause) in [
        (answers("").takes(1), LossCause::Transport),
        (answers("").resets(), LossCause::Transport),
        (answers(""), LossCause::ResponseTimeout),
        (status(503, ""), LossCause::Status(503)),
        (opens("data: a\n\n").resets(), LossCause::Transport),
        (opens("data: a\n\n"), LossCause::IdleTimeout),
        // A server that has answered with a redirect has received the request.
        (redirect(307, "http://g/"), LossCause::Connect),
        (redirect(303, "http://g/"), LossCause::Connect),
    ] {
        let script = Script::new(Request::post(url(HERE), b"x"))
            .policy(|policy| policy.idle_timeout = Some(ms(9000)));
        let log = script.then(connection).then(refuses()).run();
        let stop = log.stop.unwrap();
        assert_eq!(
            (stop.reason, stop.cause),
            (StopReason::NotRepeatable, Some(cause))
        );
        assert!(log.delays.is_empty());
    }
}

#[test]
fn post_is_retried_before_its_first_byte_is_written() {
    for connection in [refuses(), never_connects(), answers("").takes(0)] {
        let script = Script::new(Request::post(url(HERE), b"x")).then(connection);
        let log = script.then(opens("data: a\n\n")).run();
        assert_eq!(log.delays, [3000]);
        assert_eq!(log.told()[2..4], ["open 200", "message: a"]);
    }
}

#[test]
fn post_stops_when_its_stream_ends() {
    let length = answers("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
        .sends("Content-Length: 9\r\n\r\ndata: a\n\n");
    for connection in [opens("data: a\n\n").ends(), length] {
        let log = Script::new(Request::post(url(HERE), b"x"))
            .then(connection)
            .run();
        let stop = log.stop.unwrap();
        assert_eq!(
            (stop.reason, stop.cause),
            (StopReason::Ended, Some(LossCause::End))
        );
    }
}

#[test]
fn post_is_retried_if_it_is_repeatable() {
    let request = Request {
        repeatable: true,
        ..Request::post(url(HERE), b"body")
    };
    let log = Script::new(request)
        .then(refuses())
        .then(opens("").ends())
        .then(opens(""))
        .run();
    assert_eq!(log.requests.len(), 2);
    assert_eq!(log.requests[0], log.requests[1]);
    assert!(log.requests[1].ends_with("\r\n\r\nbody"));
}

#[test]
fn post_that_became_a_get_is_a_post_again_after_a_reconnect() {
    let request = Request {
        repeatable: true,
        ..Request::post(url(HERE), b"body")
    };
    let log = Script::new(request)
        .then(redirect(303, "/x"))
        .then(opens("").ends())
        .then(opens(""))
        .run();
    assert_eq!(
        log.request_lines(),
        ["POST /stream", "GET /x", "POST /stream"]
    );
}

#[test]
fn post_stops_at_a_204_like_a_get() {
    let script = Script::new(Request::post(url(HERE), b"x"));
    assert_eq!(
        script.then(status(204, "")).run().told(),
        ["stop NoContent"]
    );
}

#[test]
fn attempts_of_0_mean_no_reconnect() {
    let log = limited(0).then(refuses()).run();
    assert_eq!(log.told(), ["lost Connect", "stop Attempts"]);
    let log = limited(0).then(opens("data: a\n\n").ends()).run();
    assert_eq!(log.told()[2..], ["lost End", "stop Attempts"]);
}

#[test]
fn attempts_are_counted_per_outage() {
    let log = limited(2)
        .then(refuses())
        .then(refuses())
        .then(opens("").resets())
        .then(refuses())
        .then(refuses())
        .then(opens(""))
        .run();
    assert_eq!(log.delays, [3000, 6000, 12_000, 24_000]);
    assert_eq!(log.stop.unwrap().cause, Some(LossCause::Connect));
    assert_eq!(log.origins.len(), 5);
}

#[test]
fn attempts_are_unlimited_by_default() {
    assert_eq!(refused_often(Script::get(HERE), 200).len(), 200);
}

#[test]
fn post_is_retried_if_a_verdict_says_so() {
    let too_many = |head: &Head<'_>, verdict| match head.status() {
        429 => Verdict::Retry,
        _ => verdict,
    };
    let log = Script::new(Request::post(url(HERE), b"x"))
        .verdict(too_many)
        .then(status(429, "Retry-After: 7\r\n"))
        .then(refuses())
        .then(status(429, ""))
        .then(opens("data: a\n\n").resets())
        .run();
    assert_eq!(log.delays, [7000, 6000, 12_000]);
    assert_eq!(log.request_lines(), ["POST /stream"; 3]);
    // Only the answer to the request in question was a refusal.
    assert!(
        log.told()
            .ends_with(&["lost Transport", "stop NotRepeatable"])
    );
    // A hook that passes on what it is offered changes nothing.
    let log = Script::new(Request::post(url(HERE), b"x"))
        .verdict(too_many)
        .then(status(503, ""))
        .run();
    assert_eq!(log.told(), ["lost Status(503)", "stop NotRepeatable"]);
}

/// The server has acted on the `POST`, whatever it says about the `GET` that follows.
#[test]
fn post_is_not_retried_if_a_verdict_is_on_the_get_after_it() {
    let busy = |head: &Head<'_>, verdict| match head.status() {
        429 => Verdict::Retry,
        _ => verdict,
    };
    for code in [301, 302, 303] {
        let log = Script::new(Request::post(url(HERE), b"x"))
            .verdict(busy)
            .then(redirect(code, "/result"))
            .then(status(429, ""))
            .run();
        assert_eq!(log.request_lines(), ["POST /stream", "GET /result"]);
        assert_eq!(log.told(), ["lost Status(429)", "stop NotRepeatable"]);
    }
    // A 307 repeats the request itself.
    let log = Script::new(Request::post(url(HERE), b"x"))
        .verdict(busy)
        .then(redirect(307, "/other"))
        .then(status(429, ""))
        .then(opens(""))
        .run();
    assert_eq!(
        log.request_lines(),
        ["POST /stream", "POST /other", "POST /stream"]
    );
}
