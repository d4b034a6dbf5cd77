//! Items: events, and everything else that is reported to the application.

use core::time::Duration;

use crate::event::{Event, TooLong};
use crate::http::Head;
use crate::step::{Stop, Wait};

/// Everything that is reported to an application.
///
/// | item | from a [`Decoder`](crate::Decoder) | from [`EventSource::receive`](crate::EventSource::receive) | from `sse` and hooks |
/// |---|---|---|---|
/// | [`Event`](Item::Event), [`TooLong`](Item::TooLong) | yes | yes | yes |
/// | [`Piece`](Item::Piece), [`LastPiece`](Item::LastPiece), [`Id`](Item::Id), [`Comment`](Item::Comment), [`Retry`](Item::Retry) | on request | on request | on request |
/// | [`Open`](Item::Open) | no | yes | yes |
/// | [`Lost`](Item::Lost), [`Stopped`](Item::Stopped) | no | no: see [`Step`](crate::Step) | yes |
///
/// ```
/// use embedded_sse::Item;
///
/// fn on_item(item: Item<'_>) {
///     match item {
///         Item::Open(head) => println!("open: {}", head.status()),
///         Item::Event(event) => println!("{}: {}", event.event_type, event.data),
///         Item::Lost(wait) => println!("lost: {wait}"),
///         Item::Stopped(stop) => println!("stopped: {stop}"),
///         Item::TooLong(part) => println!("skipped: {part}"),
///         // New versions may add items.
///         _ => {}
///     }
/// }
/// # on_item(Item::Id("1"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Item<'a> {
    /// The server accepted the request and its event stream begins (the standard's "announce the
    /// connection"). The status and the headers can be read until the next call.
    Open(Head<'a>),
    /// An event.
    Event(Event<'a>),
    /// A piece of the data of an event longer than `DATA`. More pieces follow. Only after
    /// [`split_long_events(true)`](crate::Decoder::split_long_events).
    Piece(&'a str),
    /// The end of an event that came in pieces. Its `data` contains only the last piece.
    LastPiece(Event<'a>),
    /// An ID that came without an event and is now the last event ID, even if it is the same as before.
    /// Only after
    /// [`show_ids(true)`](crate::Decoder::show_ids).
    Id(&'a str),
    /// A comment: everything after the colon, including a leading space. Only after
    /// [`show_comments(true)`](crate::Decoder::show_comments).
    Comment(&'a str),
    /// A valid `retry` field: the reconnection time that the server requests, before the limits of
    /// the policy apply. It takes effect in any case, but is returned only after
    /// [`show_retry(true)`](crate::Decoder::show_retry).
    Retry(Duration),
    /// The connection was lost. The next attempt follows after a delay.
    Lost(Wait),
    /// The source stopped: there is no further attempt. This is the last item. If the
    /// application itself closed the source, `sse` does not report it, but hooks see it.
    Stopped(Stop),
    /// A part of the stream did not fit in the [`Decoder`](crate::Decoder)'s memory and was
    /// skipped. What follows it is complete.
    TooLong(TooLong),
}
