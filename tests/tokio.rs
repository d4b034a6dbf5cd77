//! The core over another runtime than embassy's: the example, run.

#[path = "support/server.rs"]
mod server;
mod support;

use server::Server;
use support::Tool;

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
    assert!(tokio.exit(0).contains("204"));
}
