//! Drafts: changes that an application makes to a request before each attempt.

mod changes;
mod refused;
mod responses;
mod resume;

use embedded_sse::{Draft, Request};

use crate::script::{Log, Script, gone, url};

const TOKEN: &[(&str, &str)] = &[("authorization", "old"), ("X-More", "more")];

fn with_token() -> Script<'static> {
    Script::new(Request {
        headers: TOKEN,
        ..Request::get(url("http://h:81/stream?x=1"))
    })
}

/// The log of one attempt with this draft.
fn drafted(change: impl Fn(&mut Draft<'_>)) -> Log {
    let script = with_token().before_connect(|_, draft| change(draft));
    script.then(gone()).run()
}

const PLAIN: &str = "GET /stream?x=1 HTTP/1.1\r\nHost: h:81\r\nAccept: text/event-stream\r\nAccept-Encoding: identity\r\n\
    Cache-Control: no-cache\r\nauthorization: old\r\nX-More: more\r\n\r\n";
