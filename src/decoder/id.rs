//! The error of an invalid last event ID.

use core::fmt;

/// The error of [`Decoder::set_last_event_id`](crate::Decoder::set_last_event_id).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidId {
    /// The ID contains NUL, CR or LF, which no event stream can send in an ID.
    Character,
    /// The ID is longer than the decoder's `META` bytes; raise `META`.
    TooLong,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character => "a last event ID cannot contain NUL, CR or LF",
            Self::TooLong => "the last event ID is longer than the decoder's META; raise it",
        })
    }
}

impl core::error::Error for InvalidId {}
