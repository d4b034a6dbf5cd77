//! `follow`.

use crate::server::{Answer::Close, complete, cut, run, serve, status, text};

const FOLLOW: &str = env!("CARGO_BIN_EXE_follow");

#[test]
fn it_prints_events_until_the_server_ends_the_stream() {
    let body = ": hello\n\nevent: add\ndata: a\ndata: b\n\ndata: c\n\ndata: unfinished\n";
    let (url, requests) = serve([Close(complete(body))]);
    let output = run(FOLLOW, &[&url]);
    assert_eq!(
        text(&output.stdout),
        "\"add\": \"a\\nb\"\n\"message\": \"c\"\n"
    );
    assert_eq!(text(&output.stderr), "");
    assert!(output.status.success());
    let request = requests.recv().unwrap();
    assert_eq!(request.header("Accept"), Some("text/event-stream"));
}

#[test]
fn a_cut_in_the_middle_of_an_event_is_an_error() {
    let (url, _requests) = serve([Close(cut("data: a\n\ndata: unfinished"))]);
    let output = run(FOLLOW, &[&url]);
    assert_eq!(text(&output.stdout), "\"message\": \"a\"\n");
    assert_ne!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_status_that_is_not_a_success_is_an_error() {
    let (url, _requests) = serve([Close(status("404 Not Found", ""))]);
    let output = run(FOLLOW, &[&url]);
    assert!(text(&output.stderr).contains("404"), "{output:?}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn without_a_url_it_prints_its_usage() {
    for arguments in [&[][..], &["http://a/", "http://b/"]] {
        let output = run(FOLLOW, arguments);
        assert!(text(&output.stderr).starts_with("usage: follow URL"));
        assert_eq!(output.status.code(), Some(2));
    }
}
