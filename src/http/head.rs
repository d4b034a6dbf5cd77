//! The head of a response: status and header fields (RFC 9112, sections 4 to 6).

#[cfg(test)]
mod tests;

use core::cell::Cell;
use core::fmt;
use core::str;
use core::time::Duration;

use super::date::unix_time_of;
use super::grammar::is_token;
use super::values::{Members, Values};
use crate::bytes::{decimal, has};

/// The head of a response: its status and headers, borrowed from the decoder's memory.
///
/// You get one in [`Item::Open`](crate::Item::Open), in
/// [`Hooks::verdict`](crate::hooks::Hooks::verdict), and in
/// [`EventSource::response`](crate::EventSource::response) after a stop:
///
/// ```
/// use embedded_sse::{Head, Item};
///
/// /// Whether the server resumed after another event than the requested one, so that events may be
/// /// missing. For servers that say where they resume, as Mercure does.
/// fn has_gap(head: &Head<'_>) -> bool {
///     head.header("Last-Event-ID").is_some_and(|id| id != head.last_event_id())
/// }
///
/// fn on_item(item: Item<'_>) {
///     if let Item::Open(head) = item {
///         println!("{}, gap: {}", head.status(), has_gap(&head));
///         for (name, value) in head.headers() {
///             println!("{name}: {}", value.escape_ascii());
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    status: u16,
    /// All lines. [`parse`] has validated them.
    lines: &'a [u8],
    last_event_id: &'a str,
}

impl<'a> Head<'a> {
    /// Creates a head of lines that [`parse`] has validated.
    pub(crate) const fn of(status: u16, lines: &'a [u8], last_event_id: &'a str) -> Self {
        Self {
            status,
            lines,
            last_event_id,
        }
    }

    /// The status code: 101, or 200 and above. Other 1xx responses are skipped.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The last event ID that the request sent: the server was asked to resume after it. Empty if
    /// none was sent.
    ///
    /// Some servers report where they actually resume, so that you can detect missed events.
    /// Mercure uses the header `Last-Event-ID`, formerly `Mercure-Last-Event-ID`.
    pub const fn last_event_id(&self) -> &'a str {
        self.last_event_id
    }

    /// The value of a header, or `None` if it is missing or not UTF-8. Names are compared without
    /// regard to case. If a header occurs several times, the last one counts.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        str::from_utf8(self.value(name)?).ok()
    }

    /// The length of the head in bytes, as received. It needs this much of `DATA`.
    pub const fn wire_len(&self) -> usize {
        self.lines.len()
    }

    /// All headers in the order received: names as sent, values without surrounding white space.
    /// Lines that are not valid headers are skipped.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        let mut fields = Fields(self.lines);
        let _status_line = next_line(&mut fields.0);
        fields
    }

    /// The header `Date` in seconds since 1970: the time at the server when it sent the response.
    /// `None` if it is missing, or not in the format of today ("Sun, 06 Nov 1994 08:49:37 GMT", RFC
    /// 9110, section 5.6.7).
    ///
    /// Believe it only if you trust the server and the connection.
    pub fn date(&self) -> Option<u64> {
        unix_time_of(self.header("date")?.as_bytes())
    }

    /// The last value of this name.
    pub(super) fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.values(name).last()
    }

    const fn values<'n>(&self, name: &'n str) -> Values<'a, 'n> {
        // The status line is no valid field.
        let fields = Fields(self.lines);
        Values { fields, name }
    }

    /// The members of the comma-separated lists of this name.
    pub(super) const fn members<'n>(&self, name: &'n str) -> Members<'a, 'n> {
        let lists = self.values(name);
        Members { lists, list: &[] }
    }

    /// Whether the media type is `text/event-stream`, ignoring parameters. The last type counts,
    /// whether the types are in several headers or were joined into one by a proxy.
    pub(crate) fn is_event_stream(&self) -> bool {
        let mut is_event_stream = false;
        for media_type in self.members("content-type") {
            let mut parts = media_type.split(|byte| *byte == b';');
            let essence = parts.next().unwrap_or_default().trim_ascii();
            // Like browsers, skip invalid types.
            if essence != b"*/*" && has(essence, b'/') {
                is_event_stream = essence.eq_ignore_ascii_case(b"text/event-stream");
            }
        }
        is_event_stream
    }

    /// Whether a content coding or a transfer coding is a real compression. Some servers send a
    /// meaningless name such as `none` to keep proxies from compressing the stream.
    pub(crate) fn is_compressed(&self) -> bool {
        ["content-encoding", "transfer-encoding"]
            .iter()
            .any(|name| {
                self.members(name).any(|coding| {
                    let is = |name: &&[u8]| coding.eq_ignore_ascii_case(name);
                    COMPRESSIONS.iter().any(is)
                })
            })
    }

    /// The value of `Location`. `None` if it is missing, or if several values differ.
    pub(crate) fn location(&self) -> Option<&'a [u8]> {
        let first = self.value("location").filter(|first| !first.is_empty())?;
        let is_unique = self.values("location").all(|other| other == first);
        is_unique.then_some(first)
    }

    /// The value of `Retry-After` in seconds. A date is ignored, since it needs a calendar clock.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let digits = self.value("retry-after")?;
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

