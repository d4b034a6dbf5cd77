//! Serializing requests.

use core::mem;

use super::request::Request;
use crate::bytes::{copy, is_one_of, split_at_any, write_decimal};
use crate::url::Url;

/// What the bytes of a request depend on, besides the [`Request`].
pub(crate) struct Sent<'a> {
    /// Whether the method is `GET` instead of the request's, after a redirect or to resume a stream.
    pub(crate) as_get: bool,
    /// Whether any redirect led to another origin, even if a later one led back.
    pub(crate) has_left: bool,
    /// The header lines of the draft.
    pub(crate) headers: &'a str,
    /// The last event ID, or empty if it is not sent.
    pub(crate) last_event_id: &'a str,
}

/// Writes the bytes of the request for `url`, the current URL, to `out`, without the first `skip` bytes. Returns how many bytes
/// were written, and the length of the whole request.
pub(crate) fn write(
    request: &Request<'_>,
    url: Url<'_>,
    sent: &Sent<'_>,
    skip: usize,
    out: &mut [u8],
) -> (usize, usize) {
    let room = out.len();
    let mut out = Window { skip, out, len: 0 };
    let origin = url.origin();
    out.text(if sent.as_get { "GET" } else { request.method });
    out.text(" ");
    if !url.path_and_query().starts_with('/') {
        out.text("/");
    }
    out.text(url.path_and_query());
    out.text(" HTTP/1.1\r\n");
    if is_ours(request, sent, "host") {
        out.text("Host: ");
        origin.each_piece_of_authority(&mut |piece| out.bytes(piece));
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

/// The value of `Last-Event-ID` in the request, whether added by the crate or by the application.
/// Empty if there is none.
pub(crate) fn sent_id<'a>(request: &Request<'a>, sent: &Sent<'a>) -> &'a str {
    let mut id = sent.last_event_id;
    each_header(request, sent, &mut |name, value| {
        if name.eq_ignore_ascii_case(LAST_EVENT_ID) {
            id = value;
        }
    });
    id
}

/// Whether neither the draft nor the request contains a header of this name.
fn is_ours(request: &Request<'_>, sent: &Sent<'_>, ours: &str) -> bool {
    let mut is_ours = true;
    each_header(request, sent, &mut |name, _| {
        is_ours &= !name.eq_ignore_ascii_case(ours);
    });
    is_ours
}

/// Calls `take` for each header of the draft and the request. It takes a `dyn FnMut` and not a
/// generic, since a generic would be compiled once for each call.
fn each_header<'a>(request: &Request<'a>, sent: &Sent<'a>, take: &mut dyn FnMut(&'a str, &'a str)) {
    let is_sent = |name: &str| {
        !(sent.has_left && is_one_of(name, &SECRET) || sent.as_get && is_one_of(name, &OF_THE_BODY))
    };
    for (name, value) in Lines(sent.headers) {
        if is_sent(name) {
            take(name, value);
        }
    }
    for (name, value) in request.headers {
        let is_replaced = Lines(sent.headers).any(|(other, _)| other.eq_ignore_ascii_case(name));
        if !is_replaced && is_sent(name) {
            take(name, value);
        }
    }
}

/// Headers that are not sent to another origin.
const SECRET: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "host"];

/// Headers that describe the body and are removed with it.
const OF_THE_BODY: [&str; 4] = [
    "content-type",
    "content-encoding",
    "content-language",
    "content-location",
];

/// The names and values in the header lines of a draft.
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

/// A writer that counts all bytes, and copies those after the first `skip` while there is room.
struct Window<'o> {
    skip: usize,
    /// The remaining room.
    out: &'o mut [u8],
    len: usize,
}

impl Window<'_> {
    /// Not inlined, since it has many callers.
    #[inline(never)]
    fn bytes(&mut self, piece: &[u8]) {
        self.len = self.len.saturating_add(piece.len());
        let new = piece.get(self.skip..).unwrap_or_default();
        self.skip = self.skip.saturating_sub(piece.len());
        let len = new.len().min(self.out.len());
        if let Some((room, rest)) = mem::take(&mut self.out).split_at_mut_checked(len)
            && let Some(new) = new.get(..len)
        {
            copy(room, new);
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
        self.bytes(write_decimal(number, &mut [0; 20]));
    }
}
