//! The whole client as one state machine: the standard's processing model (section 9.2.3).

mod attempt;
mod response;

use core::mem;
use core::time::Duration;

pub(crate) use response::Received;

use attempt::{Attempt, Remembered};

use crate::decoder::Decoder;
use crate::event::Item;
use crate::http::{self, Body, Draft, Head, InvalidRequest, Request, Sent, Verdict};
use crate::observe::Observe;
use crate::reconnect::{Loss, Reconnect};
use crate::step::{Cause, Reason, Step, Stop, Wait};
use crate::url::{Scheme, Url};

/// An event source: it says what to do next, is told what came of it, and hands out what the
/// stream brings. It does no I/O and has no clock.
///
/// A driver is a loop around [`step`](Self::step):
///
/// ```no_run
#[doc = include_str!("../examples/minimal.rs")]
/// ```
///
/// All times are since any fixed moment, by a clock that does not go back. Every call is harmless
/// at any time: what does not fit the present step changes nothing, and calling `step` again gives
/// the same step again (a wait that is over is told once, then it goes on). So a driver may forget a
/// step half done (a dropped future, say) and ask anew.
///
/// Between two streams the decoder's `DATA` bytes hold the response's head, and the URL that a
/// redirect leads to: 2 KiB are enough for most servers behind a CDN, 512 bytes for most on a LAN.
pub struct EventSource<'a, const DATA: usize, const META: usize = 64> {
    request: Request<'a>,
    reconnect: Reconnect,
    decoder: &'a mut Decoder<DATA, META>,
    remembered: Remembered<'a>,
    has_tls: bool,

    before_connect: Option<&'a mut dyn FnMut(&mut Draft<'_>)>,
    verdict: Option<&'a mut dyn FnMut(&Head<'_>) -> Verdict>,
    observer: Option<&'a dyn Observe>,

    attempt: Attempt,
    last_status: Option<u16>,
    state: State,
    /// Whether the observer is still to be told of the wait or stop in `state`.
    is_untold: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// An attempt is to begin.
    Start,
    Connect,
    Write {
        written: usize,
        /// The length of the request.
        len: usize,
    },
    Head,
    Stream(Body),
    /// A response that stops the source, while the first bytes of its body are collected.
    Refused {
        body: Body,
        stop: Stop,
    },
    Wait {
        wait: Wait,
        /// Whether a step has returned it: a wait of no length is to be returned too.
        told: bool,
    },
    Stop(Stop),
}

impl<'a, const DATA: usize, const META: usize> EventSource<'a, DATA, META> {
    /// An event source that has done nothing yet. The decoder brings the memory, the last event ID
    /// and the reconnection time to begin with, and whether comments and `retry` are shown.
    ///
    /// `DATA` of less than 128 bytes does not compile: no head of a response fits in it.
    ///
    /// ```compile_fail,E0080
    /// # use embedded_sse::*;
    /// let mut decoder: Decoder<127> = Decoder::new();
    /// let request = Request::get(Url::parse("http://h/").unwrap());
    /// EventSource::new(request, Reconnect::new(Policy::DEFAULT, 1), &mut decoder);
    /// ```
    ///
    /// # Errors
    /// What is wrong with the request.
    pub fn new(
        request: Request<'a>,
        mut reconnect: Reconnect,
        decoder: &'a mut Decoder<DATA, META>,
    ) -> Result<Self, InvalidRequest> {
        const { assert!(DATA >= 128, "DATA also holds the head of a response") };
        request.check()?;
        // What an earlier source has learned holds for this one too.
        decoder.take_retry();
        if let Some(retry) = decoder.reconnection_time() {
            reconnect.set_reconnection_time(retry);
        }
        Ok(Self {
            request,
            reconnect,
            decoder,
            remembered: Remembered::new(&mut []),
            has_tls: false,
            before_connect: None,
            verdict: None,
            observer: None,
            attempt: Attempt::default(),
            last_status: None,
            state: State::Start,
            is_untold: false,
        })
    }

    /// Allows `https` URLs: the driver does TLS for them. Without this call an `https` URL stops the
    /// source, and a redirect to one too, before anything is sent.
    pub const fn allow_tls(&mut self) {
        self.has_tls = true;
    }

