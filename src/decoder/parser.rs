//! The state of a [`Decoder`](super::Decoder), over any memory for the data.

use core::mem;
use core::time::Duration;

use super::bounded::Bounded;
use super::data::DataBuffer;
use super::id::{InvalidId, LastEventId};
use super::line::Line;
use super::state::State;
use super::view::Found;

/// A [`Decoder`](super::Decoder) joins data in memory of a fixed size, and a `Stream` of owned events in growing
/// memory. All else is the same.
pub(crate) struct Parser<D, const META: usize> {
    /// The small fields, which come first in memory.
    pub(super) state: State,
    // Function pointers, so that the linker drops this code if no program path sets them.
    pub(super) advance_in_pieces: Option<Advance<Self>>,
    pub(super) comment: Option<Comment<Self>>,
    pub(super) last_event_id: LastEventId<META>,

    // The unfinished event: the standard's three buffers.
    pub(super) event_type: Bounded<[u8; META]>,
    pub(super) id: Bounded<[u8; META]>,
    /// The value of the unfinished `id` line.
    pub(super) value: Bounded<[u8; META]>,

    pub(super) data: D,
}

type Advance<P> = for<'i> fn(&mut P, &mut &'i [u8]) -> Option<Found<&'i str>>;

type Comment<P> = fn(&mut P, Option<&[u8]>) -> Option<Found<&'static str>>;

impl<D: DataBuffer, const META: usize> Parser<D, META> {
    pub(crate) const fn new(data: D) -> Self {
        Self {
            state: State::NEW,
            advance_in_pieces: None,
            comment: None,
            last_event_id: LastEventId::new(),
            event_type: Bounded::new(),
            id: Bounded::new(),
            value: Bounded::new(),
            data,
        }
    }

    pub(crate) fn last_event_id(&self) -> &str {
        self.last_event_id.as_str()
    }

    pub(crate) fn set_last_event_id(&mut self, id: &str) -> Result<(), InvalidId> {
        if id.bytes().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
            return Err(InvalidId::Character);
        }
        if id.len() > META {
            return Err(InvalidId::TooLong);
        }
        self.last_event_id.restore(id);
        Ok(())
    }

    pub(crate) fn reconnection_time(&self) -> Option<Duration> {
        self.state.retry.map(Duration::from_millis)
    }

    /// The reconnection time, if a `retry` field was parsed since the last call.
    pub(crate) fn take_retry(&mut self) -> Option<Duration> {
        if mem::take(&mut self.state.retry_is_new) {
            self.reconnection_time()
        } else {
            None
        }
    }

    /// The event type of [`Found::Joined`].
    #[cfg(feature = "stream")]
    pub(crate) fn event_type(&self) -> &str {
        // Most events have none. To view a text, it is checked again.
        match self.event_type.bytes().is_empty() {
            true => "",
            false => self.event_type.as_str(),
        }
    }

    #[cfg(feature = "stream")]
    pub(crate) const fn data(&mut self) -> &mut D {
        &mut self.data
    }

    pub(crate) fn new_stream(&mut self) {
        self.state.after_cr = false;
        self.last_event_id.new_stream();
        self.state.line = Line::Bom(0);
        self.clear_block();
    }
}

impl<D: DataBuffer + Default, const META: usize> Default for Parser<D, META> {
    #[inline]
    fn default() -> Self {
        Self::new(D::default())
    }
}
