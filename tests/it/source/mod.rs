//! `EventSource`, by the rules on the connection in `tests/rules.md`.

mod collect;
mod failures;
mod id;
mod invalid_request;
mod origin;
mod policy;
mod redirect;
mod redirect_limits;
mod remembered;
mod reports;
mod request;
mod response;
mod restart;
mod resume_by_get;
mod retry;
mod statuses;

use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Step};

use crate::script::{Connection, OPEN, Script, answers, ms, refuses, status, url};

const HERE: &str = "http://h/stream";

/// What the application gets from a 200 with these header lines and one event.
fn told_of(headers: &str) -> String {
    let response = format!("HTTP/1.1 200 OK\r\n{headers}\r\ndata: a\n\n");
    let log = Script::get(HERE).then(answers(response).ends()).run();
    log.told().join(", ")
}

const OPENED: &str = "open 200, message: a, lost End, wait 3000";

const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

fn redirect(code: u16, location: &str) -> Connection {
    status(code, &format!("Location: {location}\r\n"))
}

const SECRETS: &[(&str, &str)] = &[
    ("AUTHORIZATION", "secret"),
    ("cookie", "secret"),
    ("Proxy-Authorization", "secret"),
    ("X", "y"),
];

/// The delays of a script in which this many attempts are refused.
fn refused_often(script: Script<'_>, times: usize) -> Vec<u64> {
    let refused = (0..times).fold(script, |script, _| script.then(refuses()));
    refused.run().delays
}

fn limited(attempts: u32) -> Script<'static> {
    Script::get(HERE).policy(|policy| policy.max_reconnection_attempts = Some(attempts))
}

type Source<'a> = EventSource<'a, 512, 64>;

fn source_of<'a, const DATA: usize>(
    request: Request<'a>,
    decoder: &'a mut Decoder<DATA>,
) -> EventSource<'a, DATA> {
    EventSource::new(request, Policy::DEFAULT, 1, decoder).unwrap()
}

fn source<'a>(policy: Policy, decoder: &'a mut Decoder<512>) -> Source<'a> {
    EventSource::new(Request::get(url(HERE)), policy, 1, decoder).unwrap()
}

fn reading(decoder: &mut Decoder<512>) -> Source<'_> {
    let mut source = source(Policy::DEFAULT, decoder);
    read(&mut source);
    source
}

/// Advances the source to the response: the request is written.
fn read<const DATA: usize>(source: &mut EventSource<'_, DATA>) {
    assert!(matches!(source.step(ms(0)), Step::Connect { .. }));
    source.connected(ms(0));
    source.wrote(usize::MAX);
    assert!(matches!(source.step(ms(0)), Step::Read { .. }));
}

fn open(source: &mut Source<'_>) {
    read(source);
    let opened = source.receive(&mut OPEN.as_bytes(), ms(0));
    assert!(matches!(opened, Some(Item::Open(_))));
}

fn feed(source: &mut Source<'_>, bytes: &str) {
    let mut input = bytes.as_bytes();
    while source.receive(&mut input, ms(0)).is_some() {}
}
