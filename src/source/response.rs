//! What a response brings: its head, a verdict, its body.

use core::ops::Range;
use core::time::Duration;

use super::{EventSource, State, base};
use crate::decoder::Found;
use crate::event::TooLong;
use crate::http::{self, RedirectError, Verdict};
use crate::step::{Cause, Reason};

/// What [`EventSource::receive`] has found, with borrows of the input only.
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
                    data: data.map(&change),
                    event_type: event_type.map(&change),
                },
                Found::Piece { is_text } => Found::Piece { is_text },
                Found::Comment => Found::Comment,
                Found::Retry(time) => Found::Retry(time),
                Found::TooLong(part) => Found::TooLong(part),
            }),
        }
    }
}

/// So many bytes of a refused response's body are kept, or fewer if `DATA` is full.
const MOST_REFUSED_BODY: usize = 1024;

impl<const DATA: usize, const META: usize> EventSource<'_, DATA, META> {
    /// The first half of [`receive`](Self::receive), which borrows only from the input.
    pub(crate) fn advance<'i>(
        &mut self,
        input: &mut &'i [u8],
        now: Duration,
    ) -> Option<Received<&'i str>> {
        let bytes = *input;
        let received = self.take(input, now);
        if let Some(observer) = self.observer
            && let Some(taken @ [_, ..]) = bytes.get(..bytes.len() - input.len())
        {
            observer.received(taken, now);
            if let Some(timeout) = observer.idle_timeout() {
                self.reconnect.set_idle_timeout(timeout);
            }
        }
        received
    }

    fn take<'i>(&mut self, input: &mut &'i [u8], now: Duration) -> Option<Received<&'i str>> {
        if !input.is_empty() {
            self.reconnect.received(now);
        }
        if self.reconnect.is_due(now) {
            // As the next step would, so that it makes no difference in how many reads they came.
            match self.state {
                State::Head => self.lose(Cause::ConnectTimeout, None, now),
                State::Refused { reason, .. } => self.stop(reason, None),
                _ => {}
            }
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
                State::Head => {
                    let start = self.url_range().end;
                    match http::read_head(input, self.decoder.memory(), start) {
                        Ok(false) => return None,
                        Ok(true) => {
                            if self.judge(now) {
                                return Some(Received::Open);
                            }
                        }
                        Err(invalid) => self.lose(Cause::Head(invalid), None, now),
                    }
                }
                State::Stream(body) => {
                    if self.head_len > 0 && !input.is_empty() {
                        self.head_len = 0;
                        self.decoder.new_stream();
                    }
                    match body.payload(input) {
                        Ok([]) if body.is_done() => self.lose(Cause::End, None, now),
                        Ok([]) => return None,
                        Ok(mut payload) => {
                            let len = payload.len();
                            let found = self.decoder.advance(&mut payload);
                            let taken = len - payload.len();
                            body.consume(taken);
                            *input = input.get(taken..).unwrap_or_default();
                            if let Some(retry) = self.decoder.take_retry() {
                                self.reconnect.set_reconnection_time(retry);
                            }
                            if let Some(found) = found {
                                match found {
                                    Found::Piece { .. }
                                    | Found::Comment
                                    | Found::Retry(_)
                                    | Found::TooLong(TooLong::Comment) => {}
                                    Found::Event { .. } | Found::TooLong(_) => {
                                        self.reconnect.delivered();
                                    }
                                }
                                return Some(Received::Found(found));
                            }
                        }
                        Err(invalid) => self.lose(Cause::Chunk(invalid), None, now),
                    }
                }
                &mut State::Refused { mut body, reason } => {
                    let payload = body.payload(input);
                    let is_valid = payload.is_ok();
                    let payload = payload.unwrap_or_default();
                    let piece = payload.get(..self.room_for_body()).unwrap_or(payload);
                    let _fits = self.decoder.memory().extend_from_slice(piece);
                    body.consume(piece.len());
                    *input = input.get(piece.len()..).unwrap_or_default();
                    self.state = State::Refused { body, reason };
                    if !is_valid || body.is_done() || self.room_for_body() == 0 {
                        self.stop(reason, None);
                    } else if input.is_empty() {
                        return None;
                    }
                }
            }
        }
    }

    /// The head is complete. Returns whether the stream is open.
    fn judge(&mut self, now: Duration) -> bool {
        let memory = self.decoder.idle_memory();
        let start = self.url_range().end;
        self.head_len = memory.len().saturating_sub(start);
        // Not by `sent_id`, which would borrow all of it.
        let sent_id = match self.sends_id {
            true => self.decoder.last_event_id(),
            false => "",
        };
        let head = match http::parse(memory.get(start..).unwrap_or_default(), sent_id) {
            Ok(head) => head,
            Err(invalid) => {
                self.lose(Cause::Head(invalid), None, now);
                return false;
            }
        };
        let status = head.status();
        if status < 200 {
            self.decoder.memory().truncate(start);
            self.state = State::Head;
            return false;
        }
        self.last_status = Some(status);
        let body = http::body_of(&head);
        let verdict = match &mut self.verdict {
            Some(verdict) => verdict(&head),
            None => http::default_verdict(&head),
        };
        match verdict {
            Verdict::Open => match body {
                Ok(body) => {
                    self.reconnect.opened(now);
                    self.remember();
                    self.state = State::Stream(body);
                    return true;
                }
                Err(invalid) => self.lose(Cause::Head(invalid), None, now),
            },
            Verdict::Follow => {
                let location = head.header("location").map(|location| {
                    let start = location.as_ptr().addr() - memory.as_ptr().addr();
                    start..start + location.len()
                });
                self.follow(status, location, now);
            }
            Verdict::Retry => {
                let retry_after = head.retry_after();
                self.lose(Cause::Status(status), retry_after, now);
            }
            Verdict::Stop => {
                let reason = match status {
                    200 if !head.is_event_stream() => Reason::ContentType,
                    200 if !head.is_plain() => Reason::ContentEncoding,
                    204 => Reason::NoContent,
                    _ => Reason::Status,
                };
                match body {
                    Ok(body) if !matches!(status, 204 | 304) => {
                        self.reconnect.refused(now);
                        self.state = State::Refused { body, reason };
                    }
                    _ => self.stop(reason, None),
                }
            }
        }
        false
    }

    fn follow(&mut self, status: u16, location: Option<Range<usize>>, now: Duration) {
        self.head_len = 0;
        if self.redirects >= self.request.max_redirects {
            return self.stop(Reason::Redirect(RedirectError::TooMany), None);
        }
        let Some(location) = location else {
            return self.stop(Reason::Redirect(RedirectError::Location), None);
        };
        self.redirects += 1;
        self.all_permanent &= matches!(status, 301 | 308);
        self.as_get |= match self.request.method {
            "GET" | "HEAD" => false,
            "POST" => matches!(status, 301..=303),
            _ => status == 303,
        };
        let base = base(&self.request, self.remembered, self.remembered_len);
        let url = self.url_range();
        match http::follow(self.decoder.memory(), url, base, location) {
            Ok(()) => {
                self.url_len = self.decoder.idle_memory().len() - self.headers_len;
                self.has_left |= self.url().origin() != self.request.url.origin();
                self.connect(now);
            }
            Err(error) => self.stop(Reason::Redirect(error), None),
        }
    }

    fn remember(&mut self) {
        let url = self.decoder.idle_memory().get(self.url_range());
        if self.redirects > 0
            && self.all_permanent
            && !self.as_get
            && let Some(url) = url
            && let Some(memory) = self.remembered.get_mut(..self.url_len)
        {
            memory.copy_from_slice(url);
            self.remembered_len = self.url_len;
        }
    }

    fn room_for_body(&self) -> usize {
        let used = self.decoder.idle_memory().len();
        let kept = used.saturating_sub(self.head_range().end);
        MOST_REFUSED_BODY
            .saturating_sub(kept)
            .min(DATA.saturating_sub(used))
    }
}
