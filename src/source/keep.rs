//! Keeping the body of a response that is not a stream.

use super::{EventSource, State};
use crate::hooks::Hooks;
use crate::step::{LossCause, Stop, StopReason};

/// The greatest number of body bytes that are kept of a response that stops the source.
const MOST_REFUSED_BODY: usize = 1024;

impl<const DATA: usize, const META: usize, H: Hooks> EventSource<'_, DATA, META, H> {
    /// Stops the source after the first bytes of the body were read.
    pub(super) fn refuse(&mut self, reason: StopReason, cause: Option<LossCause>) {
        let has_body = !self.attempt.body.is_done() && self.attempt.head_len > 0;
        if has_body && self.hooks.keeps_bodies() {
            self.reconnect.refused(self.now);
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

    /// Handles bytes of the body: copies them behind the head, as far as they fit. Returns whether
    /// more input is needed.
    #[inline(never)]
    pub(super) fn take_body(&mut self, whole: bool, input: &mut &[u8]) -> bool {
        let payload = match self.attempt.body.payload(input) {
            Ok(payload) => payload,
            Err(invalid) => {
                self.lose(LossCause::Chunk(invalid));
                return false;
            }
        };
        let memory = self.decoder.memory();
        let most = if whole { DATA } else { MOST_REFUSED_BODY };
        let kept = memory.len().saturating_sub(self.attempt.head_range().end);
        let room = most.saturating_sub(kept).min(memory.room());
        let piece = payload.get(..room).unwrap_or(payload);
        let _fits = memory.extend_from_slice(piece);
        let body = &mut self.attempt.body;
        body.consume(piece.len());
        *input = input.get(piece.len()..).unwrap_or_default();

        if body.is_done() || !whole && piece.len() == room {
            self.stop_after_body();
        } else if input.is_empty() {
            return true;
        } else if piece.is_empty() {
            // There is more, but no room.
            let kept = self.decoder.idle_memory().len();
            let len = body.left().map(|left| kept.saturating_add(left));
            self.stop(StopReason::BodyTooLong { len }, None);
        }
        false
    }
}
