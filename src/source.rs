//! The whole client as one state machine: the standard's processing model (section 9.2.3).

mod response;

use core::ops::Range;
use core::time::Duration;

pub(crate) use response::Received;

use crate::bounded::text;
use crate::decoder::Decoder;
use crate::event::Item;
use crate::http::{self, Body, Draft, Head, InvalidRequest, Request, Sent, Verdict};
use crate::observe::Observe;
use crate::reconnect::{Loss, Reconnect};
use crate::step::{Cause, Reason, Step, Stop, Wait};
use crate::url::Url;

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
    /// Where permanent redirects have led, in memory that the caller has lent for it.
    remembered: &'a mut [u8],
    remembered_len: usize,

    before_connect: Option<&'a mut dyn FnMut(&mut Draft<'_>)>,
    verdict: Option<&'a mut dyn FnMut(&Head<'_>) -> Verdict>,
    observer: Option<&'a dyn Observe>,

    // What lies in the decoder's memory between two streams: header lines of this attempt, its URL
    // if it is another than the request's, the response's head, the first bytes of a refused body.
    headers_len: usize,
    url_len: usize,
    head_len: usize,
    // The present request.
    redirects: u8,
    all_permanent: bool,
    as_get: bool,
    /// Whether it goes or has gone to another origin than the caller's: secrets stay behind, also
    /// on the way back.
    has_left: bool,
    /// Whether the last event ID can be a header; asked once, as it may be long.
    sends_id: bool,
    last_status: Option<u16>,

    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// An attempt is to begin.
    Start,
    Connect,
    Write {
        written: usize,
    },
    Head,
    Stream(Body),
    /// A response that ends it, of whose body the first bytes are collected.
    Refused {
        body: Body,
        reason: Reason,
    },
    Wait {
        wait: Wait,
        /// Whether a step has said so: a wait of no length is to be told too.
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
            reconnect.begin_with(retry);
        }
        Ok(Self {
            request,
            reconnect,
            decoder,
            before_connect: None,
            verdict: None,
            observer: None,
            remembered: &mut [],
            remembered_len: 0,
            headers_len: 0,
            url_len: 0,
            head_len: 0,
            redirects: 0,
            all_permanent: true,
            as_get: false,
            has_left: false,
            sends_id: false,
            last_status: None,
            state: State::Start,
        })
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
        self.remembered = memory;
        self.remembered_len = 0;
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
                State::Connect | State::Write { .. } | State::Head => {
                    self.lose(Cause::ConnectTimeout, None, now);
                }
                State::Refused { reason, .. } => self.stop(reason, None),
                State::Wait { told: true, .. } => self.state = State::Start,
                // Silence is judged where a read has found nothing: see `handle_timeout`.
                State::Stream(_) | State::Wait { .. } | State::Start | State::Stop(_) => {}
            }
        }
        if matches!(self.state, State::Start) {
            self.decoder.new_stream();
            self.url_len = 0;
            self.head_len = 0;
            self.redirects = 0;
            self.all_permanent = true;
            self.as_get = false;
            self.draft();
            self.has_left = self.url().origin() != self.request.url.origin();
            self.connect(now);
        }
        let deadline = self.reconnect.deadline();
        match self.state {
            State::Start | State::Connect => Step::Connect(self.url().origin(), deadline),
            State::Write { written } => match self.unsent(written) {
                Some(bytes) => Step::Write(bytes, deadline),
                None => Step::Read(deadline),
            },
            State::Head | State::Stream(_) | State::Refused { .. } => Step::Read(deadline),
            State::Wait { wait, .. } => {
                self.state = State::Wait { wait, told: true };
                Step::Wait(wait)
            }
            State::Stop(stop) => Step::Stop(stop),
        }
    }

    /// The connection that [`Step::Connect`] asked for is made.
    pub fn connected(&mut self) {
        if matches!(self.state, State::Connect) {
            self.sends_id = http::is_field_value(self.decoder.last_event_id());
            self.state = State::Write { written: 0 };
        }
    }

    /// So many of the bytes of [`Step::Write`] are written.
    pub fn wrote(&mut self, bytes: usize) {
        if let State::Write { written } = self.state {
            let offered = self.unsent(written).map_or(0, <[u8]>::len);
            let written = written + bytes.min(offered);
            self.state = State::Write { written };
            if self.unsent(written).is_none() {
                self.state = State::Head;
            }
        }
    }

    /// The connection that [`Step::Connect`] asked for needs TLS, and this driver has none: the
    /// source stops.
    pub fn no_tls(&mut self) {
        if matches!(self.state, State::Connect) {
            self.stop(Reason::NoTls, None);
        }
    }

    /// No connection could be made, or it failed.
    pub fn failed(&mut self, now: Duration) {
        match self.state {
            State::Connect | State::Write { .. } | State::Head if self.reconnect.is_due(now) => {
                self.lose(Cause::ConnectTimeout, None, now);
            }
            State::Connect => self.lose(Cause::Connect, None, now),
            State::Write { .. } | State::Head | State::Stream(_) => {
                self.lose(Cause::Transport, None, now);
            }
            State::Refused { reason, .. } => self.stop(reason, None),
            State::Start | State::Wait { .. } | State::Stop(_) => {}
        }
    }

    /// The connection has ended: a read gave 0 bytes.
    pub fn ended(&mut self, now: Duration) {
        match self.state {
            State::Stream(body) if body.is_whole_at_end() => self.lose(Cause::End, None, now),
            State::Stream(_) | State::Head => self.lose(Cause::CutOff, None, now),
            _ => self.failed(now),
        }
    }

    /// A read has brought nothing until its deadline. Called too early, it changes nothing.
    ///
    /// It is this call, and not the time alone, that finds a stream idle: bytes may be waiting in
    /// the transport while the application was busy for longer than the timeout.
    pub fn handle_timeout(&mut self, now: Duration) {
        if matches!(self.state, State::Stream(_)) && self.reconnect.is_due(now) {
            self.lose(Cause::IdleTimeout, None, now);
        }
    }

    /// Takes bytes that were read from the front of `input`, up to the next item, which it
    /// returns; or takes all and returns `None`. So call it until it returns `None`. Bytes that no
    /// [`Step::Read`] has asked for are of no use.
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
        self.head_len = 0;
        self.stop(Reason::Closed, None);
    }

    /// Begins anew, from whatever state: at once, with the original URL, without the failures and
    /// attempts so far. The last event ID and the reconnection time stay. Of an open stream an
    /// observer is told that it was closed.
    pub fn restart(&mut self) {
        if matches!(self.state, State::Stream(_)) {
            self.close();
        }
        self.reconnect.reset();
        self.remembered_len = 0;
        self.last_status = None;
        self.state = State::Start;
    }

    /// The response that has stopped the source, if one has: its head, and of its body the first
    /// bytes: what comes within a second, at most 1024 and not more than `DATA` leaves.
    pub fn response(&self) -> Option<(Head<'_>, &[u8])> {
        match self.state {
            State::Stop(_) if self.head_len > 0 => {
                let body = self.decoder.idle_memory().get(self.head_range().end..);
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

    /// Who has just been told of a wait has no use for it: the next step is to tell it again.
    #[cfg(feature = "embedded-io-async")]
    pub(crate) fn tell_again(&mut self) {
        if let State::Wait { told, .. } = &mut self.state {
            *told = false;
        }
    }

    /// The head of the open stream, while nothing has come of its body.
    #[cfg(feature = "embedded-io-async")]
    pub(crate) fn open_head(&self) -> Option<Head<'_>> {
        let has_it = matches!(self.state, State::Stream(_)) && self.head_len > 0;
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

    fn draft(&mut self) {
        if let Some(change) = &mut self.before_connect {
            let url = base(&self.request, self.remembered, self.remembered_len);
            let (memory, last_event_id) = self.decoder.memory_and_id();
            let mut draft = Draft::new(memory, url, last_event_id, META);
            change(&mut draft);
            self.headers_len = draft.headers_len();
            if let Some(id) = draft.resumes_after() {
                self.decoder.resume_after(id);
            }
            self.url_len = self.decoder.idle_memory().len() - self.headers_len;
        }
    }

    fn connect(&mut self, now: Duration) {
        self.reconnect.connecting(now);
        self.state = State::Connect;
    }

    fn lose(&mut self, cause: Cause, retry_after: Option<Duration>, now: Duration) {
        if !matches!(self.state, State::Stream(_)) {
            // Where a redirect led that is no longer there, nothing else would lead away from.
            self.remembered_len = 0;
        }
        self.decoder.new_stream();
        self.head_len = 0;
        if !self.request.is_repeatable() {
            return self.stop(Reason::NotRepeatable, Some(cause));
        }
        let loss = match cause {
            Cause::End => Loss::End,
            _ => Loss::Cut,
        };
        match self.reconnect.lost(loss, retry_after, now) {
            Some(delay) => {
                let until = now.saturating_add(delay);
                let wait = Wait {
                    cause,
                    delay,
                    until,
                    failures: self.reconnect.failures(),
                };
                self.state = State::Wait { wait, told: false };
                self.tell(&Item::Lost(wait));
            }
            None => self.stop(Reason::Attempts, Some(cause)),
        }
    }

    fn stop(&mut self, reason: Reason, cause: Option<Cause>) {
        let stop = Stop {
            reason,
            cause,
            status: self.last_status,
        };
        self.state = State::Stop(stop);
        self.tell(&Item::Stopped(stop));
    }

    /// Where the present request goes.
    fn url(&self) -> Url<'_> {
        let memory = self.decoder.idle_memory().get(self.url_range());
        Url::parse(text(memory.unwrap_or_default())).unwrap_or(base(
            &self.request,
            self.remembered,
            self.remembered_len,
        ))
    }

    fn unsent(&self, written: usize) -> Option<&[u8]> {
        let headers = self.decoder.idle_memory().get(..self.headers_len);
        let sent = Sent {
            url: self.url(),
            as_get: self.as_get,
            has_left: self.has_left,
            headers: text(headers.unwrap_or_default()),
            last_event_id: self.sent_id(),
        };
        http::unsent(&self.request, &sent, written)
    }

    fn sent_id(&self) -> &str {
        match self.sends_id {
            true => self.decoder.last_event_id(),
            false => "",
        }
    }

    fn url_range(&self) -> Range<usize> {
        self.headers_len..self.headers_len + self.url_len
    }

    fn head_range(&self) -> Range<usize> {
        let start = self.url_range().end;
        start..start + self.head_len
    }

    fn head(&self) -> Head<'_> {
        let lines = self.decoder.idle_memory().get(self.head_range());
        Head::of(
            self.last_status.unwrap_or_default(),
            lines.unwrap_or_default(),
            self.sent_id(),
        )
    }
}

/// Where a request starts: where permanent redirects have led, if that is to be remembered.
fn base<'s>(request: &Request<'s>, remembered: &'s [u8], len: usize) -> Url<'s> {
    let remembered = remembered.get(..len).unwrap_or_default();
    Url::parse(text(remembered)).unwrap_or(request.url)
}
