//! What a driver reports.

use std::time::Duration;

use embedded_sse::{LossCause, StopReason};

use super::client::{Client, State};
use super::http::Framing;
use crate::case::Wrong;

impl Client {
    pub fn connected(&mut self, now: Duration) {
        self.apply_deadline(now);
        if let State::Connect { .. } = self.state {
            let deadline = self
                .setup
                .policy
                .response_timeout
                .map(|timeout| now + timeout);
            self.attempt.written = 0;
            self.state = State::Write { deadline };
        }
    }

    pub fn wrote(&mut self, bytes: usize) {
        let State::Write { deadline } = self.state else {
            return;
        };
        let len = self.request(&self.attempt).len();
        self.attempt.written = (self.attempt.written + bytes).min(len);
        self.attempt.has_written |= bytes > 0;
        if self.attempt.written == len {
            self.state = State::Head {
                bytes: Vec::new(),
                deadline,
            };
        }
    }

    /// What is left of the request, if it is being written.
    pub fn unwritten(&self) -> Vec<u8> {
        match self.state {
            State::Write { .. } => self.request(&self.attempt).split_off(self.attempt.written),
            _ => Vec::new(),
        }
    }

    pub fn is_stopped(&self) -> bool {
        matches!(self.state, State::Stop(_))
    }

    pub fn failed(&mut self, now: Duration) {
        self.apply_deadline(now);
        match &self.state {
            State::Connect { .. } => self.lost(LossCause::Connect, now),
            State::Keep {
                stop: Some((stop, _)),
                ..
            } => self.stop(stop.clone()),
            State::Start | State::Wait { .. } | State::Stop(_) => {}
            _ => self.lost(LossCause::Transport, now),
        }
    }

    pub fn ended(&mut self, now: Duration) {
        self.apply_deadline(now);
        match &self.state {
            State::Write { .. } => self.lost(LossCause::Transport, now),
            State::Head { .. } => self.lost(LossCause::CutOff, now),
            State::Stream {
                framing: Framing::UntilClose,
                ..
            } => self.lost(LossCause::End, now),
            State::Stream { .. } => {
                let is_end = self.setup.wrong == Some(Wrong::CutIsEnd);
                self.lost(
                    if is_end {
                        LossCause::End
                    } else {
                        LossCause::CutOff
                    },
                    now,
                );
            }
            State::Keep {
                stop: Some((stop, _)),
                ..
            } => self.stop(stop.clone()),
            State::Keep {
                framing: Framing::UntilClose,
                ..
            } => {
                self.stop(self.stop_for(StopReason::Finished, None));
            }
            State::Keep { .. } => self.lost(LossCause::CutOff, now),
            _ => {}
        }
    }

    pub fn timed_out(&mut self, now: Duration) {
        match &self.state {
            State::Stream { heard_at, .. }
            | State::Keep {
                heard_at,
                stop: None,
                ..
            } => {
                let deadline = self.setup.policy.idle_timeout.map(|idle| *heard_at + idle);
                if self.timer.is_due(deadline, now) {
                    self.lost(LossCause::IdleTimeout, now);
                }
            }
            _ => {}
        }
    }

    pub fn close(&mut self) {
        if !matches!(self.state, State::Stop(_)) {
            self.response = None;
            self.stop(self.stop_for(StopReason::Closed, None));
        }
    }

    pub fn restart(&mut self) {
        if let State::Stream { .. } = self.state {
            self.stop(self.stop_for(StopReason::Closed, None));
        }
        if self.setup.resume_by_get && self.setup.method != "GET" {
            self.last_event_id.clear();
        }
        (self.timer.failures, self.timer.attempts) = (0, 0);
        (self.has_stream_id, self.resumes) = (false, false);
        (self.status, self.response, self.remembered) = (None, None, None);
        self.state = State::Start;
    }

    /// Returns the items, each with every form in which it may be reported.
    pub fn receive(&mut self, input: &[u8], now: Duration) -> Vec<Vec<String>> {
        self.apply_deadline(now);
        let mut items = Vec::new();
        let mut input = input.to_vec();
        while !input.is_empty() {
            match &mut self.state {
                State::Head { bytes, .. } => {
                    bytes.append(&mut input);
                    input = self.head_bytes(now, &mut items);
                }
                State::Stream { raw, heard_at, .. } | State::Keep { raw, heard_at, .. } => {
                    raw.append(&mut input);
                    *heard_at = now;
                    self.body_bytes(now, &mut items);
                }
                _ => break,
            }
        }
        items
    }
}
