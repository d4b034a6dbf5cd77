//! Items: events, and everything else that an application is told.

use core::time::Duration;

use crate::event::{Event, TooLong};
use crate::http::Head;
use crate::step::{Stop, Wait};

/// Something that an application gets.
///
/// A [`Decoder`](crate::Decoder) never returns [`Open`](Item::Open), [`Lost`](Item::Lost) or
/// [`Stopped`](Item::Stopped). An [`EventSource`](crate::EventSource) returns the latter two as a
/// [`Step`](crate::Step); the ready loops make items of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// The last event ID, which a block without data has set. Only if
    /// [`show_ids`](crate::Decoder::show_ids) asked for it.
    Id(&'a str),
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
