//! Where a response's body lies in the bytes of the connection, and whether it is whole.
//! RFC 9112, sections 6 and 7.

use core::fmt;

/// The framing of one body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// As long as the connection: its end is the body's end.
    UntilClose,
    /// `Content-Length`: so many bytes are to come.
    Length(u64),
    Chunked(Chunked),
}

/// What comes next in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunked {
    /// The size of a chunk, of which so many digits have been seen.
    Size {
        size: u64,
        digits: u16,
    },
    /// The rest of that line: an extension, which nobody needs, or white space.
    Extension {
        size: u64,
        seen: u16,
    },
    /// The LF of that line.
    SizeLf {
        size: u64,
    },
    /// The chunk itself.
    Data {
        left: u64,
    },
    /// The CR LF behind the chunk.
    DataEnd,
    DataLf,
    /// A trailer field, or the empty line that ends the body.
    Trailer {
        seen: u16,
        empty_line: bool,
    },
    TrailerLf {
        seen: u16,
        empty_line: bool,
    },
    Done,
}

/// More digits or extensions in a line, or trailers, come from no server that means well.
const MOST_IGNORED: u16 = 8192;

impl Body {
    pub(crate) const CHUNKED: Self = Self::Chunked(Chunked::Size { size: 0, digits: 0 });

    /// Skips framing at the front of `input`, and returns the bytes of the body that are then
    /// there. Of those the caller takes some, and says so to [`consume`](Self::consume).
    pub(crate) fn payload<'i>(&mut self, input: &mut &'i [u8]) -> Result<&'i [u8], InvalidChunk> {
        if let Self::Chunked(state) = self {
            while !matches!(state, Chunked::Data { .. } | Chunked::Done)
                && let Some((&byte, rest)) = input.split_first()
            {
                *state = state.next(byte)?;
                *input = rest;
            }
        }
        let left = match *self {
            Self::UntilClose => u64::MAX,
            Self::Length(left) | Self::Chunked(Chunked::Data { left }) => left,
            Self::Chunked(_) => 0,
        };
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        Ok(input.get(..left).unwrap_or(input))
    }

    /// `taken` bytes of the payload have been taken from the front of the input.
    pub(crate) fn consume(&mut self, taken: usize) {
        match self {
            Self::Length(left) => *left = left.saturating_sub(taken as u64),
            Self::Chunked(state) => {
                if let Chunked::Data { left } = *state {
                    *state = match left.saturating_sub(taken as u64) {
                        0 => Chunked::DataEnd,
                        left => Chunked::Data { left },
                    };
                }
            }
            Self::UntilClose => {}
        }
    }

    /// Whether the body is whole, without the connection's end.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunked::Done))
    }

    /// Whether the body is whole if the connection ends here.
    pub(crate) fn is_whole_at_end(&self) -> bool {
        self.is_done() || *self == Self::UntilClose
    }
}

impl Chunked {
    fn next(self, byte: u8) -> Result<Self, InvalidChunk> {
        Ok(match (self, byte) {
            (Self::Size { size, digits }, _) => match (char::from(byte).to_digit(16), byte) {
                (Some(digit), _) => Self::Size {
                    size: size
                        .checked_mul(16)
                        .and_then(|size| size.checked_add(u64::from(digit)))
                        .ok_or(InvalidChunk::Size)?,
                    digits: one_more(digits)?,
                },
                (None, b';' | b' ' | b'\t') if digits > 0 => Self::Extension { size, seen: 0 },
                (None, b'\r') if digits > 0 => Self::SizeLf { size },
                (None, b'\n') if digits > 0 => Self::after_size(size),
                _ => return Err(InvalidChunk::Size),
            },
            (Self::Extension { size, .. }, b'\r') => Self::SizeLf { size },
            (Self::Extension { size, .. }, b'\n') => Self::after_size(size),
            (Self::Extension { size, seen }, _) => Self::Extension {
                size,
                seen: one_more(seen)?,
            },
            (Self::SizeLf { size }, b'\n') => Self::after_size(size),

            (Self::DataEnd, b'\r') => Self::DataLf,
            (Self::DataEnd | Self::DataLf, b'\n') => Self::Size { size: 0, digits: 0 },

            (Self::Trailer { seen, empty_line }, b'\r') => Self::TrailerLf { seen, empty_line },
            (Self::Trailer { seen, empty_line } | Self::TrailerLf { seen, empty_line }, b'\n') => {
                if empty_line {
                    Self::Done
                } else {
                    Self::Trailer {
                        seen,
                        empty_line: true,
                    }
                }
            }
            (Self::Trailer { seen, .. }, _) => Self::Trailer {
                seen: one_more(seen)?,
                empty_line: false,
            },

            (Self::SizeLf { .. } | Self::DataEnd | Self::DataLf | Self::TrailerLf { .. }, _) => {
                return Err(InvalidChunk::LineEnd);
            }
            (Self::Data { .. } | Self::Done, _) => self,
        })
    }

    fn after_size(size: u64) -> Self {
        match size {
            0 => Self::Trailer {
                seen: 0,
                empty_line: true,
            },
            left => Self::Data { left },
        }
    }
}

fn one_more(seen: u16) -> Result<u16, InvalidChunk> {
    if seen < MOST_IGNORED {
        Ok(seen + 1)
    } else {
        Err(InvalidChunk::TooLong)
    }
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
