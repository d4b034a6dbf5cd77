//! Responses: collecting the head, the verdict, and the body.

use core::ops::Range;
use core::time::Duration;

use super::{EventSource, State};
use crate::decoder::Found;
use crate::event::TooLong;
use crate::hooks::Hooks;
use crate::http::{self, HeadReader, InvalidHead, InvalidRedirect, Verdict};
use crate::step::{LossCause, StopReason};

/// What [`EventSource::receive`] found. It borrows only the input.
pub(crate) enum Received<T> {
    Open,
    Found(Found<T>),
}

impl<T> Received<T> {
    #[cfg(feature = "embedded-io-async")]
    pub(crate) fn map<U>(self, change: impl Fn(T) -> U) -> Received<U> {
        match self {
            Self::Open => Received::Open,
            Self::Found(found) => Received::Found(match found {
                Found::Event { data, event_type } => Found::Event {
                    data: change(data),
                    event_type: change(event_type),
                },
                Found::Joined => Found::Joined,
                Found::Piece { is_text } => Found::Piece { is_text },
                Found::Comment => Found::Comment,
                Found::Id => Found::Id,
                Found::Retry(time) => Found::Retry(time),
                Found::TooLong(part) => Found::TooLong(part),
            }),
        }
    }
}

impl<const DATA: usize, const META: usize, H: Hooks> EventSource<'_, DATA, META, H> {
    /// The first half of [`receive`](Self::receive): parses bytes and borrows only the input. See
    /// `decoder/view.rs` for the reason.
    #[inline(never)]
    pub(crate) fn advance<'i>(
        &mut self,
        input: &mut &'i [u8],
        now: Duration,
    ) -> Option<Received<&'i str>> {
        // Do what the next step would do, so that the result does not depend on the number of reads.
        self.apply_deadline(now);
        if !self.is_reading() {
            *input = &[];
            self.tell_end();
            return None;
        }
        let bytes = *input;
        let received = self.take(input);
        if let Some(taken @ [_, ..]) = bytes.get(..bytes.len() - input.len()) {
            self.hooks.received(taken, now);
            if let Some(timeout) = self.hooks.idle_timeout() {
                self.reconnect.set_idle_timeout(timeout);
            }
        }
        self.tell_end();
        received
    }

    fn take<'i>(&mut self, input: &mut &'i [u8]) -> Option<Received<&'i str>> {
        if !input.is_empty() {
            self.reconnect.received(self.now);
        }
        loop {
            match &mut self.state {
                State::Start
                | State::Connect
                | State::Write { .. }
                | State::Wait { .. }
                | State::Stop(_) => {
                    *input = &[];
                    return None;
                }
                State::Head(head) => match head.read(input, self.decoder.memory()) {
                    Ok(false) => return None,
                    Ok(true) => {
                        if self.judge() {
                            return Some(Received::Open);
                        }
                    }
                    Err(invalid) => self.lose(LossCause::Head(invalid)),
                },
                State::Stream => {
                    let body = &mut self.attempt.body;
                    if self.attempt.head_len > 0 && !input.is_empty() {
                        self.attempt.head_len = 0;
                        self.decoder.new_stream();
                    }
                    match body.payload(input) {
                        Ok([]) if body.is_done() => self.lose(LossCause::End),
                        Ok([]) => return None,
                        Ok(mut payload) => {
                            let len = payload.len();
                            let found = self.decoder.advance(&mut payload);
                            let taken = len - payload.len();
                            body.consume(taken);
                            *input = input.get(taken..).unwrap_or_default();
                            self.note_progress(found.as_ref());
                            if let Some(found) = found {
                                return Some(Received::Found(found));
                            }
                        }
                        Err(invalid) => self.lose(LossCause::Chunk(invalid)),
                    }
                }
                &mut State::Keep { whole, .. } => {
                    if !self.hooks.keeps_bodies() {
                        self.stop_after_body();
                    } else if self.take_body(whole, input) {
                        return None;
                    }
                }
            }
        }
    }

    /// Passes on what a part of the stream means for the next connection.
    #[inline]
    fn note_progress(&mut self, found: Option<&Found<&str>>) {
        if let Some(retry) = self.decoder.take_retry() {
            self.reconnect.set_reconnection_time(retry);
        }
        self.has_brought_id |= self.decoder.take_id();
        let is_event = match found {
            Some(Found::TooLong(part)) => *part != TooLong::Comment,
            Some(found) => matches!(found, Found::Event { .. } | Found::Joined),
            None => false,
        };
        if self.decoder.take_progress() || is_event {
            self.reconnect.delivered();
        }
    }

    /// Handles a complete head. Returns whether the stream is open.
    ///
    /// Not inlined, or parsing the stream would need its stack too.
    #[inline(never)]
    fn judge(&mut self) -> bool {
        let start = self.attempt.url_range().end;
        let head = self.decoder.memory().get_mut(start..).unwrap_or_default();
        self.attempt.head_len = head.len();
        http::unfold(head);
        let status = match http::parse(head) {
            Ok(status) => status,
            Err(invalid) => {
                self.lose(LossCause::Head(invalid));
                return false;
            }
        };
        if status < 200 && status != 101 {
            self.decoder.memory().truncate(start);
            self.attempt.head_len = 0;
            self.state = State::Head(HeadReader::default());
            return false;
        }
        self.last_status = Some(status);
        if status == 101 {
            // Another protocol follows.
            self.stop(StopReason::Status, None);
            return false;
        }
        let memory = self.decoder.idle_memory();
        let id = self.decoder.last_event_id();
        let head = self.attempt.head(&self.request, memory, id, status);
        let mut by_default = Verdict::default_for(&head);
        let may_not_repeat = by_default == Verdict::Retry && !self.may_repeat();
        if may_not_repeat {
            by_default = Verdict::Stop;
        }
        let verdict = self.hooks.verdict(&head, by_default);
        let body = http::body_of(&head);
        // If the framing is invalid, no body is read.
        self.attempt.body = body.unwrap_or_default();
        match verdict {
            Verdict::Collect if !self.hooks.keeps_bodies() => {
                self.stop(StopReason::Finished, None);
            }
            Verdict::Open | Verdict::Collect if body.is_none() => {
                self.reestablish(LossCause::Head(InvalidHead::ContentLength), None);
            }
            Verdict::Open => {
                self.reconnect.opened(self.now);
                self.remember();
                self.state = State::Stream;
                return true;
            }
            Verdict::Collect => {
                self.reconnect.answered(self.now);
                self.keep(StopReason::Finished, None, true);
            }
            Verdict::Finish => self.stop(StopReason::Finished, None),
            Verdict::Follow => {
                let location = head.location().map(|location| {
                    let start = location.as_ptr().addr() - memory.as_ptr().addr();
                    start..start + location.len()
                });
                let followed = match self.hooks.follows_redirects() {
                    true => self.follow(status, location),
                    false => Err(InvalidRedirect::TooMany),
                };
                if let Err(error) = followed {
                    self.refuse(StopReason::Redirect(error), None);
                }
            }
            // It stops the source with the reason that the request may not be repeated.
            Verdict::Stop if may_not_repeat => self.reestablish(LossCause::Status(status), None),
            Verdict::Retry => {
                // The application says that the server has not acted on this request. About an
                // original request before a `GET`, that says nothing.
                self.has_written &= self.attempt.as_get;
                let retry_after = head.retry_after();
                self.reestablish(LossCause::Status(status), retry_after);
            }
            Verdict::Stop => {
                let reason = match status {
                    _ if by_default != Verdict::Stop => StopReason::Verdict,
                    200 if !head.is_event_stream() => StopReason::ContentType,
                    200 => StopReason::ContentEncoding,
                    204 => StopReason::NoContent,
                    _ => StopReason::Status,
                };
                self.refuse(reason, None);
            }
        }
        false
    }

    fn follow(
        &mut self,
        status: u16,
        location: Option<Range<usize>>,
    ) -> Result<(), InvalidRedirect> {
        if self.attempt.redirects >= self.request.max_redirects {
            return Err(InvalidRedirect::TooMany);
        }
        let location = location.ok_or(InvalidRedirect::Location)?;
        let scheme = self.url().origin().scheme;
        let memory = self.decoder.memory();
        let url = self.attempt.url_range();
        let original = self.request.url;
        let result = http::follow(memory, url, original, location, scheme, self.has_tls);
        if let Err(error) = result {
            // The failed resolution may have removed fields of the head.
            self.attempt.head_len = memory.len() - self.attempt.url_range().end;
            return Err(error);
        }
        self.attempt.url_len = memory.len() - self.attempt.headers_len;
        self.attempt.head_len = 0;
        self.attempt.redirects += 1;
        let as_get = match self.request.method {
            "GET" => false,
            "POST" => matches!(status, 301..=303),
            _ => status == 303,
        };
        let changes_method = as_get && !self.attempt.as_get;
        self.attempt.is_temporary |= changes_method || !matches!(status, 301 | 308);
        self.attempt.as_get |= as_get;
        self.attempt.has_left |= self.url().origin() != self.request.url.origin();
        self.connect();
        Ok(())
    }

    fn remember(&mut self) {
        let attempt = &self.attempt;
        let url = self.decoder.idle_memory().get(attempt.url_range());
        if self.hooks.follows_redirects()
            && attempt.redirects > 0
            && !attempt.is_temporary
            && let Some(url) = url
        {
            self.remembered.set(url, attempt.has_left);
        }
    }
}
