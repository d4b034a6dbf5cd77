//! A request's bytes.

use core::mem;

use super::request::Request;
use crate::bytes::{digits, is_one_of, split_at_any};
use crate::url::{Url, in_brackets};

/// What a request depends on beside itself.
pub(crate) struct Sent<'a> {
    /// Where redirects have led.
    pub(crate) url: Url<'a>,
    /// Whether a redirect has made it a `GET`.
    pub(crate) as_get: bool,
    /// Whether redirects have led to another origin, if only for a while.
    pub(crate) has_left: bool,
    /// Header lines of this attempt.
    pub(crate) headers: &'a str,
    /// Empty if it is not to be sent.
    pub(crate) last_event_id: &'a str,
}

/// Fills `out` with the request's bytes from `skip` on. Returns how many it has put there, and how
/// long the whole request is.
pub(crate) fn write(
    request: &Request<'_>,
    sent: &Sent<'_>,
    skip: usize,
    out: &mut [u8],
) -> (usize, usize) {
    let room = out.len();
    let mut out = Window { skip, out, len: 0 };
    let origin = sent.url.origin();
    out.text(if sent.as_get { "GET" } else { request.method });
    out.text(" ");
    if !sent.url.path_and_query().starts_with('/') {
        out.text("/");
    }
    out.text(sent.url.path_and_query());
    out.text(" HTTP/1.1\r\n");
    if is_ours(request, sent, "host") {
        out.text("Host: ");
        for piece in in_brackets(origin.host) {
            out.text(piece);
        }
        if origin.port != origin.scheme.default_port() {
            out.text(":");
            out.number(origin.port.into());
        }
        out.text("\r\n");
    }
    for (name, value) in [
        ("Accept", "text/event-stream"),
        ("Accept-Encoding", "identity"),
        ("Cache-Control", "no-cache"),
        (LAST_EVENT_ID, sent.last_event_id),
    ] {
        if !value.is_empty() && is_ours(request, sent, name) {
            out.header(name, value);
        }
    }
    each_header(request, sent, &mut |name, value| out.header(name, value));
    let has_body = !request.body.is_empty() || request.method != "GET";
    if has_body && !sent.as_get {
        out.text("Content-Length: ");
        out.number(request.body.len());
        out.text("\r\n\r\n");
        out.bytes(request.body);
    } else {
        out.text("\r\n");
    }
    (room - out.out.len(), out.len)
}

pub(crate) const LAST_EVENT_ID: &str = "Last-Event-ID";

/// The value of the request's `Last-Event-ID`, be it ours or the caller's. Empty if it has none.
pub(crate) fn sent_id<'a>(request: &Request<'a>, sent: &Sent<'a>) -> &'a str {
    let mut id = sent.last_event_id;
    each_header(request, sent, &mut |name, value| {
        if name.eq_ignore_ascii_case(LAST_EVENT_ID) {
            id = value;
        }
    });
    id
}

/// Whether nobody else gives a header of this name.
fn is_ours(request: &Request<'_>, sent: &Sent<'_>, ours: &str) -> bool {
    let mut is_ours = true;
    each_header(request, sent, &mut |name, _| {
        is_ours &= !name.eq_ignore_ascii_case(ours);
    });
    is_ours
}

/// Calls `take` with the name and value of each header that the draft and the request give. It is
/// no generic, as there would be one for each call.
fn each_header<'a>(request: &Request<'a>, sent: &Sent<'a>, take: &mut dyn FnMut(&'a str, &'a str)) {
    let drafted = Lines(sent.headers);
    let given = request.headers.iter().copied().filter(|(name, _)| {
        let mut drafted = Lines(sent.headers);
        !drafted.any(|(other, _)| other.eq_ignore_ascii_case(name))
    });
    for (name, value) in drafted.chain(given) {
        let left_behind = sent.has_left && is_one_of(name, &SECRET)
            || sent.as_get && is_one_of(name, &OF_THE_BODY);
        if !left_behind {
            take(name, value);
        }
    }
}

/// What stays behind where a redirect leads to another origin.
const SECRET: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "host"];

/// What stays behind with the body.
const OF_THE_BODY: [&str; 4] = [
    "content-type",
    "content-encoding",
    "content-language",
    "content-location",
];

/// The names and values in header lines that a draft has written.
struct Lines<'a>(&'a str);

impl<'a> Iterator for Lines<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = split_at_any(self.0, b":");
        let (value, rest) = split_at_any(rest.strip_prefix(": ")?, b"\r");
        self.0 = rest.strip_prefix("\r\n").unwrap_or_default();
        Some((name, value))
    }
}

/// What is written to it is counted, and what of it comes after the bytes to be skipped is copied
/// as long as there is room.
struct Window<'o> {
    skip: usize,
    /// The room that is left.
    out: &'o mut [u8],
    len: usize,
}

impl Window<'_> {
    /// Not inlined: it would be in each of its many calls.
    #[inline(never)]
    fn bytes(&mut self, piece: &[u8]) {
        self.len = self.len.saturating_add(piece.len());
        let new = piece.get(self.skip..).unwrap_or_default();
        self.skip = self.skip.saturating_sub(piece.len());
        let len = new.len().min(self.out.len());
        if let Some((room, rest)) = mem::take(&mut self.out).split_at_mut_checked(len)
            && let Some(new) = new.get(..len)
        {
            room.copy_from_slice(new);
            self.out = rest;
        }
    }

    fn text(&mut self, piece: &str) {
        self.bytes(piece.as_bytes());
    }

    fn header(&mut self, name: &str, value: &str) {
        for piece in [name, ": ", value, "\r\n"] {
            self.text(piece);
        }
    }

    fn number(&mut self, number: usize) {
        for digit in digits(number as u64) {
            self.text(digit);
        }
    }
}
