//! Timeouts.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::{
    accept_and_send, event, expect_good_end, expect_lost, expect_number, expect_open, tail,
};
use crate::server::Server;
use crate::support::Tool;

#[test]
fn silence_is_a_loss_and_a_comment_ends_it() {
    const TIMEOUT: Duration = Duration::from_millis(800);
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--idle-timeout", "800", &url]);
    let mut connection = accept_and_send(&server, &mut tail, 1);
    let start = Instant::now();
    while start.elapsed() < TIMEOUT + TIMEOUT / 2 {
        connection.chunk(":\n");
        std::thread::sleep(TIMEOUT / 20);
    }
    connection.chunk(&event(2));
    expect_number(&mut tail, 2);
    // From now on the server is silent.
    expect_lost(&mut tail, "idle_timeout");
    connection.wait_for_close();
    expect_good_end(&mut tail, &server);
}

#[test]
fn no_response_is_a_loss() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--response-timeout", "200", &url]);
    let mute = server.accept();
    expect_lost(&mut tail, "response_timeout");
    mute.wait_for_close();
    // Half a head is not a response.
    let mut half = server.accept();
    half.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n");
    expect_lost(&mut tail, "response_timeout");
    half.wait_for_close();
    expect_good_end(&mut tail, &server);
}

/// Each timeout limits its own part of an attempt only.
#[test]
fn a_response_may_come_after_the_connect_timeout() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--connect-timeout", "200", &url]);
    let mut connection = server.accept();
    std::thread::sleep(Duration::from_millis(400));
    connection.open();
    expect_open(&mut tail);
    connection.end();
    expect_lost(&mut tail, "end");
    expect_good_end(&mut tail, &server);
}

/// If an option is repeated, the last one wins.
#[test]
fn a_timeout_can_be_never() {
    let server = Server::start();
    let url = server.url("/");
    let mut args = Vec::new();
    for option in ["--connect-timeout", "--response-timeout", "--idle-timeout"] {
        args.extend([option, "100", option, "never"]);
    }
    let mut tail = tail(&[&args[..], &[&url]].concat());
    let mut connection = server.accept();
    std::thread::sleep(Duration::from_millis(300));
    connection.open();
    expect_open(&mut tail);
    std::thread::sleep(Duration::from_millis(300));
    connection.end();
    expect_lost(&mut tail, "end");
    expect_good_end(&mut tail, &server);
}

#[test]
fn a_timeout_names_its_option() {
    let server = Server::start();
    let url = server.url("/");
    for (option, ms, begins, words) in [
        (
            "--response-timeout",
            "100",
            "",
            "no response within response_timeout",
        ),
        (
            "--idle-timeout",
            "100",
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
            "no byte within idle_timeout",
        ),
    ] {
        let mut tail = Tool::run(
            "tail",
            &[option, ms, "--max-reconnection-attempts", "0", &url],
        );
        let mut connection = server.accept();
        connection.write(begins);
        connection.wait_for_close();
        assert_told(&mut tail, &format!("lost      {words} ({option})"));
    }
    // A timeout of zero, since on loopback no attempt takes long.
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let url = format!("http://{}/", nobody.expect("there is a free port"));
    let option = "--connect-timeout";
    let mut tail = Tool::run(
        "tail",
        &[option, "0", "--max-reconnection-attempts", "0", &url],
    );
    assert_told(
        &mut tail,
        &format!("lost      no connection within connect_timeout ({option})"),
    );
}

#[track_caller]
fn assert_told(tail: &mut Tool, words: &str) {
    let text = tail.text();
    assert!(text.contains(words), "{words} is missing: {text}");
    tail.exit(1);
}

#[test]
fn a_stream_may_be_silent() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--response-timeout", "300", &url]);
    let mut connection = accept_and_send(&server, &mut tail, 1);
    std::thread::sleep(Duration::from_millis(600));
    connection.chunk(&event(2));
    expect_number(&mut tail, 2);
    connection.end();
    expect_lost(&mut tail, "end");
    expect_good_end(&mut tail, &server);
}
