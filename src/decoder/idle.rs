//! Access for `EventSource`, which uses the idle memory of the decoder between two streams.

use core::mem;
use core::ops::Range;
use core::time::Duration;

use super::Decoder;
use crate::buffer::Buffer;
use crate::utf8::text;

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// The data buffer as free memory. Use it only between two streams. Call
    /// [`new_stream`](Self::new_stream) before and after, which empties it.
    pub(crate) fn memory(&mut self) -> &mut Buffer<[u8; DATA]> {
        self.parser.data.memory()
    }

    pub(crate) fn memory_and_id(&mut self) -> (&mut Buffer<[u8; DATA]>, &str) {
        (
            self.parser.data.memory(),
            self.parser.last_event_id.as_str(),
        )
    }

    /// Sets the last event ID to the bytes in this range of the idle memory. The caller has checked
    /// that they fit.
    pub(crate) fn resume_after(&mut self, id: Range<usize>) {
        let id = text(self.parser.data.bytes().get(id).unwrap_or_default());
        self.parser.last_event_id.restore(id);
    }

    /// The content of the idle memory.
    pub(crate) fn idle_memory(&self) -> &Buffer<[u8; DATA]> {
        self.parser.data.bytes()
    }

    /// The reconnection time, if a `retry` field was parsed since the last call.
    pub(crate) fn take_retry(&mut self) -> Option<Duration> {
        self.parser.take_retry()
    }

    /// Whether the stream has set the last event ID since the last call, even to the same.
    pub(crate) fn take_id(&mut self) -> bool {
        mem::take(&mut self.parser.last_event_id.has_come)
    }

    /// Whether the last event ID changed since the last call.
    pub(crate) fn take_progress(&mut self) -> bool {
        mem::take(&mut self.parser.last_event_id.has_moved)
    }
}
