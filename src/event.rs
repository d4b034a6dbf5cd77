//! Events, and what of them did not fit.

use core::fmt;

/// An event, as the standard dispatches it (section 9.2.6, "dispatch the event").
///
/// The texts are borrowed, from the pushed bytes if the event lies whole in them, else from the decoder.
/// Copy what you need later. You can make one yourself, to test your own code. Each ill-formed UTF-8 sequence has become U+FFFD.
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
