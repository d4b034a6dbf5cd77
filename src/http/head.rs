//! A response's head: status and header fields. RFC 9112, sections 4 to 6.

#[cfg(test)]
mod tests;

use core::cell::Cell;
use core::fmt;
use core::str;
use core::time::Duration;

use super::grammar::is_token;
use crate::bytes::{decimal, has};

/// The head of a response, borrowed from the decoder's memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    status: u16,
    /// All its lines, in which [`parse`] has found a status and nothing dangerous.
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

    /// The last event ID that the request has sent: the server was asked to resume after it. Some
    /// servers answer where they really resume, so that a gap can be detected: Mercure in
    /// `Last-Event-ID`, formerly `Mercure-Last-Event-ID`.
    pub const fn last_event_id(&self) -> &'a str {
        self.last_event_id
    }

    /// The value of a header field, if it is there and is ASCII or UTF-8. Names are compared
    /// without regard to case. Of several the last wins, as the Fetch standard has it for
    /// `Content-Type`.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        str::from_utf8(self.values(name).last()?).ok()
    }

    /// How many bytes it has as sent: its share of `DATA`.
    pub const fn wire_len(&self) -> usize {
        self.lines.len()
    }

    /// All header fields in their order: names as sent, values without the white space around
    /// them. Lines that are no header fields are left out.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        lines(self.lines).skip(1).filter_map(field)
    }

    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named =
            move |(other, value): (&str, _)| other.eq_ignore_ascii_case(name).then_some(value);
        self.headers().filter_map(named)
    }

    /// Calls `take` with each member of the comma-separated lists of this name (RFC 9110, section
    /// 5.6.1). Not an iterator, as that takes far more code.
    pub(super) fn each_member(&self, name: &str, take: &mut dyn FnMut(&'a [u8])) {
        for list in self.values(name) {
            for member in list.split(|byte| *byte == b',') {
                let member = member.trim_ascii();
                if !member.is_empty() {
                    take(member);
                }
            }
        }
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

    /// Whether it names a compression that exists. Servers also use names that mean nothing, such
    /// as `none`, to keep compression away from a stream.
    pub(crate) fn is_compressed(&self) -> bool {
        let mut is_compressed = false;
        self.each_member("content-encoding", &mut |coding| {
            let is = |name: &&[u8]| coding.eq_ignore_ascii_case(name);
            is_compressed |= COMPRESSIONS.iter().any(is);
        });
        is_compressed
    }

    /// The value of `Location`, if there is one, or several that are equal.
    pub(crate) fn location(&self) -> Option<&'a [u8]> {
        let mut locations = self.values("location");
        let first = locations.next().filter(|location| !location.is_empty())?;
        locations.all(|other| other == first).then_some(first)
    }

    /// `Retry-After` in seconds. Its other form, a date, needs a calendar clock.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let digits = self.header("retry-after")?.as_bytes();
        let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        is_number.then(|| Duration::from_secs(decimal(digits).unwrap_or(u64::MAX)))
    }
}

/// The content codings of the IANA registry that compress.
const COMPRESSIONS: [&[u8]; 9] = [
    b"gzip",
    b"x-gzip",
    b"deflate",
    b"compress",
    b"x-compress",
    b"br",
    b"zstd",
    b"dcb",
    b"dcz",
];

/// The media types in a value, without their parameters. `*/*` and invalid ones are left out.
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

/// Parses a complete head. It accepts what browsers and curl accept: a connection carries a single
/// response, so that nothing can be smuggled by heads that two parsers read differently.
pub(crate) fn parse<'a>(bytes: &'a [u8], last_event_id: &'a str) -> Result<Head<'a>, InvalidHead> {
    let is_dangerous = |byte: &u8| matches!(byte, 0 | b'\r');
    let status = lines(bytes).next().and_then(status);
    match status {
        Some(status) if !lines(bytes).any(|line| line.iter().any(is_dangerous)) => {
            Ok(Head::of(status, bytes, last_event_id))
        }
        _ => Err(InvalidHead::Malformed),
    }
}

/// Joins lines that start with white space to the lines before them (RFC 9112, section 5.2), by
/// spaces in place of the line ends.
pub(crate) fn unfold(head: &mut [u8]) {
    let cells = Cell::from_mut(head).as_slice_of_cells();
    for window in cells.windows(3) {
        if let [cr, lf, white] = window
            && lf.get() == b'\n'
            && matches!(white.get(), b' ' | b'\t')
        {
            lf.set(b' ');
            if cr.get() == b'\r' {
                cr.set(b' ');
            }
        }
    }
}

/// The lines of a head without their ends, up to the empty one. Empty lines before the first are
/// skipped.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
}

/// How each head begins, whatever the case of its letters.
pub(super) const HTTP_1: &[u8] = b"HTTP/1.";

/// RFC 9112, section 4. The reason may be missing, with the space before it.
fn status(line: &[u8]) -> Option<u16> {
    let (name, rest) = line.split_at_checked(HTTP_1.len())?;
    let (minor, rest) = rest.split_first()?;
    let code = rest.trim_ascii_start();
    let (digits, reason) = code.split_at_checked("200".len())?;
    // A higher minor version reads like the one that is known (RFC 9110, section 2.5).
    if !name.eq_ignore_ascii_case(HTTP_1) || !minor.is_ascii_digit() || code.len() == rest.len() {
        return None;
    }
    let status = decimal(digits).filter(|status| *status >= 100)?;
    let is_valid = reason.first().is_none_or(|byte| *byte == b' ');
    is_valid.then_some(status as u16)
}

/// The name and the value of a header field, if the line is one. White space before the colon is
/// no part of the name.
fn field(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = Some(name.trim_ascii_end()).filter(|name| is_token(name))?;
    Some((str::from_utf8(name).ok()?, value.get(1..)?.trim_ascii()))
}

/// What is wrong with the head of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidHead {
    /// It does not fit in the decoder's `DATA` bytes, together with the URL if a redirect led there,
    /// and with the headers that the application has added.
    TooLong {
        /// How many bytes `DATA` needs for it all. A head is counted up to 65,536 bytes.
        len: usize,
    },
    /// It does not start with a status line of HTTP/1.0 or 1.1, or contains a NUL or a CR without
    /// LF.
    Malformed,
    /// `Content-Length` is not a number within 64 bits, or is given twice with different values.
    ContentLength,
}

impl fmt::Display for InvalidHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong { len } => {
                return write!(
                    f,
                    "the response's head needs {len} bytes of the decoder's DATA; raise it"
                );
            }
            Self::Malformed => "the response is not HTTP/1.1",
            Self::ContentLength => {
                "the response's Content-Length is not a number, or has different values"
            }
        })
    }
}

impl core::error::Error for InvalidHead {}