    /// Before each attempt, `change` may change its path and add headers: a fresh token, or an API's
    /// own way to resume. See [`Draft`].
    pub fn before_connect(&mut self, change: &'a mut dyn FnMut(&mut Draft<'_>)) {
        self.before_connect = Some(change);
    }

    /// Each response is judged by `verdict`, which may ask
    /// [`default_verdict`](http::default_verdict) for what it does not care about. What it shares
    /// with [`before_connect`](Self::before_connect) goes in a [`Cell`](core::cell::Cell): that a
    /// token was refused (401), say, so that the next attempt needs a fresh one.
    pub fn set_verdict(&mut self, verdict: &'a mut dyn FnMut(&Head<'_>) -> Verdict) {
        self.verdict = Some(verdict);
    }

    /// Shows `observer` all that happens: to count it, to keep the last bytes, to learn the server's
    /// heartbeat.
    pub fn observe(&mut self, observer: &'a dyn Observe) {
        self.observer = Some(observer);
    }

    /// From now on, redirects that are all permanent (301 and 308) and lead to an event stream are
    /// remembered: a reconnect starts where they led, until an attempt there fails. `memory` holds
    /// that URL; one that does not fit is not remembered.
    pub fn remember_permanent_redirects(&mut self, memory: &'a mut [u8]) {
        self.remembered = Remembered::new(memory);
        if matches!(
            self.state,
            State::Connect | State::Write { .. } | State::Head
        ) {
            // That attempt may be to where an earlier redirect has led.
            self.state = State::Start;
        }
    }

    /// What to do now.
    pub fn step(&mut self, now: Duration) -> Step<'_> {
        if self.reconnect.is_due(now) {
            match self.state {
                State::Connect | State::Write { .. } | State::Head => self.time_out(now),
                State::Refused { stop, .. } => self.stop(stop.reason, stop.cause),
                State::Wait { told: true, .. } => self.state = State::Start,
                // Silence is judged where a read has found nothing: see `handle_timeout`.
                State::Stream(_) | State::Wait { .. } | State::Start | State::Stop(_) => {}
            }
        }
        if matches!(self.state, State::Start) {
            self.begin(now);
        }
        self.tell_end();
        let deadline = self.reconnect.deadline();
        match self.state {
            State::Start | State::Connect => Step::Connect {
                origin: self.url().origin(),
                deadline,
            },
            State::Write { .. } => Step::Write { deadline },
            State::Head | State::Stream(_) | State::Refused { .. } => Step::Read { deadline },
            State::Wait { wait, .. } => {
                self.state = State::Wait { wait, told: true };
                Step::Wait(wait)
            }
            State::Stop(stop) => Step::Stop(stop),
        }
    }

    /// The connection that [`Step::Connect`] asked for is made.
    pub fn connected(&mut self, now: Duration) {
        if matches!(self.state, State::Connect) {
            if self.reconnect.is_due(now) {
                return self.failed(now);
            }
            self.reconnect.connected(now);
            self.attempt.sends_id = http::is_field_value(self.decoder.last_event_id());
            let (_, len) = http::write(&self.request, &self.sent(), 0, &mut []);
            self.state = State::Write { written: 0, len };
        }
    }

    /// The bytes that [`Step::Write`] asks for: `memory` is filled with the part of the request that
    /// is not yet [`wrote`](Self::wrote). Memory of 512 bytes takes most requests whole.
    pub fn request<'m>(&self, memory: &'m mut [u8]) -> &'m [u8] {
        let len = match self.state {
            State::Write { written, .. } => {
                let (len, _) = http::write(&self.request, &self.sent(), written, memory);
                len
            }
            _ => 0,
        };
        memory.get(..len).unwrap_or_default()
    }

    /// This many of the bytes that [`request`](Self::request) returned are written.
    pub fn wrote(&mut self, bytes: usize) {
        if let State::Write { written, len } = &mut self.state {
            *written = written.saturating_add(bytes);
            let is_whole = written >= len;
            self.attempt.has_written |= bytes > 0;
            if is_whole {
                self.state = State::Head;
            }
        }
    }

    /// No connection could be made, or it failed.
    pub fn failed(&mut self, now: Duration) {
        match self.state {
            State::Connect | State::Write { .. } | State::Head if self.reconnect.is_due(now) => {
                self.time_out(now);
            }
            State::Connect => self.lose(Cause::Connect, now),
            State::Write { .. } | State::Head | State::Stream(_) => {
                self.lose(Cause::Transport, now);
            }
            State::Refused { stop, .. } => self.stop(stop.reason, stop.cause),
            State::Start | State::Wait { .. } | State::Stop(_) => {}
        }
        self.tell_end();
    }

    /// The connection has ended: a read gave 0 bytes.
    pub fn ended(&mut self, now: Duration) {
        match self.state {
            State::Stream(body) if body.is_whole_at_end() => self.lose(Cause::End, now),
            State::Stream(_) => self.lose(Cause::CutOff, now),
            State::Head if !self.reconnect.is_due(now) => self.lose(Cause::CutOff, now),
            _ => self.failed(now),
        }
        self.tell_end();
    }

    /// A read has brought nothing until its deadline. Called too early, it changes nothing.
    ///
    /// It is this call, and not the time alone, that finds a stream idle: bytes may be waiting in
    /// the transport while the application was busy for longer than the timeout.
    pub fn handle_timeout(&mut self, now: Duration) {
        if matches!(self.state, State::Stream(_)) && self.reconnect.is_due(now) {
            self.lose(Cause::IdleTimeout, now);
        }
        self.tell_end();
    }

    /// Takes bytes that were read from the front of `input`, up to the next item, which it
    /// returns; or takes all and returns `None`. So call it until it returns `None`. Bytes that no
    /// [`Step::Read`] has asked for are ignored.
    pub fn receive<'e, 'i: 'e>(
        &'e mut self,
        input: &mut &'i [u8],
        now: Duration,
    ) -> Option<Item<'e>> {
        let received = self.advance(input, now)?;
        Some(self.view(received))
    }

    /// Closes the source: no event comes any more. One that has stopped keeps its reason.
    pub fn close(&mut self) {
        if matches!(self.state, State::Stop(_)) {
            return;
        }
        self.attempt.head_len = 0;
        self.stop(Reason::Closed, None);
        self.tell_end();
    }

    /// Begins anew, from whatever state: at once, with the original URL, without the failures and
    /// attempts so far. The last event ID and the reconnection time stay. Of an open stream an
    /// observer is told that it was closed.
    pub fn restart(&mut self) {
        if matches!(self.state, State::Stream(_)) {
            self.close();
        }
        self.reconnect.reset();
        self.remembered.forget();
        self.last_status = None;
        self.state = State::Start;
    }

    /// The response that has stopped the source, if one has, whatever the reason: its head, and the
    /// first bytes of its body. These are the bytes that come within a second, at most 1024 and not
    /// more than `DATA` leaves.
    pub fn response(&self) -> Option<(Head<'_>, &[u8])> {
        match self.state {
            State::Stop(_) if self.attempt.head_len > 0 => {
                let memory = self.decoder.idle_memory();
                let body = memory.get(self.attempt.head_range().end..);
                Some((self.head(), body.unwrap_or_default()))
            }
            _ => None,
        }
    }

    /// The decoder: its last event ID and its reconnection time.
    pub fn decoder(&self) -> &Decoder<DATA, META> {
        self.decoder
    }

    /// Whether the next step begins an attempt.
    #[cfg(feature = "embedded-io-async")]
    pub(crate) fn is_to_begin(&self, now: Duration) -> bool {
        match self.state {
            State::Start => true,
            State::Wait { told, .. } => told && self.reconnect.is_due(now),
            _ => false,
        }
    }

    /// The application has not been told of the wait that the last step returned: the next step
    /// returns it again.
    #[cfg(feature = "embedded-io-async")]
    pub(crate) fn tell_again(&mut self) {
        if let State::Wait { told, .. } = &mut self.state {
            *told = false;
        }
    }

    /// The head of the open stream, until the first byte of its body has come.
    #[cfg(feature = "embedded-io-async")]
    pub(crate) fn open_head(&self) -> Option<Head<'_>> {
        let has_it = matches!(self.state, State::Stream(_)) && self.attempt.head_len > 0;
        has_it.then(|| self.head())
    }

    /// The second half of [`receive`](Self::receive).
    pub(crate) fn view<'e, 'i: 'e>(&'e self, received: Received<&'i str>) -> Item<'e> {
        let item = match received {
            Received::Open => Item::Open(self.head()),
            Received::Found(found) => self.decoder.view(found),
        };
        self.tell(&item);
        item
    }

    fn tell(&self, item: &Item<'_>) {
        if let Some(observer) = self.observer {
            observer.told(item);
        }
    }

    /// Tells the observer of a wait or stop, once. The functions that lead to one do not: bytes that
    /// have caused it are to be shown before.
    fn tell_end(&mut self) {
        if mem::take(&mut self.is_untold) {
            match self.state {
                State::Wait { wait, .. } => self.tell(&Item::Lost(wait)),
                State::Stop(stop) => self.tell(&Item::Stopped(stop)),
                _ => {}
            }
        }
    }

    /// Begins an attempt.
    fn begin(&mut self, now: Duration) {
        self.decoder.new_stream();
        self.attempt = Attempt::default();
        if let Some(change) = &mut self.before_connect {
            let url = self.remembered.base(&self.request);
            let (memory, last_event_id) = self.decoder.memory_and_id();
            let mut draft = Draft::new(memory, url, last_event_id, META);
            change(&mut draft);
            self.attempt.headers_len = draft.headers_len();
            if let Some(id) = draft.resumes_after() {
                self.decoder.resume_after(id);
            }
            self.attempt.url_len = self.decoder.idle_memory().len() - self.attempt.headers_len;
        }
        let origin = self.url().origin();
        let scheme = origin.scheme;
        self.attempt.has_left = self.remembered.has_left || origin != self.request.url.origin();
        if scheme == Scheme::Https && !self.has_tls {
            return self.stop(Reason::NoTls, None);
        }
        self.connect(now);
    }

    fn connect(&mut self, now: Duration) {
        self.reconnect.connecting(now);
        self.state = State::Connect;
    }

    fn time_out(&mut self, now: Duration) {
        let cause = match self.state {
            State::Connect => Cause::ConnectTimeout,
            _ => Cause::ResponseTimeout,
        };
        self.lose(cause, now);
    }

    /// The connection is lost, and not by what a response says.
    fn lose(&mut self, cause: Cause, now: Duration) {
        if let Err(reason) = self.reestablish(cause, None, now) {
            self.attempt.head_len = 0;
            self.stop(reason, Some(cause));
        }
    }

    /// The standard's "reestablish the connection". Fails with the reason why the source is to
    /// stop.
    fn reestablish(
        &mut self,
        cause: Cause,
        retry_after: Option<Duration>,
        now: Duration,
    ) -> Result<(), Reason> {
        let loss = match (self.state, cause) {
            (State::Stream(body), Cause::End) if body.is_done() => Loss::End,
            (State::Stream(_), Cause::End) => Loss::Close,
            _ => Loss::Cut,
        };
        if !matches!(self.state, State::Stream(_)) {
            // The target of remembered redirects has failed. Without this, each attempt would go
            // there.
            self.remembered.forget();
        }
        if self.attempt.has_written && !self.request.is_repeatable() {
            return Err(match cause {
                Cause::End => Reason::Ended,
                _ => Reason::NotRepeatable,
            });
        }
        let delay = self.reconnect.lost(loss, retry_after, now);
        let delay = delay.ok_or(Reason::Attempts)?;
        let wait = Wait {
            cause,
            delay,
            until: now.saturating_add(delay),
            failures: self.reconnect.failures(),
        };
        self.state = State::Wait { wait, told: false };
        self.is_untold = true;
        Ok(())
    }

    fn stop(&mut self, reason: Reason, cause: Option<Cause>) {
        self.state = State::Stop(Stop {
            reason,
            cause,
            status: self.last_status,
        });
        self.is_untold = true;
    }

    /// Where the present request goes.
    fn url(&self) -> Url<'_> {
        let base = self.remembered.base(&self.request);
        self.attempt.url(self.decoder.idle_memory(), base)
    }

    fn sent(&self) -> Sent<'_> {
        let base = self.remembered.base(&self.request);
        let memory = self.decoder.idle_memory();
        self.attempt
            .sent(memory, base, self.decoder.last_event_id())
    }

    fn head(&self) -> Head<'_> {
        let sent_id = http::sent_id(&self.request, &self.sent());
        let status = self.last_status.unwrap_or_default();
        self.attempt
            .head(self.decoder.idle_memory(), status, sent_id)
    }
}
