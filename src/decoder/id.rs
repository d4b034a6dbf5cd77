//! The last event ID, and the error of an invalid one.

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

pub(super) struct LastEventId<const N: usize> {
    text: heapless::String<N>,
    /// Whether the stream has set it.
    pub(super) has_come: bool,
    /// Whether the stream has changed it.
    pub(super) has_moved: bool,
}

impl<const N: usize> LastEventId<N> {
    pub(super) const fn new() -> Self {
        Self {
            text: heapless::String::new(),
            has_come: false,
            has_moved: false,
        }
    }

    #[inline]
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Sets it to the ID of an event. The caller has checked that it fits.
    pub(super) fn set(&mut self, id: &str) {
        self.has_come = true;
        if id != self.text {
            self.has_moved = true;
            self.restore(id);
        }
    }

    /// Sets it without the stream. The caller has checked that it fits.
    pub(super) fn restore(&mut self, id: &str) {
        self.text.clear();
        let _fits = self.text.push_str(id);
    }

    pub(super) fn new_stream(&mut self) {
        self.has_come = false;
        self.has_moved = false;
    }
}
