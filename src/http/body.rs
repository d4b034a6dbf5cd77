//! Where a response's body lies in the bytes of the connection, and whether it is whole.
//! RFC 9112, sections 6 and 7.

use core::fmt;

use super::head::{Head, InvalidHead};
use crate::bytes::decimal;

/// The framing of one body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    next: Next,
    /// How many bytes are to come, of the body or of its chunk; of that its size, as far as it is
    /// known.
    left: u64,
    /// How many bytes of a line or of trailers have been seen.
    seen: u16,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// A body as long as the connection: its end is the body's end.
    UntilClose,
    /// A body of `Content-Length`.
    Length,
    /// The size of a chunk.
    Size,
    /// The rest of that line: an extension, which nobody needs, or white space.
    Extension,
    /// The LF of that line.
    SizeLf,
    /// The chunk itself.
    Data,
    /// The CR LF behind the chunk.
    DataEnd,
    DataLf,
    /// A trailer field, or the empty line that ends the body.
    TrailerOrEnd,
    /// The rest of a trailer field.
    Trailer,
    TrailerLf,
    EndLf,
    /// Nothing: a chunked body is whole.
    Nothing,
}

/// More digits or extensions in a line, or trailers, come from no server that means well.
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
        }
    }

    /// Skips framing at the front of `input`, and returns the bytes of the body that are then
    /// there. Of those the caller takes some, and says so to [`consume`](Self::consume).
    pub(crate) fn payload<'i>(&mut self, input: &mut &'i [u8]) -> Result<&'i [u8], InvalidChunk> {
        loop {
            let left = match self.next {
                Next::UntilClose | Next::Length | Next::Data => self.left,
                Next::Nothing => 0,
                _ => match input.split_first() {
                    Some((&byte, rest)) => {
                        self.next = self.skip(byte)?;
                        *input = rest;
                        continue;
                    }
                    None => 0,
                },
            };
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            return Ok(input.get(..left).unwrap_or(input));
        }
    }

    /// `taken` bytes of the payload have been taken from the front of the input.
    pub(crate) fn consume(&mut self, taken: usize) {
        self.left = self.left.saturating_sub(taken as u64);
        if self.next == Next::Data && self.left == 0 {
            self.next = Next::DataEnd;
        }
    }

    /// Whether the body is whole, without the connection's end.
    pub(crate) fn is_done(&self) -> bool {
        match self.next {
            Next::Length => self.left == 0,
            next => next == Next::Nothing,
        }
    }

    /// Whether the body is whole if the connection ends here.
    pub(crate) fn is_whole_at_end(&self) -> bool {
        self.is_done() || self.next == Next::UntilClose
    }

    /// Takes a byte of a chunked body's framing. Returns what comes behind it.
    fn skip(&mut self, byte: u8) -> Result<Next, InvalidChunk> {
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
            (Next::Size, b';' | b' ' | b'\t') => {
                self.seen = 0;
                Next::Extension
            }
            (Next::Size | Next::Extension, b'\r') => Next::SizeLf,
            (Next::Size | Next::Extension | Next::SizeLf, b'\n') => {
                self.seen = 0;
                match self.left {
                    0 => Next::TrailerOrEnd,
                    _ => Next::Data,
                }
            }
            (Next::Size, _) => return Err(InvalidChunk::Size),
            (Next::Extension, _) => self.one_more(Next::Extension)?,

            (Next::DataEnd, b'\r') => Next::DataLf,
            (Next::DataEnd | Next::DataLf, b'\n') => Next::Size,

            (Next::TrailerOrEnd, b'\r') => Next::EndLf,
            (Next::TrailerOrEnd | Next::EndLf, b'\n') => Next::Nothing,
            (Next::Trailer, b'\r') => Next::TrailerLf,
            (Next::Trailer | Next::TrailerLf, b'\n') => Next::TrailerOrEnd,
            (Next::TrailerOrEnd | Next::Trailer, _) => self.one_more(Next::Trailer)?,

            (Next::SizeLf | Next::DataEnd | Next::DataLf | Next::TrailerLf | Next::EndLf, _) => {
                return Err(InvalidChunk::LineEnd);
            }
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

/// How the body behind a head is framed (RFC 9112, section 6.3).
pub(crate) fn body_of(head: &Head<'_>) -> Result<Body, InvalidHead> {
    if matches!(head.status(), 204 | 304) {
        return Ok(Body::of_length(0));
    }
    if head.values("transfer-encoding").next().is_some() {
        // Only where the last coding is chunked, the body says itself where it ends.
        let mut last: &[u8] = &[];
        head.each_member("transfer-encoding", &mut |coding| last = coding);
        return Ok(match last.eq_ignore_ascii_case(b"chunked") {
            true => Body::CHUNKED,
            false => Body::UNTIL_CLOSE,
        });
    }
    if head.values("content-length").next().is_none() {
        return Ok(Body::UNTIL_CLOSE);
    }
    let mut length = None;
    let mut is_valid = true;
    head.each_member("content-length", &mut |member| {
        let other = decimal(member);
        is_valid &= other.is_some() && (length.is_none() || length == other);
        length = other;
    });
    let length = length.filter(|_| is_valid);
    length
        .map(Body::of_length)
        .ok_or(InvalidHead::ContentLength)
}

/// What is wrong with a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidChunk {
    /// A chunk's size is missing, not hexadecimal, or beyond 64 bits.
    Size,
    /// A line end is missing, or is a CR alone.
    LineEnd,
    /// A size, extensions or trailers of more than 8192 bytes.
    TooLong,
}

impl fmt::Display for InvalidChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "a chunk's size is missing, not hexadecimal, or beyond 64 bits",
            Self::LineEnd => "a line end of the chunked body is missing or a CR alone",
            Self::TooLong => "a size or extensions or trailers of a chunk are over 8192 bytes",
        })
    }
}

impl core::error::Error for InvalidChunk {}
