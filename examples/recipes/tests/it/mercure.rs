//! A Mercure hub: what <https://mercure.rocks/spec> says about reconciliation.

use std::io;

use crate::program::Program;
use crate::server::{Reply, Request, Server};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mercure");
const TARGET: &str = "/.well-known/mercure?topic=https%3A%2F%2Fexample.com%2Fbooks%2F1";

/// A hub with some updates in its history.
struct Hub {
    history: &'static [&'static str],
}

impl Hub {
    /// Sends the updates after the one that the client names. The header says where it resumes:
    /// there, or `earliest` if the history does not reach back so far.
    fn serve(&self, request: &Request, reply: Reply) -> io::Result<()> {
        let last_id = request.header("Last-Event-ID");
        let known = last_id.and_then(|last| self.history.iter().position(|id| *id == last));
        let header = match (last_id, known) {
            (None, _) => String::new(),
            (Some(id), Some(_)) => format!("Last-Event-ID: {id}\r\n"),
            (Some(_), None) => "Last-Event-ID: earliest\r\n".into(),
        };
        let mut stream = reply.stream(&header)?;
        stream.send(":\n")?;
        let next = match (last_id, known) {
            (None, _) => self.history.len() - 1,
            (Some(_), Some(index)) => index + 1,
            (Some(_), None) => 0,
        };
        for id in &self.history[next..] {
            stream.send(&format!("id: {id}\ndata: {{\"about\":\"{id}\"}}\n\n"))?;
        }
        match last_id {
            // As after the hub's `write_timeout`.
            None => stream.end(),
            Some(_) => stream.hold(),
        }
    }
}

#[test]
fn updates_after_the_last_one_are_no_gap() {
    let server = Server::start(|request, number, reply| {
        let history: &[_] = match number {
            0 => &["urn:uuid:1"],
            _ => &["urn:uuid:1", "urn:uuid:2"],
        };
        Hub { history }.serve(request, reply)
    });
    let program = Program::start(PROGRAM, &[&server.url(TARGET)], &[("MERCURE_JWT", "a.b.c")]);
    assert_eq!(program.line(), r#"urn:uuid:1: {"about":"urn:uuid:1"}"#);
    assert_eq!(program.line(), r#"urn:uuid:2: {"about":"urn:uuid:2"}"#);
    let requests = server.requests();
    assert_eq!(requests[0].header("Authorization"), Some("Bearer a.b.c"));
    assert_eq!(requests[0].header("Last-Event-ID"), None);
    assert_eq!(requests[1].header("Last-Event-ID"), Some("urn:uuid:1"));
    assert_eq!(requests[1].target, TARGET);
}

#[test]
fn a_history_that_is_too_short_is_reported_as_missed_updates() {
    let server = Server::start(|request, number, reply| {
        let history: &[_] = match number {
            0 => &["urn:uuid:1"],
            _ => &["urn:uuid:8", "urn:uuid:9"],
        };
        Hub { history }.serve(request, reply)
    });
    let program = Program::start(PROGRAM, &[&server.url(TARGET)], &[]);
    assert_eq!(program.line(), r#"urn:uuid:1: {"about":"urn:uuid:1"}"#);
    let missed = "missed updates: asked for those after urn:uuid:1, got those after earliest";
    assert_eq!(program.line(), missed);
    assert_eq!(program.line(), r#"urn:uuid:8: {"about":"urn:uuid:8"}"#);
    assert_eq!(program.line(), r#"urn:uuid:9: {"about":"urn:uuid:9"}"#);
}

#[test]
fn a_stored_id_is_checked_at_the_first_attempt() {
    let server = Server::start(|request, _, reply| {
        let history = &["urn:uuid:8", "urn:uuid:9"];
        Hub { history }.serve(request, reply)
    });
    let args = [&server.url(TARGET), "urn:uuid:8"];
    let program = Program::start(PROGRAM, &args, &[]);
    assert_eq!(program.line(), r#"urn:uuid:9: {"about":"urn:uuid:9"}"#);
    drop(program);

    let args = [&server.url(TARGET), "urn:uuid:7"];
    let program = Program::start(PROGRAM, &args, &[]);
    let missed = "missed updates: asked for those after urn:uuid:7, got those after earliest";
    assert_eq!(program.line(), missed);
}

#[test]
fn a_hub_that_does_not_say_where_it_resumes_may_have_a_gap() {
    let server = Server::start(|_, _, reply| reply.stream("")?.hold());
    let args = [&server.url(TARGET), "urn:uuid:7"];
    let program = Program::start(PROGRAM, &args, &[]);
    let missed =
        "missed updates: asked for those after urn:uuid:7, got those after an unknown update";
    assert_eq!(program.line(), missed);
}

#[test]
fn a_wrong_token_ends_the_program() {
    let server = Server::start(|_, _, reply| {
        reply.whole(
            "401 Unauthorized",
            "Content-Type: text/plain\r\n",
            "Unauthorized\n",
        )
    });
    let program = Program::start(PROGRAM, &[&server.url(TARGET)], &[("MERCURE_JWT", "a.b.c")]);
    let (status, output, errors) = program.wait();
    assert_eq!((status, &output[..]), (Some(1), ""));
    let refused = "error: the server refused the request (401): Unauthorized";
    assert!(errors.starts_with(refused), "{errors}");
    assert_eq!(server.requests().len(), 1);
}
