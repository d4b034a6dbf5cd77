//! Invalid last event IDs.

use core::fmt;

/// Why an ID cannot be the last event ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidId {
    /// It has a NUL, CR or LF, which no event stream can say in an ID.
    Character,
    /// It is longer than the decoder's `META` bytes; raise it.
    TooLong,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character => "a last event ID cannot have a NUL, CR or LF",
            Self::TooLong => "the last event ID is longer than the decoder's META; raise it",
        })
    }
}

impl core::error::Error for InvalidId {}
