//! Keeping the body of a response that is not a stream.

use core::time::Duration;

use super::{EventSource, State};
use crate::hooks::Hooks;
use crate::http::InvalidChunk;
use crate::step::{LossCause, Stop, StopReason};

/// The greatest number of body bytes that are kept of a response that stops the source.
const MOST_REFUSED_BODY: usize = 1024;

impl<const DATA: usize, const META: usize, H: Hooks> EventSource<'_, DATA, META, H> {
    /// Stops the source after the first bytes of the body were read.
    pub(super) fn refuse(&mut self, reason: StopReason, cause: Option<LossCause>, now: Duration) {
        let has_body = !self.attempt.body.is_done() && self.attempt.head_len > 0;
        if has_body && self.hooks.keeps_bodies() {
            self.reconnect.refused(now);
            self.keep(reason, cause, false);
        } else {
            self.stop(reason, cause);
        }
    }

    /// Keeps the body, or the first bytes of it, before the source stops.
    pub(super) fn keep(&mut self, reason: StopReason, cause: Option<LossCause>, whole: bool) {
        let stop = Stop {
            reason,
            cause,
            status: self.last_status,
        };
        self.state = State::Keep { stop, whole };
    }

    /// Stops the source, for the reason that was known before the body.
    #[inline(never)]
    pub(super) fn stop_after_body(&mut self) {
        if let State::Keep { stop, .. } = self.state {
            self.stop(stop.reason, stop.cause);
        }
    }

    /// Handles bytes of the body. Returns whether more input is needed.
    pub(super) fn take_body(&mut self, whole: bool, input: &mut &[u8], now: Duration) -> bool {
        let copied = self.copy_body(input, whole);
        let has_room = self.room_for_body(whole) > 0;
        let body = &self.attempt.body;
        match copied {
            Err(invalid) => self.lose(LossCause::Chunk(invalid), now),
            // A whole body may end here. Of any other, no more is kept.
            Ok(_) if !body.is_done() && input.is_empty() && (whole || has_room) => return true,
            // More of the input may fit.
            Ok(1..) if !body.is_done() => {}
            Ok(0) if !body.is_done() && whole => {
                let kept = self.decoder.idle_memory().len();
                let len = body.left().map(|left| kept.saturating_add(left));
                self.stop(StopReason::BodyTooLong { len }, None);
            }
            _ => self.stop_after_body(),
        }
        false
    }

    /// Copies bytes of the body behind the head, as far as they fit. Returns how many were copied.
    #[inline(never)]
    fn copy_body(&mut self, input: &mut &[u8], whole: bool) -> Result<usize, InvalidChunk> {
        let payload = self.attempt.body.payload(input)?;
        let room = self.room_for_body(whole);
        let piece = payload.get(..room).unwrap_or(payload);
        let _fits = self.decoder.memory().extend_from_slice(piece);
        self.attempt.body.consume(piece.len());
        *input = input.get(piece.len()..).unwrap_or_default();
        Ok(piece.len())
    }

    /// How many more bytes of the body are kept.
    fn room_for_body(&mut self, whole: bool) -> usize {
        let memory = self.decoder.memory();
        let kept = memory.len().saturating_sub(self.attempt.head_range().end);
        let most = if whole { DATA } else { MOST_REFUSED_BODY };
        most.saturating_sub(kept).min(memory.room())
    }
}
