//! Rules: a document, a finished request.

use embedded_sse::{Head, Request, StopReason, Verdict};

use super::{HERE, redirect};
use crate::script::{Command, Connection, Log, Script, answers, opens, url};

const JSON: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/// Collects every response that the default would reject.
fn collect(_: &Head<'_>, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Stop => Verdict::Collect,
        other => other,
    }
}

fn collecting(connection: Connection) -> Script<'static> {
    Script::new(Request::post(url(HERE), b"{}"))
        .verdict(collect)
        .then(connection)
}

fn body_of(log: &Log) -> &str {
    &log.response.as_ref().expect("a response").body
}

/// The same body in each framing.
fn framings(body: &str) -> [Connection; 3] {
    let (half, rest) = body.split_at(body.len() / 2);
    [
        answers(format!(
            "{JSON}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )),
        answers(format!(
            "{JSON}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{half}\r\n{:x};x\r\n{rest}\r\n0\r\n\r\n",
            half.len(),
            rest.len()
        )),
        answers(format!("{JSON}\r\n{body}")).ends(),
    ]
}

#[test]
fn a_document_is_collected_in_every_framing() {
    // More than a rejected body may have.
    let body = format!("{{\"a\": \"{}\"}}", "b".repeat(1300));
    for connection in framings(&body) {
        let log = collecting(connection).run();
        assert_eq!(log.told(), ["stop Finished"]);
        assert_eq!(body_of(&log), body);
        assert_eq!(log.stop.unwrap().status, Some(200));
        assert_eq!(
            log.stop.unwrap().to_string(),
            "the response is complete (200)"
        );
    }
}

#[test]
fn a_document_may_be_empty() {
    for head in [
        format!("{JSON}Content-Length: 0\r\n\r\n"),
        "HTTP/1.1 204 x\r\n\r\n".to_owned(),
    ] {
        let log = collecting(answers(head)).run();
        assert_eq!(log.told(), ["stop Finished"]);
        assert_eq!(body_of(&log), "");
    }
}

#[test]
fn a_document_may_take_longer_than_a_rejected_body() {
    let slow = answers(format!("{JSON}Content-Length: 4\r\n\r\n12"))
        .pauses(60_000)
        .sends("34");
    let log = collecting(slow).run();
    assert_eq!(log.timed(), ["60000 stop Finished"]);
    assert_eq!(body_of(&log), "1234");
}

#[test]
fn a_document_that_is_silent_is_lost_by_the_idle_timeout() {
    let silent = answers(format!("{JSON}Content-Length: 4\r\n\r\n12"));
    let log = collecting(silent)
        .policy(|policy| policy.idle_timeout = Some(core::time::Duration::from_secs(5)))
        .run();
    // The server may have acted on the request, so it is not sent again.
    assert_eq!(
        log.timed(),
        ["5000 lost IdleTimeout", "5000 stop NotRepeatable"]
    );
}

#[test]
fn a_document_that_fills_data_is_whole_and_one_more_byte_is_reported() {
    let fitting = |framing: usize, len: usize| framings(&"x".repeat(len))[framing].clone();
    let ends_of_heads = [
        "Content-Length: 57\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n",
        "\r\n",
    ];
    for (framing, end_of_head) in ends_of_heads.into_iter().enumerate() {
        let run = |len| collecting(fitting(framing, len)).run_in::<128>();
        let most = 128 - JSON.len() - end_of_head.len();
        let whole = run(most);
        assert_eq!(whole.told(), ["stop Finished"]);
        assert_eq!(body_of(&whole).len(), most);
        let too_long = run(most + 1);
        let stop = too_long.stop.unwrap();
        match framing {
            0 => {
                let len = Some(129);
                assert_eq!(stop.reason, StopReason::BodyTooLong { len });
                assert!(stop.to_string().contains("129 bytes"), "{stop}");
            }
            _ => assert_eq!(stop.reason, StopReason::BodyTooLong { len: None }),
        }
        // What arrived can be read, for example to log it.
        assert_eq!(body_of(&too_long).len(), most);
    }
}

#[test]
fn a_document_that_is_cut_off_is_a_loss() {
    for connection in [
        answers(format!("{JSON}Content-Length: 4\r\n\r\n12")).ends(),
        answers(format!(
            "{JSON}Transfer-Encoding: chunked\r\n\r\n2\r\n12\r\n"
        ))
        .ends(),
    ] {
        let log = collecting(connection.clone()).run();
        assert_eq!(log.told(), ["lost CutOff", "stop NotRepeatable"]);
        let get = Script::get(HERE).verdict(collect).then(connection);
        let whole = framings("1234")[0].clone();
        let log = get.then(whole).run();
        assert_eq!(log.told(), ["lost CutOff", "wait 3000", "stop Finished"]);
        assert_eq!(body_of(&log), "1234");
    }
    let reset = answers(format!("{JSON}Content-Length: 4\r\n\r\n12")).resets();
    let log = collecting(reset).run();
    assert_eq!(log.told(), ["lost Transport", "stop NotRepeatable"]);
    let invalid = answers(format!("{JSON}Transfer-Encoding: chunked\r\n\r\nx\r\n"));
    let log = collecting(invalid).run();
    assert_eq!(log.told(), ["lost Chunk(Size)", "stop NotRepeatable"]);
}

#[test]
fn a_document_with_an_invalid_length_is_a_loss() {
    let invalid = answers(format!("{JSON}Content-Length: x\r\n\r\n12"));
    let log = collecting(invalid).run();
    assert_eq!(
        log.told(),
        ["lost Head(ContentLength)", "stop NotRepeatable"]
    );
}

#[test]
fn a_document_may_follow_a_stream_after_a_restart() {
    let log = collecting(opens("id: 1\ndata: a\n\n"))
        .on("message 1: a", Command::Restart)
        .then(framings("1234")[1].clone())
        .run();
    assert_eq!(log.told(), ["open 200", "message 1: a", "stop Finished"]);
    assert_eq!(body_of(&log), "1234");
}

#[test]
fn a_finished_request_stops_at_the_head() {
    let finish = |_: &Head<'_>, _| Verdict::Finish;
    // A body that never comes is not waited for.
    let accepted = answers("HTTP/1.1 202 Accepted\r\nX: y\r\nContent-Length: 9\r\n\r\n");
    let log = Script::new(Request::post(url(HERE), b"{}"))
        .verdict(finish)
        .then(accepted)
        .run();
    assert_eq!(log.timed(), ["0 stop Finished"]);
    assert_eq!(
        log.stop.unwrap().to_string(),
        "the response is complete (202)"
    );
    let response = log.response.unwrap();
    assert_eq!((response.status, response.body.as_str()), (202, ""));
    assert_eq!(response.headers[0], ("X".to_owned(), "y".to_owned()));
}

#[test]
fn a_document_does_not_end_an_outage() {
    let cut = || answers(format!("{JSON}Content-Length: 4\r\n\r\n12")).ends();
    let log = Script::get(HERE)
        .verdict(collect)
        .policy(|policy| policy.max_reconnection_attempts = Some(2))
        .then(cut())
        .then(cut())
        .then(cut())
        .then(opens(""))
        .run();
    assert_eq!(log.requests.len(), 3);
    assert!(log.told().ends_with(&["stop Attempts"]), "{log:?}");
}

#[test]
fn a_document_is_not_the_target_of_a_remembered_redirect() {
    let cut = answers(format!("{JSON}Content-Length: 4\r\n\r\n12")).ends();
    let log = Script::get(HERE)
        .verdict(collect)
        .remember(64)
        .then(redirect(301, "/moved"))
        .then(cut)
        .then(framings("1234")[0].clone())
        .run();
    assert_eq!(
        log.request_lines(),
        ["GET /stream", "GET /moved", "GET /stream"]
    );
}

#[test]
fn a_document_too_long_in_many_chunks_reports_what_fitted() {
    let chunks = "8\r\n12345678\r\n".repeat(200);
    let log = collecting(answers(format!(
        "{JSON}Transfer-Encoding: chunked\r\n\r\n{chunks}"
    )))
    .run_in::<256>();
    let len = None;
    assert_eq!(log.stop.unwrap().reason, StopReason::BodyTooLong { len });
    assert!("12345678".repeat(40).starts_with(body_of(&log)));
}
