//! What an event stream tells its application.

use core::fmt;
use core::time::Duration;

use crate::http::Head;
use crate::step::{Stop, Wait};

/// An event, as the standard dispatches it (section 9.2.6, "dispatch the event").
///
/// Copy out what is to outlive the next call. The texts are borrowed: from the bytes that were pushed in where the event lies whole in them,
/// else from the decoder. An ill-formed UTF-8 sequence in them has become U+FFFD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Event<'a> {
    /// The event's type: the value of its last `event` field, or `"message"` if that is empty or
    /// missing.
    pub event_type: &'a str,
    /// The values of its `data` fields, joined by LF. May be empty: `data:` alone is an event.
    pub data: &'a str,
    /// The last event ID string at the moment of dispatch: this event's own `id`, else that of an
    /// earlier event, else what was seeded, else empty.
    pub last_event_id: &'a str,
}

/// One thing that came out of the stream.
///
/// A [`Decoder`](crate::Decoder) does not hand out [`Open`](Item::Open), and only a ready loop hands
/// out [`Lost`](Item::Lost) and [`Stopped`](Item::Stopped): who writes the loop is told by
/// [`Step`](crate::Step).
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Item<'a> {
    /// The server has accepted the request and its event stream begins: the standard's *announce
    /// the connection*. Status and headers can be read until the next call.
    Open(Head<'a>),
    /// An event.
    Event(Event<'a>),
    /// The next piece of the data of an event that is longer than `DATA`; more comes. Only if
    /// [`split_long_events`](crate::Decoder::split_long_events) asked for pieces.
    Piece(&'a str),
    /// The end of an event whose data came in pieces: `data` is the last of them, and not the whole.
    LastPiece(Event<'a>),
    /// A comment: all that follows the colon, its first space too. Only if
    /// [`show_comments`](crate::Decoder::show_comments) asked for comments.
    Comment(&'a str),
    /// A valid `retry` field: the reconnection time that the server asks for, before any policy's
    /// limits. Only if [`show_retry`](crate::Decoder::show_retry) asked for it; it is obeyed in
    /// any case.
    Retry(Duration),
    /// The connection is lost, and the next attempt is later.
    Lost(Wait),
    /// There will be no further attempt: the last item, unless the application itself has closed
    /// the source.
    Stopped(Stop),
    /// Something did not fit in the memory that the [`Decoder`](crate::Decoder)'s type gives it,
    /// and was left out. What comes after it is whole.
    TooLong(TooLong),
}

/// Which part of the stream did not fit, reported once: for an event at its blank line, for a
/// comment at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TooLong {
    /// The event's data is longer than `DATA` bytes. The event is lost, but its `id` counts, or
    /// each reconnect would fetch it again.
    Data {
        /// How many bytes it has: the least `DATA` that would do, unless it is ill-formed.
        len: usize,
    },
    /// The event's `id` is longer than `META` bytes. The event is lost, and the last event ID
    /// stays what it was: a shortened one would resume at the wrong place.
    Id {
        /// How many bytes it has.
        len: usize,
    },
    /// The event's type is longer than `META` bytes. The event is lost, but its `id` counts.
    EventType {
        /// How many bytes it has.
        len: usize,
    },
    /// The comment is longer than what the unfinished event leaves of `DATA`. The event lives.
    Comment,
}

impl core::error::Error for TooLong {}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (part, len, limit) = match self {
            Self::Data { len } => ("data", len, "DATA"),
            Self::Id { len } => ("id", len, "META"),
            Self::EventType { len } => ("type", len, "META"),
            Self::Comment => {
                return f.write_str("a comment is longer than what is free of the decoder's DATA");
            }
        };
        write!(
            f,
            "an event's {part} has {len} bytes, more than the decoder's {limit}; raise it"
        )
    }
}
