//! Rule: resume by get.

use embedded_sse::{Decoder, Request, Verdict};

use super::HERE;
use crate::script::{Command, Connection, Log, Script, answers, opens, refuses, status, url};

fn request() -> Request<'static> {
    Request {
        headers: &[("Content-Type", "application/json"), ("X-Session", "7")],
        resume_by_get: true,
        ..Request::post(url(HERE), b"{}")
    }
}

fn post(connection: Connection) -> Script<'static> {
    Script::new(request()).then(connection)
}

const LINES: [&str; 2] = ["POST /stream", "GET /stream"];

fn was_resumed(log: &Log, id: &str) {
    assert_eq!(log.request_lines()[..2], LINES);
    assert_eq!(log.header(0, "last-event-id"), None);
    assert_eq!(log.header(1, "last-event-id"), Some(id));
    assert_eq!(log.header(1, "x-session"), Some("7"));
    // The header and the length describe the body, which is not sent again.
    assert_eq!(log.header(1, "content-type"), None);
    assert_eq!(log.header(1, "content-length"), None);
    assert!(log.requests[1].ends_with("\r\n\r\n"));
}

#[test]
fn resume_by_get_follows_a_stream_that_brought_an_id() {
    for body in ["id: 1\ndata\n\n", "id: 1\n\n", "id: 1\n\ndata: unfinished"] {
        for end in [Connection::resets, Connection::ends] {
            let log = post(end(opens(body))).then(opens("data: b\n\n")).run();
            was_resumed(&log, "1");
        }
    }
}

#[test]
fn resume_by_get_waits_as_long_as_the_server_asks() {
    let log = post(opens("retry: 1234\nid: 1\n\n").ends())
        .then(opens(""))
        .run();
    assert_eq!(log.delays, [1234]);
    was_resumed(&log, "1");
}

#[test]
fn resume_by_get_never_goes_back_to_the_original_request() {
    let log = post(opens("id: 1\n\n").resets())
        .then(refuses())
        .then(status(503, ""))
        .then(opens("id: 2\n\n").resets())
        .then(opens(""))
        .run();
    assert_eq!(
        log.request_lines(),
        ["POST /stream", "GET /stream", "GET /stream", "GET /stream"]
    );
    assert_eq!(log.header(3, "last-event-id"), Some("2"));
}

#[test]
fn resume_by_get_needs_an_id_of_this_stream() {
    // Not one that the decoder has from another stream.
    for old in ["", "old"] {
        for body in ["", "data: a\n\n", "id: 1\ndata: unfinished"] {
            let log = post(opens(body).resets()).last_event_id(old).run();
            assert!(log.told().ends_with(&["stop NotRepeatable"]), "{log:?}");
            let log = post(opens(body).ends()).last_event_id(old).run();
            assert!(log.told().ends_with(&["stop Ended"]), "{log:?}");
        }
    }
    let log = post(answers("").ends()).run();
    assert_eq!(log.told(), ["lost CutOff", "stop NotRepeatable"]);
}

#[test]
fn resume_by_get_needs_an_id_that_a_header_can_carry() {
    for body in ["id: \u{1}\ndata\n\n", "id: 1\ndata\n\nid\ndata\n\n"] {
        let log = post(opens(body).resets()).run();
        assert!(log.told().ends_with(&["stop NotRepeatable"]), "{log:?}");
    }
}

#[test]
fn resume_by_get_leaves_a_repeatable_request_without_a_usable_id_to_repeatable() {
    let request = Request {
        repeatable: true,
        ..request()
    };
    for body in ["id: 1\ndata\n\nid\ndata\n\n", "id: \u{1}\n\n", ""] {
        let log = Script::new(request)
            .then(opens(body).resets())
            .then(opens(""))
            .run();
        assert_eq!(log.request_lines(), ["POST /stream", "POST /stream"]);
    }
    let log = Script::new(request)
        .then(opens("id: 1\n\n").resets())
        .then(opens(""))
        .run();
    was_resumed(&log, "1");
}

