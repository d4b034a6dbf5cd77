//! The canonical loop, run: it is what people will paste.

#[path = "support/server.rs"]
mod server;
mod support;

use std::net::TcpListener;

use server::Server;
use support::Tool;

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
    assert!(stopped.starts_with("stopped: the server asks not to come back"));
    minimal.exit(0);
}

#[test]
fn sends_nothing_in_clear_that_was_meant_for_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("https://127.0.0.1:{port}/?token=secret");
    let mut minimal = Tool::run("minimal", &[&url]);
    let stopped = "stopped: the URL is https, and there is no TLS here";
    assert_eq!(minimal.line().as_deref(), Some(stopped));
    minimal.exit(0);
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "it has connected");
}

#[test]
fn does_not_follow_to_where_it_has_no_tls() {
    let server = Server::start();
    let mut minimal = Tool::run("minimal", &[&server.url("/")]);
    let location = "Location: https://127.0.0.1:1/\r\n";
    let head = format!("HTTP/1.1 302 Found\r\n{location}Content-Length: 0\r\n\r\n");
    server.accept().reply(&head);
    let stopped = "stopped: the URL is https, and there is no TLS here";
    assert_eq!(minimal.line().as_deref(), Some(stopped));
    minimal.exit(0);
}
