//! A response's head: status and header fields. RFC 9112, sections 4 to 6.

use core::fmt;
use core::str;
use core::time::Duration;

use super::Body;
use super::request::{is_field_byte, is_token};
use crate::bounded::Buffer;
use crate::url::{decimal, has};

/// The head of a response, borrowed from the decoder's memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    status: u16,
    /// All its lines, which [`parse`] has found to be valid.
    lines: &'a [u8],
    last_event_id: &'a str,
}

impl<'a> Head<'a> {
    /// `lines` have been parsed before.
    pub(crate) const fn of(status: u16, lines: &'a [u8], last_event_id: &'a str) -> Self {
        Self {
            status,
            lines,
            last_event_id,
        }
    }

    /// The status code, from 200 on.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The last event ID that the request has sent: behind it the server was asked to resume. Some
    /// say where they really do, so that a gap can be seen: Mercure in `Last-Event-ID`, formerly
    /// `Mercure-Last-Event-ID`.
    pub const fn last_event_id(&self) -> &'a str {
        self.last_event_id
    }

    /// The value of a header field, if it is there and is ASCII or UTF-8. Names are compared
    /// without regard to case. Of several the last wins, as the Fetch standard has it for
    /// `Content-Type`.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        str::from_utf8(self.values(name).last()?).ok()
    }

    /// Its length in bytes: what of `DATA` it takes.
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub const fn len(&self) -> usize {
        self.lines.len()
    }

    /// All header fields, in their order: names as sent, values without the white space around.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        lines(self.lines).skip(1).filter_map(|line| {
            let (name, value) = field(line)?;
            Some((str::from_utf8(name).ok()?, value.trim_ascii()))
        })
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named =
            move |(other, value): (&str, _)| other.eq_ignore_ascii_case(name).then_some(value);
        self.headers().filter_map(named)
    }

    /// Parameters do not count. Of several types the last does, be they in several fields or, as
    /// a proxy may have joined them, in one.
    pub(crate) fn is_event_stream(&self) -> bool {
        let mut is_event_stream = false;
        for value in self.values("content-type") {
            for essence in essences(value) {
                is_event_stream = essence.eq_ignore_ascii_case(b"text/event-stream");
            }
        }
        is_event_stream
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.values("content-encoding")
            .all(|value| value.is_empty() || value.eq_ignore_ascii_case(b"identity"))
    }

    /// `Retry-After` in seconds. Its other form, a date, needs a clock that nobody here has.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let digits = self.header("retry-after")?.as_bytes();
        let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        is_number.then(|| Duration::from_secs(decimal(digits).unwrap_or(u64::MAX)))
    }
}

/// The media types in a value, without their parameters; `*/*` and what is none are left out.
fn essences(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let parts = value.split(move |byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    });
    let essences = parts.map(|part| {
        let mut parameters = part.split(|byte| *byte == b';');
        parameters.next().unwrap_or_default().trim_ascii()
    });
    essences.filter(|essence| *essence != b"*/*" && has(essence, b'/'))
}

/// Without the values, which may be secret: cookies, say.
impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Head {{ status: {}, headers: ", self.status)?;
        f.debug_list()
            .entries(self.headers().map(|(name, _)| name))
            .finish()?;
        f.write_str(" }")
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Head<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "Head {{ status: {} }}", self.status);
    }
}

/// What to do with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Verdict {
    /// Its body is an event stream: read it.
    Open,
    /// It is a redirect: follow its `Location`.
    Follow,
    /// It is a passing failure: connect again after the wait that a loss has.
    Retry,
    /// It is final: stop.
    Stop,
}

/// The verdict unless [`set_verdict`](crate::EventSource::set_verdict) says otherwise:
///
/// * 200 with `Content-Type: text/event-stream` (parameters and case do not matter) and no
///   `Content-Encoding`: [`Open`](Verdict::Open);
/// * 301, 302, 303, 307, 308: [`Follow`](Verdict::Follow);
/// * 408, 425, 429, 500, 502, 503, 504: [`Retry`](Verdict::Retry);
/// * all other: [`Stop`](Verdict::Stop), as the standard has it.
pub fn default_verdict(head: &Head<'_>) -> Verdict {
    match head.status() {
        200 if head.is_event_stream() && head.is_plain() => Verdict::Open,
        301 | 302 | 303 | 307 | 308 => Verdict::Follow,
        408 | 425 | 429 | 500 | 502 | 503 | 504 => Verdict::Retry,
        _ => Verdict::Stop,
    }
}

