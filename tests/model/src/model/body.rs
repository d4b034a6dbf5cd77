//! The body of a response, and the loss of a connection.

use std::time::Duration;

use embedded_sse::{InvalidHead, LossCause, StopReason};

use super::client::{Client, State, Step, Stop};
use super::http::{BodyEnd, Framing, unframe};
use super::request::is_header_value;
use super::stream;
use super::timer::Opened;

/// This much of the body of a refusal is kept.
const KEPT: usize = 1024;

impl Client {
    /// Reads what has come of a body.
    pub(super) fn body_bytes(&mut self, now: Duration, items: &mut Vec<Vec<String>>) {
        match &mut self.state {
            State::Stream {
                framing,
                raw,
                first_id,
                told,
                ..
            } => {
                let (body, end) = unframe(*framing, raw);
                let parsed = stream::parse(&body, first_id, &self.setup);
                for item in &parsed.items[*told..] {
                    self.told.push(item.clone());
                    items.push(item.clone());
                }
                *told = parsed.items.len();
                self.last_event_id = parsed.last_event_id;
                self.has_stream_id |= parsed.has_id;
                if let Some(retry) = parsed.retry {
                    self.retry = Some(retry);
                    self.timer.set_base(Duration::from_millis(retry));
                }
                match end {
                    BodyEnd::NotYet => {}
                    BodyEnd::Complete => self.lost(LossCause::End, now),
                    BodyEnd::Broken(invalid) => self.lost(LossCause::Chunk(invalid), now),
                }
            }
            State::Keep {
                framing, raw, stop, ..
            } => {
                let (mut body, end) = unframe(*framing, raw);
                let (head, kept) = self.response.as_mut().unwrap();
                let room = self.setup.data_len - head.len - self.attempt.occupied;
                let limit = if stop.is_some() { room.min(KEPT) } else { room };
                let is_long = body.len() > limit;
                let is_full = body.len() >= limit;
                body.truncate(limit);
                *kept = body;
                let stop = match (stop, end) {
                    (Some(_), BodyEnd::NotYet) if !is_full => return,
                    (Some((stop, _)), _) => stop.clone(),
                    (None, _) if is_long => {
                        let occupied = self.attempt.occupied + head.len;
                        let len = match framing {
                            Framing::Length(length) => Some(
                                occupied
                                    .saturating_add(usize::try_from(*length).unwrap_or(usize::MAX)),
                            ),
                            _ => None,
                        };
                        self.stop_for(StopReason::BodyTooLong { len }, None)
                    }
                    (None, BodyEnd::NotYet) => return,
                    (None, BodyEnd::Complete) => self.stop_for(StopReason::Finished, None),
                    (None, BodyEnd::Broken(invalid)) => {
                        return self.lost(LossCause::Chunk(invalid), now);
                    }
                };
                self.stop(stop);
            }
            _ => {}
        }
    }

    pub(super) fn lost(&mut self, mut cause: LossCause, now: Duration) {
        self.response = None;
        // A head that does not fit is the cause, however the connection ends before the rest of it.
        if let State::Head { bytes, .. } = &self.state {
            let len = self.attempt.occupied + bytes.len();
            if len > self.setup.data_len && !matches!(cause, LossCause::Head(_)) {
                cause = LossCause::Head(InvalidHead::TooLong { len });
            }
        }
        let opened = match &self.state {
            State::Stream {
                framing,
                raw,
                opened_at,
                first_id,
                ..
            } => {
                let parsed = stream::parse(&unframe(*framing, raw).0, first_id, &self.setup);
                Some(Opened {
                    open_for: now - *opened_at,
                    in_order: cause == LossCause::End,
                    explicit_end: *framing != Framing::UntilClose,
                    has_progress: parsed.has_progress,
                    has_retry: parsed.retry.is_some(),
                })
            }
            // A document keeps a connection open too, but does not end an outage.
            State::Keep {
                opened_at,
                stop: None,
                ..
            } => Some(Opened {
                open_for: now - *opened_at,
                in_order: false,
                explicit_end: false,
                has_progress: false,
                has_retry: false,
            }),
            _ => None,
        };
        match self.next_wait(cause, opened, None) {
            Ok((min, max)) => self.wait(cause, min, max, now),
            Err(reason) => self.stop(self.stop_for(reason, Some(cause))),
        }
    }

    /// The bounds of the wait after a loss, or why there is no further attempt.
    pub(super) fn next_wait(
        &mut self,
        cause: LossCause,
        opened: Option<Opened>,
        retry_after: Option<u64>,
    ) -> Result<(Duration, Duration), StopReason> {
        let is_stream = opened.is_some();
        if !is_stream {
            self.remembered = None;
        }
        if !self.may_repeat() {
            let has_ended = is_stream && cause == LossCause::End;
            return Err(if has_ended {
                StopReason::Ended
            } else {
                StopReason::NotRepeatable
            });
        }
        self.timer
            .lost(opened, retry_after)
            .ok_or(StopReason::Attempts)
    }

    pub(super) fn wait(&mut self, cause: LossCause, min: Duration, max: Duration, now: Duration) {
        self.resumes =
            self.setup.resume_by_get && self.setup.method != "GET" && self.has_resumable_id();
        self.told.push(vec![format!("lost {cause:?}")]);
        let step = Step::Wait {
            cause,
            failures: self.timer.failures,
            since: now,
            min,
            max,
        };
        self.state = State::Wait {
            step,
            until: now.saturating_add(min),
            is_told: false,
        };
    }

    pub(super) fn may_repeat(&self) -> bool {
        self.setup.method == "GET"
            || self.setup.repeatable
            || !self.attempt.has_written
            || self.attempt.may_retry
            || (self.setup.resume_by_get && self.has_resumable_id())
    }

    pub(super) fn has_resumable_id(&self) -> bool {
        self.has_stream_id && !self.last_event_id.is_empty() && is_header_value(&self.last_event_id)
    }

    pub(super) fn stop_for(&self, reason: StopReason, cause: Option<LossCause>) -> Stop {
        Stop {
            reason,
            cause,
            status: self.status,
        }
    }

    pub(super) fn stop(&mut self, stop: Stop) {
        self.told
            .push(vec![format!("stopped {:?} {:?}", stop.reason, stop.cause)]);
        self.state = State::Stop(stop);
    }
}
