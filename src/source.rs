//! The whole client as one state machine: the standard's processing model (section 9.2.3).

mod response;

use core::ops::Range;
use core::time::Duration;

use response::Received;

use crate::bounded::text;
use crate::decoder::Decoder;
use crate::event::Item;
use crate::http::{self, Body, Head, HeadReader, InvalidRequest, Request, Sent, Verdict};
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
/// the same step again. So a driver may forget a step half done (a dropped future, say) and ask
/// anew.
///
/// Between two streams the decoder's `DATA` bytes hold the response's head, and the URL that a
/// redirect leads to: 2 KiB are enough for most servers behind a CDN, 512 bytes for most on a LAN.
pub struct EventSource<'a, const DATA: usize, const META: usize> {
    request: Request<'a>,
    reconnect: Reconnect,
    decoder: &'a mut Decoder<DATA, META>,
    verdict: fn(&Head<'_>) -> Verdict,
    /// Where permanent redirects have led, in memory that the caller has lent for it.
    remembered: &'a mut [u8],
    remembered_len: usize,

    // The present request. What redirects have led to lies at the front of the decoder's memory,
    // the response's head and the first bytes of a refused body behind it.
    url_len: usize,
    head_len: usize,
    redirects: u8,
    all_permanent: bool,
    as_get: bool,
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
    Head(HeadReader),
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
    /// to begin with, and whether comments and `retry` are shown.
    ///
    /// `DATA` of less than 128 bytes does not compile: no head of a response fits in it.
    ///
    /// # Errors
    /// What is wrong with the request.
    pub fn new(
        request: Request<'a>,
        reconnect: Reconnect,
        decoder: &'a mut Decoder<DATA, META>,
    ) -> Result<Self, InvalidRequest> {
        const { assert!(DATA >= 128, "DATA also holds the head of a response") };
        request.check()?;
        Ok(Self {
            request,
            reconnect,
            decoder,
            verdict: http::default_verdict,
            remembered: &mut [],
            remembered_len: 0,
            url_len: 0,
            head_len: 0,
            redirects: 0,
            all_permanent: true,
            as_get: false,
            last_status: None,
            state: State::Start,
        })
    }

    /// Judges responses by a function of your own, which may ask
    /// [`default_verdict`](http::default_verdict) for what it does not care about.
    pub fn set_verdict(&mut self, verdict: fn(&Head<'_>) -> Verdict) {
        self.verdict = verdict;
    }

    /// From now on, redirects that are all permanent (301 and 308) and lead to an event stream are
    /// remembered: a reconnect starts where they led. `memory` holds that URL; one that does not
    /// fit is not remembered.
    pub fn remember_permanent_redirects(&mut self, memory: &'a mut [u8]) {
        self.remembered = memory;
        self.remembered_len = 0;
    }

    /// What to do now.
    pub fn step(&mut self, now: Duration) -> Step<'_> {
        if self.reconnect.is_due(now) {
            match self.state {
                State::Connect | State::Write { .. } | State::Head(_) => {
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
            self.connect(now);
        }
        let deadline = self.reconnect.deadline();
        match self.state {
            State::Start | State::Connect => Step::Connect(self.url().origin(), deadline),
            State::Write { written } => match self.unsent(written) {
                Some(bytes) => Step::Write(bytes, deadline),
                None => Step::Read(deadline),
            },
            State::Head(_) | State::Stream(_) | State::Refused { .. } => Step::Read(deadline),
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
            self.state = State::Write { written: 0 };
        }
    }

    /// So many of the bytes of [`Step::Write`] are written.
    pub fn wrote(&mut self, bytes: usize) {
        if let State::Write { written } = &mut self.state {
            *written = written.saturating_add(bytes);
            let written = *written;
            if self.unsent(written).is_none() {
                self.state = State::Head(HeadReader::new());
            }
        }
    }

    /// No connection could be made, or it failed.
    pub fn failed(&mut self, now: Duration) {
        match self.state {
            State::Connect | State::Write { .. } | State::Head(_) if self.reconnect.is_due(now) => {
                self.lose(Cause::ConnectTimeout, None, now);
            }
            State::Connect => self.lose(Cause::Connect, None, now),
            State::Write { .. } | State::Head(_) | State::Stream(_) => {
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
            State::Stream(_) | State::Head(_) => self.lose(Cause::CutOff, None, now),
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
        Some(match received {
            Received::Open => Item::Open(self.head()),
            Received::Found(found) => self.decoder.view(found),
        })
    }

    /// Closes the source: no event comes any more.
    pub fn close(&mut self) {
        self.head_len = 0;
        self.stop(Reason::Closed, None);
    }

    /// Begins anew, from whatever state: at once, with the original URL, without the failures and
    /// attempts so far. The last event ID and the reconnection time stay.
    pub fn restart(&mut self) {
        self.reconnect.reset();
        self.remembered_len = 0;
        self.state = State::Start;
    }

    /// The response that has stopped the source, if one has: its head, and of its body the first
    /// bytes, at most 1024 and not more than `DATA` leaves.
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

    fn connect(&mut self, now: Duration) {
        self.reconnect.connecting(now);
        self.state = State::Connect;
    }

    fn lose(&mut self, cause: Cause, retry_after: Option<Duration>, now: Duration) {
        self.decoder.new_stream();
        self.head_len = 0;
        if !self.request.reconnect {
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
                };
                self.state = State::Wait { wait, told: false };
            }
            None => self.stop(Reason::Attempts, Some(cause)),
        }
    }

    fn stop(&mut self, reason: Reason, cause: Option<Cause>) {
        self.state = State::Stop(Stop {
            reason,
            cause,
            status: self.last_status,
        });
    }

    /// Where the present request goes.
    fn url(&self) -> Url<'_> {
        let memory = self.decoder.idle_memory().get(..self.url_len);
        Url::parse(text(memory.unwrap_or_default())).unwrap_or(base(
            &self.request,
            self.remembered,
            self.remembered_len,
        ))
    }

    fn unsent(&self, written: usize) -> Option<&[u8]> {
        let sent = Sent {
            url: self.url(),
            as_get: self.as_get,
            last_event_id: self.decoder.last_event_id(),
        };
        http::unsent(&self.request, &sent, written)
    }

    fn head_range(&self) -> Range<usize> {
        self.url_len..self.url_len + self.head_len
    }

    fn head(&self) -> Head<'_> {
        let lines = self.decoder.idle_memory().get(self.head_range());
        Head::of(
            self.last_status.unwrap_or_default(),
            lines.unwrap_or_default(),
        )
    }
}

/// Where a request starts: where permanent redirects have led, if that is to be remembered.
fn base<'s>(request: &Request<'s>, remembered: &'s [u8], len: usize) -> Url<'s> {
    let remembered = remembered.get(..len).unwrap_or_default();
    Url::parse(text(remembered)).unwrap_or(request.url)
}
