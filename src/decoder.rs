//! The event stream parser: "interpreting an event stream" (WHATWG HTML, section 9.2.6), in the
//! standard's order.

mod bounded;
mod comments;
mod data;
mod fields;
mod id;
mod idle;
mod line;
mod parser;
mod pieces;
mod scan;
mod state;
mod view;
mod whole;
#[cfg(all(test, target_os = "linux"))]
mod zero;

use core::fmt;
use core::time::Duration;

use bounded::Bounded;
#[cfg(feature = "stream")]
pub(crate) use data::DataBuffer;
pub use id::InvalidId;
pub(crate) use parser::Parser;
pub(crate) use view::Found;

use crate::item::Item;
use crate::time::millis;

/// Parses the bytes of event streams into [`Item`]s.
///
/// Push bytes with [`decode`](Self::decode), in chunks of any size. The items do not depend on
/// where the chunks were cut.
///
/// An event is borrowed from the pushed bytes if it lies in them as a whole and has one `data`
/// line. Any other event is copied to the decoder's own memory, whose size is fixed by the type:
///
/// * `DATA` bytes for the data of an event. Shown comments are stored there too until they are
///   complete.
/// * `4 * META` bytes: `META` for the event type, and three times `META` for the ID (the unfinished
///   line, the unfinished event, and the last event ID).
///
/// Lengths count bytes of the decoded UTF-8 text. An event that is too long is skipped and reported
/// as [`Item::TooLong`].
///
/// ```
/// use embedded_sse::{Decoder, Item};
///
/// let mut decoder: Decoder<1024> = Decoder::new();
/// for chunk in ["data: hel", "lo\n\ndata: wor", "ld\n\n"] {
///     let mut input = chunk.as_bytes();
///     while let Some(item) = decoder.decode(&mut input) {
///         if let Item::Event(event) = item {
///             println!("{}: {}", event.event_type, event.data);
///         }
///     }
/// }
/// ```
///
/// # Where to put it
///
/// `new` is `const` and its value is all zero bytes, so a `static` decoder lies in `.bss` and takes
/// no flash. On a microcontroller, use a local variable in an embassy task, whose future is a
/// `static`, or a `ConstStaticCell`:
///
/// ```
/// use embedded_sse::Decoder;
/// use static_cell::ConstStaticCell;
///
/// static DECODER: ConstStaticCell<Decoder<4096>> = ConstStaticCell::new(Decoder::new());
///
/// let decoder: &'static mut Decoder<4096> = DECODER.take();
/// ```
///
/// Avoid `StaticCell::init(Decoder::new())`. It builds the decoder on the stack and then copies it:
/// a decoder with `DATA` of 8 KiB took 10 KB of stack in a measurement.
///
/// # With another HTTP client
///
/// A decoder needs no [`EventSource`](crate::EventSource). If you use another HTTP client,
/// [`Reconnect`](crate::Reconnect) adds the delays between the connections.
pub struct Decoder<const DATA: usize, const META: usize = 64> {
    parser: Parser<Bounded<[u8; DATA]>, META>,
}

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// Creates a decoder at the start of a stream. The last event ID is empty, there is no
    /// reconnection time, and only events and [`Item::TooLong`] are shown.
    pub const fn new() -> Self {
        Self {
            parser: Parser::new(Bounded::new()),
        }
    }

    /// Sets whether `retry` fields are returned as [`Item::Retry`]. Default `false`. Either way
    /// they set the [reconnection time](Self::reconnection_time).
    pub const fn show_retry(&mut self, show: bool) {
        self.parser.state.show_retry = show;
    }

    /// Sets whether an ID without an event is returned as [`Item::Id`]. Default `false`. Either way
    /// it becomes the [last event ID](Self::last_event_id).
    ///
    /// Set this if you store the last event ID, or if you use MCP (Model Context Protocol), whose
    /// servers send such IDs.
    pub const fn show_ids(&mut self, show: bool) {
        self.parser.state.show_ids = show;
    }

    /// Parses `input` up to the end of the next item and returns that item. `input` is advanced
    /// past the parsed bytes.
    ///
    /// Returns `None` when all of `input` is parsed. Call it in a loop until it returns `None`.
    #[must_use = "there may be more items in the input"]
    #[inline]
    pub fn decode<'e, 'i: 'e>(&'e mut self, input: &mut &'i [u8]) -> Option<Item<'e>> {
        let searched = match self.parser.data_event(input) {
            Ok(data) => return Some(Item::Event(self.parser.event("", data))),
            Err(searched) => searched,
        };
        let found = self.parser.advance_from(input, searched)?;
        Some(self.view(found))
    }

    /// The last event ID, which the next connection sends as `Last-Event-ID`. Empty if there is
    /// none.
    ///
    /// It changes at the blank line that ends an event, or that ends a block with only an `id`.
    pub fn last_event_id(&self) -> &str {
        self.parser.last_event_id()
    }

    /// Sets the last event ID, for example to one restored from flash at boot. An empty `id` means
    /// none.
    ///
    /// # Errors
    /// Fails if `id` contains NUL, CR or LF, which no stream can send, or is longer than `META`
    /// bytes. The last event ID then stays as it was.
    pub fn set_last_event_id(&mut self, id: &str) -> Result<(), InvalidId> {
        self.parser.set_last_event_id(id)
    }

    /// The reconnection time that the last valid `retry` field set, on this stream or an earlier
    /// one, in whole milliseconds. A value of more than 64 bits becomes the greatest value.
    pub fn reconnection_time(&self) -> Option<Duration> {
        self.parser.reconnection_time()
    }

    /// Sets the reconnection time as if a `retry` field had set it, for example to one restored
    /// from flash at boot. Fractions of a millisecond are dropped. A new
    /// [`EventSource`](crate::EventSource) starts with this time, clamped to the limits of its
    /// policy.
    pub fn set_reconnection_time(&mut self, time: Duration) {
        self.parser.state.retry = Some(millis(time));
    }

    /// Forgets the last event ID, the reconnection time, and the unfinished event. Call this before
    /// you use the decoder for another stream. What `show_…` and `split_long_events` set stays.
    pub fn forget(&mut self) {
        self.new_stream();
        self.parser.last_event_id.restore("");
        self.parser.state.retry = None;
        self.parser.state.retry_is_new = false;
    }

    /// Starts a new stream. Call this before you push the first bytes of a new connection.
    ///
    /// The unfinished event of the old stream is dropped. The last event ID and the reconnection
    /// time are kept.
    pub fn new_stream(&mut self) {
        self.parser.new_stream();
    }

    /// The first half of [`decode`](Self::decode): parses bytes and returns what was found,
    /// borrowing only the input.
    #[inline]
    pub(crate) fn advance<'i>(&mut self, input: &mut &'i [u8]) -> Option<Found<&'i str>> {
        self.parser.advance(input)
    }

    /// The second half of [`decode`](Self::decode): converts what was found to an item.
    #[inline]
    pub(crate) fn view<'e, 'i: 'e>(&'e self, found: Found<&'i str>) -> Item<'e> {
        self.parser.view(found)
    }
}

impl<const DATA: usize, const META: usize> fmt::Debug for Decoder<DATA, META> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("last_event_id", &self.last_event_id())
            .field("reconnection_time", &self.reconnection_time())
            .finish_non_exhaustive()
    }
}

impl<const DATA: usize, const META: usize> Default for Decoder<DATA, META> {
    fn default() -> Self {
        Self::new()
    }
}