/// Moves bytes of a head from `input` to the end of `memory`, where it lies from `start` on; returns
/// whether it is complete, with its empty line.
pub(crate) fn read_head(
    input: &mut &[u8],
    memory: &mut Buffer<[u8]>,
    start: usize,
) -> Result<bool, InvalidHead> {
    while !input.is_empty() {
        let line_end = input.iter().position(|byte| *byte == b'\n');
        let len = line_end.map_or(input.len(), |at| at + 1);
        let (piece, rest) = input.split_at_checked(len).unwrap_or((input, &[]));
        let fits = memory.extend_from_slice(piece);
        fits.map_err(|_| InvalidHead::TooLong)?;
        *input = rest;
        let head = memory.get(start..).unwrap_or_default();
        if head.ends_with(b"\n\n") || head.ends_with(b"\n\r\n") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Parses a complete head. What it does not take, no two readers would read alike: a field without
/// a colon or with white space before it, one that goes on in the next line, a CR within a line.
pub(crate) fn parse<'a>(bytes: &'a [u8], last_event_id: &'a str) -> Result<Head<'a>, InvalidHead> {
    let mut lines = lines(bytes);
    let status = lines.next().and_then(status);
    let is_valid = |line: &[u8]| {
        field(line).is_some_and(|(name, value)| is_token(name) && value.iter().all(is_field_byte))
    };
    match status {
        Some(status) if lines.all(is_valid) => Ok(Head::of(status, bytes, last_event_id)),
        _ => Err(InvalidHead::Malformed),
    }
}

/// The lines of a head without their ends, up to the empty one; others may come before the first.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
}

/// RFC 9112, section 4. The reason may be missing, with the space before it.
fn status(line: &[u8]) -> Option<u16> {
    let (version, rest) = line.split_at_checked("HTTP/1.1 ".len())?;
    let (digits, reason) = rest.split_at_checked("200".len())?;
    let (b"HTTP/1.0 " | b"HTTP/1.1 ") = version else {
        return None;
    };
    let status = decimal(digits).filter(|status| *status >= 100)?;
    let is_valid = reason.first().is_none_or(|byte| *byte == b' ');
    (is_valid && reason.iter().all(is_field_byte)).then_some(status as u16)
}

/// The name and the value of a header field.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    Some((name, value.get(1..)?))
}

/// How the body behind a head is framed (RFC 9112, section 6.3).
pub(crate) fn body_of(head: &Head<'_>) -> Result<Body, InvalidHead> {
    let mut length = None;
    let mut chunked = false;
    for (name, value) in head.headers() {
        if name.eq_ignore_ascii_case("transfer-encoding") {
            if chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(InvalidHead::TransferEncoding);
            }
            chunked = true;
        } else if name.eq_ignore_ascii_case("content-length") {
            let value = decimal(value).ok_or(InvalidHead::ContentLength)?;
            if length.replace(value).is_some() {
                return Err(InvalidHead::ContentLength);
            }
        }
    }
    Ok(match length {
        // With both, chunked counts.
        _ if chunked => Body::CHUNKED,
        Some(length) => Body::of_length(length),
        None => Body::UNTIL_CLOSE,
    })
}

/// What is wrong with the head of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidHead {
    /// It does not fit in the decoder's `DATA` bytes, beside the URL if a redirect led there.
    TooLong,
    /// It is no HTTP/1.0 or 1.1.
    Malformed,
    /// `Content-Length` is not a number within 64 bits, or is there twice.
    ContentLength,
    /// `Transfer-Encoding` is another than `chunked`.
    TransferEncoding,
}

impl fmt::Display for InvalidHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the response's head is longer than the decoder's DATA; raise it",
            Self::Malformed => "the response is no HTTP/1.1",
            Self::ContentLength => "the response's Content-Length is no number, or there twice",
            Self::TransferEncoding => "the response has a Transfer-Encoding other than chunked",
        })
    }
}

impl core::error::Error for InvalidHead {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    type Parsed<'a> = (u16, Vec<(&'a str, &'a [u8])>);

    /// What `httparse` makes of a complete head.
    fn reference(bytes: &[u8]) -> Option<Parsed<'_>> {
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut response = httparse::Response::new(&mut headers);
        let complete = response
            .parse(bytes)
            .is_ok_and(|status| status.is_complete());
        let status = response.code.filter(|status| complete && *status >= 100)?;
        let headers = response.headers.iter();
        Some((
            status,
            headers.map(|header| (header.name, header.value)).collect(),
        ))
    }

    fn ours(bytes: &[u8]) -> Option<Parsed<'_>> {
        let head = parse(bytes, "").ok()?;
        Some((head.status(), head.headers().collect()))
    }

    /// Whether it ends where a head does.
    fn is_complete(mut bytes: &[u8]) -> bool {
        let mut memory = Buffer::<[u8; 128]>::new();
        read_head(&mut bytes, memory.as_view(), 0).unwrap() && bytes.is_empty()
    }

    fn compare(bytes: &[u8]) {
        if is_complete(bytes) {
            let text = bytes.escape_ascii();
            assert_eq!(ours(bytes), reference(bytes), "{text}");
        }
    }

    /// Each head in each way wrong by a byte: one changed, one more, one less.
    #[test]
    fn takes_what_httparse_takes() {
        for head in [
            &b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX:\t a b \t\r\n\r\n"[..],
            b"HTTP/1.0 503\nA:\nB: \xFFx\nC:c:\n\n",
            b"\r\nHTTP/1.1 404 \r\n\r\n",
        ] {
            assert!(is_complete(head) && ours(head).is_some());
            for at in 0..head.len() {
                let (before, behind) = head.split_at(at);
                compare(&[before, &behind[1..]].concat());
                for byte in 0..=255 {
                    compare(&[before, &[byte], behind].concat());
                    compare(&[before, &[byte], &behind[1..]].concat());
                }
            }
        }
    }
}
