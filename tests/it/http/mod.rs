//! Responses: which forms are accepted, and which are refused. RFC 9112, as far as it concerns a client.

mod chunks;
mod framing;
mod head;

use embedded_sse::LossCause;

use crate::script::{Connection, Script, answers};

const HERE: &str = "http://h/stream";

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

/// The head of an event stream, with these header lines in addition.
fn head(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{headers}\r\n")
}

fn chunked(body: impl AsRef<[u8]>) -> Connection {
    answers(head(CHUNKED)).sends(body)
}

/// What the application gets before the wait. The wait must start within the response timeout.
fn told(connection: Connection) -> String {
    told_in::<2048>(connection)
}

fn told_in<const DATA: usize>(connection: Connection) -> String {
    let log = Script::get(HERE).then(connection).run_in::<DATA>();
    assert!(log.time_of("wait 3000") <= 300_000);
    assert_eq!(log.told().pop(), Some("wait 3000"));
    let mut told = log.told();
    told.pop();
    told.join(", ")
}

/// The cause of the loss of a response that does not open.
fn cause(bytes: impl AsRef<[u8]>) -> LossCause {
    cause_in::<2048>(bytes)
}

fn cause_in<const DATA: usize>(bytes: impl AsRef<[u8]>) -> LossCause {
    let log = Script::get(HERE).then(answers(bytes)).run_in::<DATA>();
    assert_eq!(log.losses.len(), 1);
    assert_eq!(log.lines.len(), 2, "{log:?}");
    assert!(log.lines[0].0 <= 300_000);
    log.losses[0]
}

const WHOLE: &str = "open 200, message: a, lost End";