/// Omits the values, which may be secret, such as cookies.
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

/// Validates a complete head and returns its status. It accepts what browsers and curl accept. A
/// connection carries a single response, so heads that parsers disagree about cannot be used for request
/// smuggling.
pub(crate) fn parse(mut head: &[u8]) -> Result<u16, InvalidHead> {
    let mut status_line = None;
    while let Some(line) = next_line(&mut head) {
        if line.iter().any(|byte| matches!(byte, 0 | b'\r')) {
            return Err(InvalidHead::Malformed);
        }
        status_line.get_or_insert(line);
    }
    status_line.and_then(status).ok_or(InvalidHead::Malformed)
}

/// Joins a line that starts with white space to the line before it, by replacing the line end with
/// spaces (RFC 9112, section 5.2). Lines directly after the status line are not joined to it. They
/// begin with white space, so they are no valid fields and are ignored (section 2.2).
pub(crate) fn unfold(head: &mut [u8]) {
    let mut fields = &*head;
    let _status_line = next_line(&mut fields);
    let start = head.len() - fields.len();
    let fields = head.get_mut(start..).unwrap_or_default();
    let cells = Cell::from_mut(fields).as_slice_of_cells();
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

/// Takes the next line that is not empty from the front of a head, and returns it without its line end.
#[inline(never)]
pub(super) fn next_line<'a>(head: &mut &'a [u8]) -> Option<&'a [u8]> {
    while !head.is_empty() {
        let end = head.iter().position(|byte| *byte == b'\n');
        let (line, rest) = head.split_at_checked(end.unwrap_or(head.len()))?;
        *head = rest.get(1..).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            return Some(line);
        }
    }
    None
}

/// The valid fields in these lines.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = next_line(&mut self.0)?;
            if let Some(field) = field(line) {
                return Some(field);
            }
        }
    }
}

/// The first bytes of each head, in any case.
pub(super) const HTTP_1: &[u8] = b"HTTP/1.";

/// Parses a status line (RFC 9112, section 4). The reason phrase and the space before it may be
/// missing.
fn status(line: &[u8]) -> Option<u16> {
    // The bytes before were checked as they arrived.
    let (minor, rest) = line.get(HTTP_1.len()..)?.split_first()?;
    let code = rest.trim_ascii_start();
    let (digits, reason) = code.split_at_checked("200".len())?;
    // A higher minor version is parsed like HTTP/1.1 (RFC 9110, section 2.5).
    if !minor.is_ascii_digit() || code.len() == rest.len() {
        return None;
    }
    let status = decimal(digits).filter(|status| *status >= 100)?;
    let is_valid = reason.first().is_none_or(|byte| *byte == b' ');
    is_valid.then_some(status as u16)
}

/// The name and value of a header line, or `None` if it is not valid. White space before the colon
/// is dropped.
fn field(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = Some(name.trim_ascii_end()).filter(|name| is_token(name))?;
    Some((str::from_utf8(name).ok()?, value.get(1..)?.trim_ascii()))
}

/// The error of a response's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidHead {
    /// The head does not fit in the decoder's `DATA` bytes, which also hold the URL of a redirect
    /// and the headers that a [`Draft`](super::Draft) added; raise `DATA`.
    TooLong {
        /// The smallest sufficient `DATA` in bytes. A head is counted up to 65,536 bytes.
        len: usize,
    },
    /// The response does not start with a status line of HTTP/1.x, or contains NUL or a CR
    /// without LF.
    Malformed,
    /// `Content-Length` is not a number of at most 64 bits, or occurs with different values.
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
            Self::Malformed => "the response is not valid HTTP/1.1",
            Self::ContentLength => {
                "the response's Content-Length is not a number, or has different values"
            }
        })
    }
}

impl core::error::Error for InvalidHead {}
