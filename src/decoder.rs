//! The event stream parser: "interpreting an event stream" (WHATWG HTML, section 9.2.6), in the
//! standard's order.

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
    show_comments: bool,
    show_retry: bool,
    show_ids: bool,
    /// A function pointer, so that the linker drops this code if no program path sets it.
    advance_in_pieces: Option<Advance<Self>>,

    // State that outlives a stream.
    last_event_id: heapless::String<META>,
    retry: Option<u64>,
    retry_is_new: bool,
    id_has_come: bool,
    id_has_moved: bool,

    // The position in the stream.
    after_cr: bool,
    line: Line,

    // The unfinished line.
    id_value: Bounded<META>,
    id_has_nul: bool,
    digits: Digits,
    /// Where in `data` the current comment or piece begins.
    mark: usize,
    comment_too_long: bool,

    // The unfinished event: the standard's three buffers.
    has_data: bool,
    is_in_pieces: bool,
    /// How many bytes of `data` were handed out as pieces.
    cut_at: usize,
    data: Bounded<DATA>,
    event_type: Bounded<META>,
    has_id: bool,
    id: Bounded<META>,

    handed_out: HandedOut,
}

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// Creates a decoder at the start of a stream. The last event ID is empty, there is no
    /// reconnection time, and only events and [`Item::TooLong`] are shown.
    pub const fn new() -> Self {
        Self {
            show_comments: false,
            show_retry: false,
            show_ids: false,
            advance_in_pieces: None,
            last_event_id: heapless::String::new(),
            retry: None,
            retry_is_new: false,
            id_has_come: false,
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

    /// Sets whether comments are returned as [`Item::Comment`]. Default `false`: comments are
    /// skipped and need no memory. Call this only between streams.
    pub const fn show_comments(&mut self, show: bool) {
        self.show_comments = show;
    }

    /// Sets whether `retry` fields are returned as [`Item::Retry`]. Default `false`. Either way
    /// they set the [reconnection time](Self::reconnection_time).
    pub const fn show_retry(&mut self, show: bool) {
        self.show_retry = show;
    }

    /// Sets whether an ID without an event is returned as [`Item::Id`]. Default `false`. Either way
    /// it becomes the [last event ID](Self::last_event_id).
    ///
    /// Set this if you store the last event ID, or if you use MCP (Model Context Protocol), whose
    /// servers send such IDs.
    pub const fn show_ids(&mut self, show: bool) {
        self.show_ids = show;
    }

    /// Parses `input` up to the end of the next item and returns that item. `input` is advanced
    /// past the parsed bytes.
    ///
    /// Returns `None` when all of `input` is parsed. Call it in a loop until it returns `None`.
    #[must_use = "there may be more items in the input"]
    #[inline]
    pub fn decode<'e, 'i: 'e>(&'e mut self, input: &mut &'i [u8]) -> Option<Item<'e>> {
        let found = self.advance(input)?;
        Some(self.view(found))
    }

    /// The last event ID, which the next connection sends as `Last-Event-ID`. Empty if there is
    /// none.
    ///
    /// It changes at the blank line that ends an event, or that ends a block with only an `id`.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// Sets the last event ID, for example to one restored from flash at boot. An empty `id` means
    /// none.
    ///
    /// # Errors
    /// Fails if `id` contains NUL, CR or LF, which no stream can send, or is longer than `META`
    /// bytes. The last event ID then stays as it was.
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

    /// The reconnection time that the last valid `retry` field set, on this stream or an earlier
    /// one, in whole milliseconds. A value of more than 64 bits becomes the greatest value.
    pub fn reconnection_time(&self) -> Option<Duration> {
        self.retry.map(Duration::from_millis)
    }

    /// Sets the reconnection time as if a `retry` field had set it, for example to one restored
    /// from flash at boot. Fractions of a millisecond are dropped. A new
    /// [`EventSource`](crate::EventSource) starts with this time, clamped to the limits of its
    /// policy.
    pub fn set_reconnection_time(&mut self, time: Duration) {
        self.retry = Some(millis(time));
    }

    /// Forgets the last event ID, the reconnection time, and the unfinished event. Call this before
    /// you use the decoder for another stream. What `show_…` and `split_long_events` set stays.
    pub fn forget(&mut self) {
        self.new_stream();
        self.last_event_id.clear();
        self.retry = None;
        self.retry_is_new = false;
    }

    /// Starts a new stream. Call this before you push the first bytes of a new connection.
    ///
    /// The unfinished event of the old stream is dropped. The last event ID and the reconnection
    /// time are kept.
    pub fn new_stream(&mut self) {
        self.after_cr = false;
        self.id_has_come = false;
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

/// What the last item borrows. It is cleared before the next item. `Nothing` is the first variant,
/// so that a new decoder is all zero bytes.
#[repr(u8)]
enum HandedOut {
    Nothing,
    Event,
    Comment,
}

type Advance<D> = for<'i> fn(&mut D, &mut &'i [u8]) -> Option<Found<&'i str>>;

/// Replaces the last event ID. The caller has checked that `id` fits.
fn replace<const N: usize>(last_event_id: &mut heapless::String<N>, id: &str) {
    last_event_id.clear();
    let _fits = last_event_id.push_str(id);
}
