//! The example `minimal`: the canonical loop, which people will copy.

use std::net::TcpListener;
use std::time::Duration;

use crate::server::{LONG_WAIT, Server};
use crate::support::Tool;

#[test]
fn follows_resumes_and_stops() {
    let server = Server::start();
    let mut minimal = Tool::run("minimal", &[&server.url("/")]);
    let mut first = server.accept();
    first.open();
    first.chunk("retry: 500\nid: 1\ndata: a\n\n");
    assert_eq!(minimal.line().unwrap(), "open: 200");
    assert_eq!(minimal.line().unwrap(), "message: a");
    first.close();
    let lost = minimal.line().unwrap();
    assert!(lost.starts_with("lost: the connection ended before the response did"));

    let mut second = server.accept();
    assert_eq!(second.last_event_id(), Some("1"));
    second.open();
    second.end();
    assert_eq!(minimal.line().unwrap(), "open: 200");
    assert!(minimal.line().unwrap().starts_with("lost: "));

    server.end_it();
    let stopped = minimal.line().unwrap();
    assert!(stopped.starts_with("stopped: the server asked not to reconnect"));
    minimal.exit(0);
}

#[test]
fn never_sends_an_https_request_in_clear_text() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("https://127.0.0.1:{port}/?token=secret");
    let complaint = Tool::run("minimal", &[&url]).expect_complaint(1);
    assert_eq!(
        complaint,
        "error: the URL is https, but the driver has no TLS"
    );
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "it has connected");
}

#[test]
fn does_not_follow_a_redirect_to_https() {
    let server = Server::start();
    let mut minimal = Tool::run("minimal", &[&server.url("/")]);
    let location = "Location: https://127.0.0.1:1/\r\n";
    let head = format!("HTTP/1.1 302 Found\r\n{location}Content-Length: 0\r\n\r\n");
    server.accept().reply(&head);
    let complaint = minimal.expect_complaint(1);
    assert_eq!(
        complaint,
        "error: a redirect to https, but the driver has no TLS"
    );
}

#[test]
fn a_refusal_exits_with_status_1() {
    let server = Server::start();
    let mut minimal = Tool::run("minimal", &[&server.url("/")]);
    let refusal = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    server.accept().reply(refusal);
    assert!(minimal.expect_complaint(1).contains("404"));
}

#[test]
fn bad_usage_is_one_clear_line() {
    const URL: &str = "http://127.0.0.1:1/";
    for (args, code, words) in [
        (&[][..], 2, "usage: minimal"),
        (&[URL, "--unknown"], 2, "usage: minimal"),
        (&["--unknown"], 1, "http://"),
        (&["127.0.0.1"], 1, "http://"),
        (&["http://h:0/"], 1, "port"),
    ] {
        let complaint = Tool::run("minimal", args).expect_complaint(code);
        assert!(complaint.contains(words), "{args:?}: {complaint}");
    }
    #[cfg(unix)]
    Tool::run_with("minimal", &[crate::support::no_unicode()]).expect_complaint(1);
}

#[test]
fn a_retry_after_of_any_length_is_obeyed() {
    let server = Server::start();
    let mut minimal = Tool::run("minimal", &[&server.url("/")]);
    server.accept().reply(LONG_WAIT);
    let lost = minimal.line().unwrap();
    assert!(lost.starts_with("lost: status 503; next attempt in 18446744073709551615"));
    std::thread::sleep(Duration::from_millis(100));
    minimal.assert_runs();
}

/// People copy the examples. With a constant seed, all their devices would reconnect at the same moment.
#[test]
fn no_example_has_a_constant_seed() {
    let sources = [
        include_str!("../../README.md"),
        include_str!("../../examples/minimal.rs"),
        include_str!("../../examples/tokio.rs"),
        include_str!("../../examples/reboot/main.rs"),
        include_str!("../../examples/tail/main.rs"),
        include_str!("../../examples/esp32-c3/src/main.rs"),
        include_str!("../../examples/nucleo-f767zi/src/main.rs"),
        include_str!("../../examples/pico-w/src/main.rs"),
    ];
    for source in sources {
        let mut calls = source.split("EventSource::new(").skip(1).peekable();
        assert!(calls.peek().is_some());
        for call in calls {
            let (arguments, _) = call.split_once(", &mut decoder").unwrap_or((call, ""));
            let seed = arguments
                .rsplit([',', ' '])
                .find(|word| !word.is_empty())
                .unwrap();
            let is_name = seed.starts_with(|c: char| c.is_ascii_alphabetic());
            assert!(is_name, "EventSource::new({arguments:.80}");
        }
    }
}
