//! The standard's "interpreting an event stream" (section 9.2.6), in the standard's order.

mod bounded;
mod fields;
mod id;
mod idle;
mod lines;
mod pieces;
mod scan;
mod view;
#[cfg(all(test, target_os = "linux"))]
mod zero;

use core::fmt;
use core::time::Duration;

use bounded::Bounded;
use fields::Digits;
pub use id::InvalidId;
use lines::Line;
pub(crate) use view::Found;

use crate::item::Item;
use crate::time::millis;

/// Turns the bytes of one event stream after another into [`Item`]s.
///
/// Bytes come in by [`decode`](Self::decode), cut in any way; what comes out does not depend on the
/// cuts. An event that lies whole in one push, with one `data` line, is borrowed from it; any other
/// is joined in the decoder's own memory, and that is all the memory there is:
///
/// * `DATA` bytes for the data of an event (and, while it is not complete, for a comment that was
///   asked for),
/// * `META` bytes for the event type, and as much three times for the ID: in its unfinished line,
///   in its unfinished event, and as the last event ID.
///
/// Lengths are those of the decoded text, in bytes of UTF-8. What is longer is reported as
/// [`Item::TooLong`] and skipped.
///
/// `new` is `const` and all zero, so that a decoder can be a `static` that takes no flash.
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
pub struct Decoder<const DATA: usize, const META: usize = 64> {
    show_comments: bool,
    show_retry: bool,
    show_ids: bool,
    /// A pointer, so that its code is linked only where somebody asks for it.
    advance_in_pieces: Option<Advance<Self>>,

    // What outlives a stream.
    last_event_id: heapless::String<META>,
    retry: Option<u64>,
    retry_is_new: bool,
    id_has_moved: bool,

    // The place in the stream.
    after_cr: bool,
    line: Line,

    // The unfinished line.
    id_value: Bounded<META>,
    id_has_nul: bool,
    digits: Digits,
    /// Where in the data's memory the comment begins, or the piece that is handed out.
    mark: usize,
    comment_too_long: bool,

    // The unfinished event: the standard's three buffers.
    has_data: bool,
    is_in_pieces: bool,
    /// So much of the data's memory was handed out in pieces.
    cut_at: usize,
    data: Bounded<DATA>,
    event_type: Bounded<META>,
    has_id: bool,
    id: Bounded<META>,

    handed_out: HandedOut,
}

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// A decoder at the start of a stream, with an empty last event ID and no reconnection time,
    /// that shows neither comments nor `retry`.
    pub const fn new() -> Self {
        Self {
            show_comments: false,
            show_retry: false,
            show_ids: false,
            advance_in_pieces: None,
            last_event_id: heapless::String::new(),
            retry: None,
            retry_is_new: false,
            id_has_moved: false,
            after_cr: false,
            line: Line::Bom(0),
            id_value: Bounded::new(),
            id_has_nul: false,
            digits: Digits::NONE,
            mark: 0,
            comment_too_long: false,
            has_data: false,
            is_in_pieces: false,
            cut_at: 0,
            data: Bounded::new(),
            event_type: Bounded::new(),
            has_id: false,
            id: Bounded::new(),
            handed_out: HandedOut::Nothing,
        }
    }

    /// Whether comments come out as [`Item::Comment`]. Those not asked for are skipped without
    /// being looked at or stored. To be set between streams.
    pub const fn show_comments(&mut self, show: bool) {
        self.show_comments = show;
    }

    /// Whether `retry` fields come out as [`Item::Retry`]. They always set the
    /// [reconnection time](Self::reconnection_time).
    pub const fn show_retry(&mut self, show: bool) {
        self.show_retry = show;
    }

    /// Whether an ID that comes without an event comes out as [`Item::Id`]. It always becomes the
    /// [last event ID](Self::last_event_id). Storing that ID needs this, and so does MCP.
    pub const fn show_ids(&mut self, show: bool) {
        self.show_ids = show;
    }

    /// Takes bytes from the front of `input` up to the end of the next item, which it returns; or
    /// takes them all and returns `None`. So call it until it returns `None`.
    #[must_use = "there may be more items in the input"]
    #[inline]
    pub fn decode<'e, 'i: 'e>(&'e mut self, input: &mut &'i [u8]) -> Option<Item<'e>> {
        let found = self.advance(input)?;
        Some(self.view(found))
    }

    /// The last event ID string: what `Last-Event-ID` says on the next connection. It changes at
    /// the blank line that ends an event (or a block with an `id` alone), not before.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// Sets the last event ID string, as restored from flash at boot. Empty is none.
    ///
    /// # Errors
    /// An ID that no stream can have sent (it has a NUL, CR or LF), or one longer than `META`
    /// bytes. The old one stays.
    pub fn set_last_event_id(&mut self, id: &str) -> Result<(), InvalidId> {
        if id.bytes().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
            return Err(InvalidId::Character);
        }
        if id.len() > META {
            return Err(InvalidId::TooLong);
        }
        replace(&mut self.last_event_id, id);
        Ok(())
    }

    /// What the last valid `retry` field asked for, on this stream or an earlier one; whole
    /// milliseconds. A number beyond 64 bits is the greatest that fits.
    pub fn reconnection_time(&self) -> Option<Duration> {
        self.retry.map(Duration::from_millis)
    }

    /// Sets the reconnection time, as restored from flash at boot, as if a `retry` field had asked
    /// for it: in whole milliseconds, the rest is dropped. An [`EventSource`](crate::EventSource)
    /// begins with it, within its policy's limits.
    pub fn set_reconnection_time(&mut self, time: Duration) {
        self.retry = Some(millis(time));
    }

    /// To be called before the bytes of a new connection: drops what the old one left unfinished,
    /// and keeps the last event ID and the reconnection time.
    pub fn new_stream(&mut self) {
        self.after_cr = false;
        self.id_has_moved = false;
        self.line = Line::Bom(0);
        self.clear_block();
    }
}

impl<const DATA: usize, const META: usize> fmt::Debug for Decoder<DATA, META> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("last_event_id", &self.last_event_id)
            .field("reconnection_time", &self.reconnection_time())
            .finish_non_exhaustive()
    }
}

impl<const DATA: usize, const META: usize> Default for Decoder<DATA, META> {
    fn default() -> Self {
        Self::new()
    }
}

/// What the last item still borrows; to be cleared before the next. `Nothing` is the first, so that
/// a new decoder is all zero bytes.
#[repr(u8)]
enum HandedOut {
    Nothing,
    Event,
    Comment,
}

type Advance<D> = for<'i> fn(&mut D, &mut &'i [u8]) -> Option<Found<&'i str>>;

/// `id` is known to fit.
fn replace<const N: usize>(last_event_id: &mut heapless::String<N>, id: &str) {
    last_event_id.clear();
    let _fits = last_event_id.push_str(id);
}
