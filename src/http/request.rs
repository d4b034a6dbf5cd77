//! A request, and its bytes on the wire.

use core::fmt;
use core::mem;

use crate::bytes::{digits, is_one_of, split_at_any};
use crate::url::{Url, in_brackets};

/// What to ask for.
///
/// ```
/// use embedded_sse::{Request, Url};
///
/// let url = Url::parse("http://192.168.1.2:8123/api/stream")?;
/// let request = Request {
///     headers: &[("Authorization", "Bearer abc")],
///     ..Request::get(url)
/// };
/// # let _ = request;
/// # Ok::<(), embedded_sse::InvalidUrl>(())
/// ```
///
/// The crate adds `Host`, `Accept: text/event-stream`, `Accept-Encoding: identity`,
/// `Cache-Control: no-cache` and, if the last event ID is not empty and is a legal header value,
/// `Last-Event-ID`. One of `headers` with such a name replaces it.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Where the event stream is.
    pub url: Url<'a>,
    /// The method, in capitals. `HEAD` and `CONNECT` are refused: their responses have no body.
    pub method: &'a str,
    /// More header fields: names and values. On a redirect to another origin, `Authorization`,
    /// `Proxy-Authorization`, `Cookie` and `Host` stay behind; nobody can know which others are
    /// secret. A `Last-Event-ID` here is sent for ever, whatever comes: give the ID to the decoder.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body, sent with its `Content-Length`. A `GET` with an empty body has none.
    pub body: &'a [u8],
    /// Whether a request with another method than `GET` may be sent again after a loss. If not, a
    /// loss stops the source once a byte of the request was written: the server may already have
    /// done what it was asked to do.
    pub reconnect_post: bool,
    /// How many redirects are followed in a row.
    pub max_redirects: u8,
}

impl<'a> Request<'a> {
    /// A `GET` with no further headers, that follows 20 redirects as browsers do.
    pub const fn get(url: Url<'a>) -> Self {
        Self {
            url,
            method: "GET",
            headers: &[],
            body: &[],
            reconnect_post: false,
            max_redirects: 20,
        }
    }

    /// A `POST`, which is not sent again after a loss unless
    /// [`reconnect_post`](Self::reconnect_post) says so.
    pub const fn post(url: Url<'a>, body: &'a [u8]) -> Self {
        Self {
            method: "POST",
            body,
            ..Self::get(url)
        }
    }

    pub(crate) fn is_repeatable(&self) -> bool {
        self.method == "GET" || self.reconnect_post
    }

    pub(crate) fn check(&self) -> Result<(), InvalidRequest> {
        if !is_token(self.method.as_bytes()) {
            return Err(InvalidRequest::Method);
        }
        if is_one_of(self.method, &["HEAD", "CONNECT"]) {
            return Err(InvalidRequest::NoBody);
        }
        for (index, (name, value)) in self.headers.iter().enumerate() {
            if !is_token(name.as_bytes()) {
                return Err(InvalidRequest::HeaderName { index });
            }
            if !is_field_value(value) {
                return Err(InvalidRequest::HeaderValue { index });
            }
            if is_framing(name) {
                return Err(InvalidRequest::Framing { index });
            }
        }
        Ok(())
    }
}

/// Without what may be secret: the headers' values and the body.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request {{ {} {:?}, headers: ", self.method, self.url)?;
        let names = self.headers.iter().map(|(name, _)| name);
        f.debug_list().entries(names).finish()?;
        write!(f, ", body: {} bytes }}", self.body.len())
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Request<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "Request {{ {} {} }}", self.method, self.url);
    }
}

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
    if !sent.url.path().starts_with('/') {
        out.text("/");
    }
    out.text(sent.url.path());
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

/// What follows from the body, and nobody gives.
pub(super) fn is_framing(name: &str) -> bool {
    is_one_of(name, &["content-length", "transfer-encoding"])
}

/// RFC 9110, section 5.6.2.
pub(super) fn is_token(name: &[u8]) -> bool {
    let is_valid = |byte: &u8| match byte {
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' => true,
        b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~' => true,
        _ => byte.is_ascii_alphanumeric(),
    };
    !name.is_empty() && name.iter().all(is_valid)
}

/// RFC 9110, section 5.5: no control characters, and no white space at the ends, where a server
/// would drop it.
pub(crate) fn is_field_value(value: &str) -> bool {
    value.trim_ascii().len() == value.len() && value.as_bytes().iter().all(is_field_byte)
}

/// What may be in a value: no control characters but the tab.
fn is_field_byte(byte: &u8) -> bool {
    *byte == b'\t' || !byte.is_ascii_control()
}

/// What is wrong with a request. `index` is the place in [`Request::headers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidRequest {
    /// The method is not a token, as `GET` is.
    Method,
    /// The method is `HEAD` or `CONNECT`: their responses have no body, so no event stream.
    NoBody,
    /// A header's name is not a token: it is empty, or has a space, a colon or the like.
    HeaderName {
        /// Which.
        index: usize,
    },
    /// A header's value has a line end or another control character, or white space at an end.
    HeaderValue {
        /// Which.
        index: usize,
    },
    /// `Content-Length` and `Transfer-Encoding` follow from the body and are not to be given.
    Framing {
        /// Which.
        index: usize,
    },
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, problem) = match self {
            Self::Method => return f.write_str("the method is not a word of letters"),
            Self::NoBody => {
                return f.write_str("the response to HEAD or CONNECT has no body; use GET or POST");
            }
            Self::HeaderName { index } => (index, "the name is empty or has a space or the like"),
            Self::HeaderValue { index } => (
                index,
                "the value has a control character, or white space at an end",
            ),
            Self::Framing { index } => (
                index,
                "Content-Length and Transfer-Encoding follow from the body",
            ),
        };
        write!(f, "header number {}: {problem}", index + 1)
    }
}

impl core::error::Error for InvalidRequest {}
