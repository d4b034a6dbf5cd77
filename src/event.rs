//! Events, and reports of events that do not fit.

use core::fmt;

/// An event, as the standard dispatches it (section 9.2.6, "dispatch the event").
///
/// The texts are borrowed: from the pushed bytes if the event lies in them as a whole, else from
/// the decoder. Copy what you need later. Each ill-formed UTF-8 sequence is replaced by U+FFFD.
///
/// All fields are public, so you can create events to test your own code:
///
/// ```
/// use embedded_sse::Event;
///
/// fn temperature(event: &Event<'_>) -> Option<f32> {
///     event.data.parse().ok().filter(|_| event.event_type == "temperature")
/// }
///
/// let event = Event { event_type: "temperature", data: "21.5", last_event_id: "" };
/// assert_eq!(temperature(&event), Some(21.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Event<'a> {
    /// The event type: the value of the last `event` field, or `"message"` if it is empty or
    /// missing.
    pub event_type: &'a str,
    /// The values of all `data` fields, joined by LF. It may be empty: `data:` alone is an event.
    pub data: &'a str,
    /// The last event ID at the time of dispatch: this event's own `id`, else that of an earlier
    /// event, else the ID that was set before, else empty.
    pub last_event_id: &'a str,
}

/// The part of a stream that did not fit in the decoder's memory. An event is reported once, at its
/// blank line; a comment at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TooLong {
    /// The event's data is longer than `DATA` bytes. The event is lost. Its `id` still becomes the
    /// last event ID, or each reconnect would fetch the event again.
    Data {
        /// The length of the data in bytes: the smallest sufficient `DATA`, unless the data
        /// contains ill-formed UTF-8, which becomes longer when it is replaced.
        len: usize,
    },
    /// The `id` is longer than `META` bytes. The event is lost, if the block is one, and the last
    /// event ID does not change: a truncated ID would resume at the wrong place.
    Id {
        /// The length of the ID in bytes.
        len: usize,
    },
    /// The event type is longer than `META` bytes. The event is lost. Its `id` still becomes the
    /// last event ID.
    EventType {
        /// The length of the event type in bytes.
        len: usize,
    },
    /// The comment does not fit in the part of `DATA` that the unfinished event leaves free. The
    /// event is not affected.
    Comment,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (part, len, limit) = match self {
            Self::Data { len } => ("data", len, "DATA"),
            Self::Id { len } => ("id", len, "META"),
            Self::EventType { len } => ("type", len, "META"),
            Self::Comment => {
                return f
                    .write_str("a comment does not fit in the free part of the decoder's DATA");
            }
        };
        write!(
            f,
            "an event's {part} has {len} bytes, more than the decoder's {limit}; raise it"
        )
    }
}
