//! The framing of response bodies (RFC 9112, sections 6 and 7).

use core::{fmt, mem};

use super::head::Head;
use crate::bytes::decimal;

/// The framing state of one body. It stores no byte of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Body {
    next: Next,
    /// The remaining bytes of the body or chunk. While the size of a chunk is parsed: the size so
    /// far.
    left: u64,
    /// The length so far of the current size, extension or trailers, in bytes.
    seen: u16,
    /// Whether the last byte of the framing was a CR, so that only an LF may follow.
    after_cr: bool,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Next {
    /// A body that ends with the connection.
    UntilClose,
    /// A body of `Content-Length` bytes.
    Length,
    /// The size of a chunk.
    Size,
    /// The rest of the size line: an extension or white space, which is ignored.
    Extension,
    /// The data of a chunk.
    Data,
    /// The line end after the data of a chunk.
    DataEnd,
    /// A trailer field, or the empty line that ends the body.
    TrailerOrEnd,
    /// The rest of a trailer field.
    Trailer,
    /// Nothing. The chunked body is complete.
    #[default]
    Nothing,
}

/// The limit of ignored bytes. Only a hostile server sends more.
const MOST_IGNORED: u16 = 8192;

impl Body {
    pub(crate) const UNTIL_CLOSE: Self = Self::new(Next::UntilClose, u64::MAX);
    pub(crate) const CHUNKED: Self = Self::new(Next::Size, 0);

    pub(crate) const fn of_length(length: u64) -> Self {
        Self::new(Next::Length, length)
    }

    const fn new(next: Next, left: u64) -> Self {
        Self {
            next,
            left,
            seen: 0,
            after_cr: false,
        }
    }