/// The application clears the ID of an attempt that resumes. Then there is nothing to resume from, but
/// the server has acted on the request all the same.
#[test]
fn resume_by_get_does_not_repeat_the_request_if_the_application_clears_the_id() {
    let clears = |from: usize| {
        post(opens("id: 1\n\n").resets()).before_connect(move |attempt, draft| {
            if attempt >= from {
                draft.set_last_event_id("").unwrap();
            }
        })
    };
    let log = clears(1).then(refuses()).then(opens("")).run();
    assert_eq!(log.request_lines(), ["POST /stream"]);
    assert!(log.told().ends_with(&["stop NotRepeatable"]), "{log:?}");
    // Also if the attempt before it was answered.
    let log = clears(2)
        .then(status(503, ""))
        .then(refuses())
        .then(opens(""))
        .run();
    assert_eq!(log.request_lines(), ["POST /stream", "GET /stream"]);
    assert!(log.told().ends_with(&["stop NotRepeatable"]), "{log:?}");
    // Also if a hook retries that answer.
    let log = clears(1)
        .verdict(|head, verdict| match head.status() {
            503 => Verdict::Retry,
            _ => verdict,
        })
        .then(status(503, ""))
        .then(opens(""))
        .run();
    assert_eq!(log.request_lines(), ["POST /stream", "GET /stream"]);
    assert!(log.told().ends_with(&["stop NotRepeatable"]), "{log:?}");
}

#[test]
fn resume_by_get_is_off_by_default() {
    let request = Request {
        resume_by_get: false,
        ..request()
    };
    let log = Script::new(request).then(opens("id: 1\n\n").resets()).run();
    assert!(log.told().ends_with(&["stop NotRepeatable"]));
}

#[test]
fn resume_by_get_leaves_a_get_as_it_is() {
    let request = Request {
        body: b"query",
        headers: &[("Content-Type", "text/plain")],
        resume_by_get: true,
        ..Request::get(url(HERE))
    };
    let log = Script::new(request)
        .then(opens("id: 1\n\n").resets())
        .then(opens(""))
        .run();
    assert!(log.requests[1].ends_with("\r\n\r\nquery"));
    assert_eq!(log.header(1, "content-type"), Some("text/plain"));
}

#[test]
fn resume_by_get_ends_with_a_restart() {
    let log = post(opens("id: 1\n\ndata: a\n\n"))
        .on("message 1: a", Command::Restart)
        .then(opens("data: b\n\n").resets())
        .run();
    assert_eq!(log.request_lines(), ["POST /stream", "POST /stream"]);
    // The ID belongs to the first stream, and the second has brought none.
    assert_eq!(log.header(1, "last-event-id"), None);
    assert!(log.told().ends_with(&["stop NotRepeatable"]), "{log:?}");
}

#[test]
fn resume_by_get_takes_the_same_id_again_for_an_id() {
    // Some servers count each stream from 1.
    let log = post(opens("id: 1\n\ndata: a\n\n"))
        .on("message 1: a", Command::Restart)
        .then(opens("id: 1\ndata: b\n\n").ends())
        .then(opens(""))
        .run();
    assert_eq!(
        log.request_lines(),
        ["POST /stream", "POST /stream", "GET /stream"]
    );
    assert_eq!(log.header(2, "last-event-id"), Some("1"));
    let log = post(opens("id: old\n\n").ends())
        .last_event_id("old")
        .then(opens(""))
        .run();
    assert_eq!(log.request_lines(), ["POST /stream", "GET /stream"]);
}

#[test]
fn a_decoder_forgets_the_id_and_the_reconnection_time_of_another_stream() {
    let mut decoder: Decoder<512> = Decoder::new();
    decoder.show_comments(true);
    let mut input = &b"retry: 7\nid: 1\ndata: a\n\ndata: unfinished\r"[..];
    while decoder.decode(&mut input).is_some() {}
    assert_eq!(decoder.last_event_id(), "1");
    decoder.forget();
    assert_eq!(decoder.last_event_id(), "");
    assert_eq!(decoder.reconnection_time(), None);
    // A new stream begins, with its byte order mark, and the settings stay.
    let mut input = &b"\xEF\xBB\xBF:c\n\n"[..];
    let item = decoder.decode(&mut input);
    assert_eq!(item, Some(embedded_sse::Item::Comment("c")));
    assert_eq!(decoder.decode(&mut input), None);
}
