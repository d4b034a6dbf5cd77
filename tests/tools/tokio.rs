//! The example `tokio`.

use std::time::Duration;

use crate::server::{LONG_WAIT, Server};
use crate::support::Tool;

#[test]
fn follows_resumes_and_stops() {
    let server = Server::start();
    let mut tokio = Tool::run("tokio", &[&server.url("/")]);
    let mut first = server.accept();
    first.open();
    first.chunk("retry: 500\nid: 1\nevent: x\ndata: a\ndata: b\n\nid: 2\nda");
    assert_eq!(tokio.line().unwrap(), "x (1): a");
    assert_eq!(tokio.line().unwrap(), "b");
    first.reset();

    let mut second = server.accept();
    assert_eq!(second.last_event_id(), Some("1"));
    second.open();
    second.chunk("id: 2\ndata: c\n\n");
    assert_eq!(tokio.line().unwrap(), "message (2): c");
    second.end();
    server.end_it();
    assert_eq!(tokio.line().unwrap(), "the server asks not to come back");
    // Losses are reported with their cause.
    let losses = tokio.expect_exit(0);
    assert!(losses.contains("lost: the connection failed; next attempt in "));
    assert!(losses.contains("lost: the server ended the response; next attempt in "));
}

#[test]
fn a_refusal_exits_with_status_1() {
    let server = Server::start();
    let mut tokio = Tool::run("tokio", &[&server.url("/")]);
    let refusal = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    server.accept().reply(refusal);
    assert!(tokio.expect_complaint(1).contains("404"));
}

#[test]
fn bad_usage_is_one_clear_line() {
    const URL: &str = "http://127.0.0.1:1/";
    for (args, code, words) in [
        (&[][..], 2, "usage: tokio"),
        (&[URL, "--unknown"], 2, "usage: tokio"),
        (&["--unknown"], 1, "http://"),
        (&["https://127.0.0.1:1/"], 1, "TLS"),
    ] {
        let complaint = Tool::run("tokio", args).expect_complaint(code);
        assert!(complaint.contains(words), "{args:?}: {complaint}");
    }
    #[cfg(unix)]
    Tool::run_with("tokio", &[crate::support::no_unicode()]).expect_complaint(1);
}

#[test]
fn a_retry_after_of_any_length_is_obeyed() {
    let server = Server::start();
    let mut tokio = Tool::run("tokio", &[&server.url("/")]);
    let mut connection = server.accept();
    connection.write(LONG_WAIT);
    connection.wait_for_close();
    std::thread::sleep(Duration::from_millis(100));
    tokio.assert_runs();
}
