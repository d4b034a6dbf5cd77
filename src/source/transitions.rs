//! Transitions between states.

use core::mem;
use core::time::Duration;

use super::attempt::Attempt;
use super::response::Received;
use super::{EventSource, State};
use crate::hooks::Hooks;
use crate::http::{self, Draft, Head, Sent};
use crate::item::Item;
use crate::reconnect::Loss;
use crate::step::{LossCause, Stop, StopReason, Wait};
use crate::url::{Scheme, Url};
use crate::utf8::text;

impl<const DATA: usize, const META: usize, H: Hooks> EventSource<'_, DATA, META, H> {
    /// The second half of [`receive`](Self::receive): converts what was found to an item.
    pub(crate) fn view<'e, 'i: 'e>(&'e mut self, received: Received<&'i str>) -> Item<'e> {
        let item = match received {
            Received::Open => {
                let memory = self.decoder.idle_memory();
                let id = self.decoder.last_event_id();
                let status = self.last_status.unwrap_or_default();
                Item::Open(self.attempt.head(&self.request, memory, id, status))
            }
            Received::Found(found) => self.decoder.view(found),
        };
        self.hooks.told(&item);
        item
    }

    /// Tells the hooks of a wait or a stop, once. Functions that cause one do not tell it
    /// themselves, since hooks must see the received bytes first.
    pub(super) fn tell_end(&mut self) {
        if mem::take(&mut self.is_untold) {
            match self.state {
                State::Wait { wait, .. } => self.hooks.told(&Item::Lost(wait)),
                State::Stop(stop) => self.hooks.told(&Item::Stopped(stop)),
                _ => {}
            }
        }
    }

    /// Begins an attempt.
    pub(super) fn begin(&mut self) {
        self.decoder.new_stream();
        self.attempt = Attempt {
            as_get: self.resumes_by_get(),
            ..Attempt::default()
        };
        let mut url = self.request.url;
        let (memory, last_event_id) = self.decoder.memory_and_id();
        if self.hooks.follows_redirects() {
            let remembered = self.remembered.url();
            let _fits = memory.extend_from_slice(remembered);
            url = Url::parse(text(remembered)).unwrap_or(url);
        }
        let mut draft = Draft::new(memory, url, last_event_id, META);
        self.hooks.before_connect(&mut draft);
        self.attempt.headers_len = draft.headers_len();
        self.current_url = draft.current_url();
        if let Some(id) = draft.resumes_after() {
            self.decoder.resume_after(id);
        }
        self.attempt.url_len = self.decoder.idle_memory().len() - self.attempt.headers_len;
        self.attempt.has_left = self.remembered.has_left;
        if url.origin().scheme == Scheme::Https && !self.has_tls {
            return self.stop(StopReason::NoTls, None);
        }
        self.connect();
    }

    pub(super) fn connect(&mut self) {
        self.reconnect.connecting(self.now);
        self.state = State::Connect;
    }

    /// Does what is due at the deadline. An idle timeout is only detected after a read without
    /// result: see [`timed_out`](Self::timed_out).
    pub(super) fn apply_deadline(&mut self, now: Duration) {
        self.now = now;
        // The deadline of a stream is not computed for each item.
        if !matches!(self.state, State::Stream) && self.reconnect.is_due(now) {
            match self.state {
                State::Connect => self.lose(LossCause::ConnectTimeout),
                State::Write { .. } | State::Head(_) | State::Keep { whole: false, .. } => {
                    self.lose(LossCause::ResponseTimeout);
                }
                State::Wait { told: true, .. } => self.state = State::Start,
                _ => {}
            }
        }
    }

    /// Handles the end of the connection, for a reason other than a response's head.
    pub(super) fn lose(&mut self, mut cause: LossCause) {
        match (self.state, cause) {
            (State::Start | State::Wait { .. } | State::Stop(_), _) => return,
            (State::Keep { whole: false, .. }, _) | (State::Keep { .. }, LossCause::End) => {
                return self.stop_after_body();
            }
            (State::Head(_), LossCause::Head(_)) => {}
            (State::Head(head), _) => {
                let too_long = head.too_long(self.decoder.idle_memory());
                cause = too_long.map_or(cause, LossCause::Head);
            }
            _ => {}
        }
        // Only a loss by a response shows that response.
        self.attempt.head_len = 0;
        self.reestablish(cause, None);
    }

    /// The standard's "reestablish the connection". Stops the source if the request may not be sent
    /// again.
    pub(super) fn reestablish(&mut self, cause: LossCause, retry_after: Option<Duration>) {
        let loss = match (self.state, cause) {
            (State::Stream, LossCause::End) if self.attempt.body.is_done() => Loss::End,
            (State::Stream, LossCause::End) => Loss::Close,
            _ => Loss::Cut,
        };
        if !matches!(self.state, State::Stream | State::Keep { whole: true, .. }) {
            // The remembered redirect target failed. Forget it, or every retry would go there.
            self.remembered.forget();
        }
        if self.has_written && !self.may_repeat() {
            let reason = match cause {
                LossCause::End => StopReason::Ended,
                _ => StopReason::NotRepeatable,
            };
            return self.refuse(reason, Some(cause));
        }
        let Some(delay) = self.reconnect.lost(loss, retry_after, self.now) else {
            return self.refuse(StopReason::Attempts, Some(cause));
        };
        let wait = Wait {
            cause,
            delay,
            until: self.reconnect.deadline().unwrap_or(self.now),
            failures: self.reconnect.failures(),
        };
        self.state = State::Wait { wait, told: false };
        self.is_untold = true;
    }

    /// Whether another request may follow even if the server has acted on this one.
    pub(super) fn may_repeat(&self) -> bool {
        self.request.is_repeatable() || self.resumes_by_get()
    }

    /// Whether the next attempt resumes the stream of a `POST` by `GET`.
    fn resumes_by_get(&self) -> bool {
        let id = self.decoder.last_event_id();
        let has_id = self.has_brought_id && !id.is_empty() && http::is_field_value(id);
        has_id && self.request.can_resume_by_get()
    }

    #[inline(never)]
    pub(super) fn stop(&mut self, reason: StopReason, cause: Option<LossCause>) {
        self.state = State::Stop(Stop {
            reason,
            cause,
            status: self.last_status,
        });
        self.is_untold = true;
    }

    /// The URL of the current request.
    pub(super) fn url(&self) -> Url<'_> {
        let bytes = self.decoder.idle_memory().get(self.attempt.url_range());
        let bytes = bytes.unwrap_or_default();
        match self.hooks.follows_redirects() {
            true => Url::parse(text(bytes)).unwrap_or(self.request.url),
            // Only a draft can set another URL.
            false => (self.current_url)(bytes, self.request.url),
        }
    }

    pub(super) fn sent(&self) -> Sent<'_> {
        self.attempt
            .sent(self.decoder.idle_memory(), self.decoder.last_event_id())
    }

    pub(super) fn head(&self) -> Head<'_> {
        let memory = self.decoder.idle_memory();
        let id = self.decoder.last_event_id();
        let status = self.last_status.unwrap_or_default();
        self.attempt.head(&self.request, memory, id, status)
    }
}
