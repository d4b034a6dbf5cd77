//! `resume`.

use std::net::TcpListener;
use std::time::Duration;

use crate::server::Answer::{Close, Silence};
use crate::server::{complete, cut, run, serve, status, text};

const RESUME: &str = env!("CARGO_BIN_EXE_resume");

#[test]
fn it_resumes_after_the_last_event_until_the_server_sends_204() {
    let (url, requests) = serve([
        Close(cut("retry: 500\nid: 1\ndata: a\n\nid: 2\ndata: unfini")),
        Close(status("503 Service Unavailable", "Retry-After: 2\r\n")),
        Close(complete("id: 2\ndata: b\n\nid: 3\n\n")),
        Close(status("204 No Content", "")),
    ]);
    let output = run(RESUME, &[&url]);
    assert_eq!(
        text(&output.stdout),
        "\"message\": \"a\"\n\"message\": \"b\"\n"
    );
    assert!(output.status.success(), "{output:?}");

    let requests: Vec<_> = requests.iter().collect();
    let ids = requests.iter().map(|it| it.header("Last-Event-ID"));
    assert_eq!(
        ids.collect::<Vec<_>>(),
        [None, Some("1"), Some("1"), Some("3")]
    );
    // Lower bounds only: a busy computer makes everything later.
    assert!(requests[1].at - requests[0].at >= Duration::from_millis(500));
    assert!(requests[2].at - requests[1].at >= Duration::from_secs(2));
    let log = text(&output.stderr);
    assert!(log.contains("status 503; next attempt in"), "{log}");
    assert!(log.contains("the stream ended; next attempt in"), "{log}");
}

#[test]
fn the_delay_is_the_servers_retry() {
    let (url, _requests) = serve([
        Close(complete("retry: 1200\ndata: a\n\n")),
        Close(status("204 No Content", "")),
    ]);
    let output = run(RESUME, &[&url]);
    let log = text(&output.stderr);
    let (_, rest) = log.split_once("next attempt in ").unwrap();
    let ms: u32 = rest.split_once(" ms").unwrap().0.parse().unwrap();
    // The stream has ended on purpose, so that the jitter adds at most a tenth.
    assert!((1200..=1320).contains(&ms), "{ms}");
}

#[test]
fn a_connection_without_a_byte_is_lost_and_closed_before_the_next_one() {
    let (url, requests) = serve([
        Silence(cut("retry: 500\nid: 1\ndata: a\n\n")),
        Close(status("204 No Content", "")),
    ]);
    let output = run(RESUME, &[&url, "1"]);
    assert_eq!(text(&output.stdout), "\"message\": \"a\"\n");
    assert!(text(&output.stderr).contains("no byte came for 1s"));
    assert!(output.status.success());
    let requests: Vec<_> = requests.iter().collect();
    assert_eq!(requests[1].header("Last-Event-ID"), Some("1"));
    assert!(requests[1].is_alone);
}

#[test]
fn responses_that_a_retry_would_not_change_stop_it() {
    for (response, cause) in [
        (status("404 Not Found", ""), "status 404"),
        (status("501 Not Implemented", ""), "status 501"),
        (status("600 Unknown", ""), "status 600"),
        (status("999 Unknown", ""), "status 999"),
        (
            status("200 OK", "Content-Type: text/html\r\n"),
            "the response is not text/event-stream",
        ),
    ] {
        // The second one ends a program that tries again.
        let (url, requests) = serve([Close(response), Close(status("204 No Content", ""))]);
        let output = run(RESUME, &[&url]);
        assert_eq!(text(&output.stderr).trim(), cause);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(requests.try_iter().count(), 1);
    }
}

#[test]
fn a_url_that_is_not_one_stops_it() {
    let output = run(RESUME, &["nonsense"]);
    assert_ne!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn without_a_url_or_with_a_bad_time_it_prints_its_usage() {
    // It would try for ever if it connected, so there must be a server that stops it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    for arguments in [&[][..], &[&url, "soon"], &[&url, "1", "2"]] {
        let output = run(RESUME, arguments);
        assert!(text(&output.stderr).starts_with("usage: resume URL [SECONDS]"));
        assert_eq!(output.status.code(), Some(2));
    }
}