    /// Skips framing at the front of `input` and returns the payload that follows. The caller
    /// reports how much of it was used with [`consume`](Self::consume).
    pub(crate) fn payload<'i>(&mut self, input: &mut &'i [u8]) -> Result<&'i [u8], InvalidChunk> {
        let left = match self.next {
            Next::UntilClose | Next::Length | Next::Data => self.left,
            Next::Nothing => 0,
            _ => {
                // A copy stays in registers for all bytes.
                let (mut body, mut rest) = (*self, *input);
                if cfg!(target_pointer_width = "64") {
                    body.skip_to_next_chunk(&mut rest);
                }
                body.skip_framing(&mut rest)?;
                (*self, *input) = (body, rest);
                match body.next {
                    Next::Data => body.left,
                    _ => 0,
                }
            }
        };
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        Ok(input.get(..left).unwrap_or(input))
    }

    /// Skips the framing between two chunks at once, if all of it is in the input. Changes nothing
    /// otherwise. This takes a third of the time of [`skip`](Self::skip), which a machine that parses a
    /// million events per second notices.
    #[inline]
    fn skip_to_next_chunk(&mut self, input: &mut &[u8]) {
        if self.next == Next::DataEnd
            && !self.after_cr
            && let [b'\r', b'\n', line @ ..] = *input
        {
            let mut rest = line;
            let mut size = 0;
            while size >> 28 == 0
                && let [byte, behind @ ..] = rest
                && let Some(digit) = char::from(*byte).to_digit(16)
                && (size > 0 || digit > 0)
            {
                size = size << 4 | digit;
                rest = behind;
            }
            if size > 0
                && let [b'\r', b'\n', rest @ ..] = rest
            {
                self.next = Next::Data;
                self.left = size.into();
                *input = rest;
            }
        }
    }

    /// Skips framing up to the data of a chunk, the end of the body, or the end of the input.
    #[inline]
    fn skip_framing(&mut self, input: &mut &[u8]) -> Result<(), InvalidChunk> {
        while !matches!(self.next, Next::Data | Next::Nothing)
            && let Some((&byte, rest)) = input.split_first()
        {
            self.next = self.skip(byte)?;
            *input = rest;
        }
        Ok(())
    }

    /// Records that `taken` bytes of the payload were used.
    pub(crate) fn consume(&mut self, taken: usize) {
        self.left = self.left.saturating_sub(taken as u64);
        if self.next == Next::Data && self.left == 0 {
            self.next = Next::DataEnd;
        }
    }

    /// The remaining bytes of a body with a `Content-Length`.
    pub(crate) fn left(&self) -> Option<usize> {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        (self.next == Next::Length).then_some(left)
    }

    /// Whether the body is complete before the connection ends.
    #[inline(never)]
    pub(crate) fn is_done(&self) -> bool {
        match self.next {
            Next::Length => self.left == 0,
            next => next == Next::Nothing,
        }
    }

    /// Whether the body is complete if the connection ends now.
    pub(crate) fn is_whole_at_end(&self) -> bool {
        self.is_done() || self.next == Next::UntilClose
    }

    /// Parses one byte of chunked framing. Returns what follows it.
    fn skip(&mut self, byte: u8) -> Result<Next, InvalidChunk> {
        if mem::replace(&mut self.after_cr, byte == b'\r') && byte != b'\n' {
            return Err(InvalidChunk::LineEnd);
        }
        Ok(match (self.next, byte) {
            (Next::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                if self.left >> 60 != 0 {
                    return Err(InvalidChunk::Size);
                }
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                self.left = self.left << 4 | u64::from(digit);
                self.one_more(Next::Size)?
            }
            (Next::Size, _) if self.seen == 0 => return Err(InvalidChunk::Size),
            (_, b'\r') => self.next,
            (Next::Size, b';' | b' ' | b'\t') => {
                self.seen = 0;
                Next::Extension
            }
            (Next::Size | Next::Extension, b'\n') => {
                self.seen = 0;
                match self.left {
                    0 => Next::TrailerOrEnd,
                    _ => Next::Data,
                }
            }
            (Next::Size, _) => return Err(InvalidChunk::Size),
            (Next::Extension, _) => self.one_more(Next::Extension)?,

            (Next::DataEnd, b'\n') => Next::Size,
            (Next::DataEnd, _) => return Err(InvalidChunk::LineEnd),

            (Next::TrailerOrEnd, b'\n') => Next::Nothing,
            (Next::Trailer, b'\n') => Next::TrailerOrEnd,
            (Next::TrailerOrEnd | Next::Trailer, _) => self.one_more(Next::Trailer)?,

            (Next::UntilClose | Next::Length | Next::Data | Next::Nothing, _) => self.next,
        })
    }

    fn one_more(&mut self, next: Next) -> Result<Next, InvalidChunk> {
        if self.seen < MOST_IGNORED {
            self.seen += 1;
            Ok(next)
        } else {
            Err(InvalidChunk::TooLong)
        }
    }
}

/// Determines how the body of a response is framed (RFC 9112, section 6.3). `None` if `Content-Length`
/// is invalid.
pub(crate) fn body_of(head: &Head<'_>) -> Option<Body> {
    if matches!(head.status(), 204 | 304) {
        return Some(Body::of_length(0));
    }
    if head.value("transfer-encoding").is_some() {
        // Only a body whose last coding is chunked marks its own end.
        let last = head.members("transfer-encoding").last().unwrap_or_default();
        return Some(match last.eq_ignore_ascii_case(b"chunked") {
            true => Body::CHUNKED,
            false => Body::UNTIL_CLOSE,
        });
    }
    if head.value("content-length").is_none() {
        return Some(Body::UNTIL_CLOSE);
    }
    let mut lengths = head.members("content-length").map(decimal);
    let length = lengths.next().flatten();
    let length = length.filter(|_| lengths.all(|other| other == length));
    length.map(Body::of_length)
}

/// An error in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidChunk {
    /// The size of a chunk is missing, not hexadecimal, or exceeds 64 bits.
    Size,
    /// A line end is missing or is a CR without LF.
    LineEnd,
    /// A chunk size, an extension or the trailers are longer than 8192 bytes.
    TooLong,
}

impl fmt::Display for InvalidChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "a chunk's size is missing, not hexadecimal, or exceeds 64 bits",
            Self::LineEnd => "a line end of the chunked body is missing or is a CR without LF",
            Self::TooLong => "a chunk's size or extension, or the trailers, exceed 8192 bytes",
        })
    }
}

impl core::error::Error for InvalidChunk {}
