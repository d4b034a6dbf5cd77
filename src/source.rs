//! The whole client as one state machine: the standard's processing model (section 9.2.3).

mod attempt;
mod response;
mod setup;
mod transitions;

use core::fmt;
use core::time::Duration;

#[cfg(feature = "embedded-io-async")]
pub(crate) use response::Received;

use attempt::{Attempt, Remembered};

use crate::decoder::Decoder;
use crate::hooks::Hooks;
use crate::http::{self, Body, Head, Overflow, Request};
use crate::item::Item;
use crate::reconnect::Reconnect;
use crate::step::{LossCause, Step, Stop, StopReason, Wait};

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
pub struct EventSource<'a, const DATA: usize, const META: usize = 64, H = ()> {
    request: Request<'a>,
    reconnect: Reconnect,
    decoder: &'a mut Decoder<DATA, META>,
    remembered: Remembered<'a>,
    has_tls: bool,
    hooks: H,

    attempt: Attempt,
    last_status: Option<u16>,
    state: State,
    /// Whether the hooks are still to be told of the wait or stop in `state`.
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
    /// A head that does not fit, of which only the length is wanted.
    LongHead(Overflow),
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

impl<const DATA: usize, const META: usize, H: Hooks> EventSource<'_, DATA, META, H> {
    /// What to do now.
    pub fn step(&mut self, now: Duration) -> Step<'_> {
        if self.reconnect.is_due(now) {
            match self.state {
                State::Connect | State::Write { .. } | State::Head | State::LongHead(_) => {
                    self.time_out(now);
                }
                State::Refused { stop, .. } => self.stop(stop.reason, stop.cause),
                State::Wait { told: true, .. } => self.state = State::Start,
                // Silence is judged where a read has found nothing: see `timed_out`.
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
            State::Head | State::LongHead(_) | State::Stream(_) | State::Refused { .. } => {
                Step::Read { deadline }
            }
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
            State::Connect => self.lose(LossCause::Connect, now),
            State::LongHead(overflow) => self.lose(LossCause::Head(overflow.invalid()), now),
            State::Write { .. } | State::Head | State::Stream(_) => {
                self.lose(LossCause::Transport, now);
            }
            State::Refused { stop, .. } => self.stop(stop.reason, stop.cause),
            State::Start | State::Wait { .. } | State::Stop(_) => {}
        }
        self.tell_end();
    }

    /// The connection has ended: a read gave 0 bytes.
    pub fn ended(&mut self, now: Duration) {
        match self.state {
            State::Stream(body) if body.is_whole_at_end() => self.lose(LossCause::End, now),
            State::Stream(_) => self.lose(LossCause::CutOff, now),
            State::Head if !self.reconnect.is_due(now) => self.lose(LossCause::CutOff, now),
            _ => self.failed(now),
        }
        self.tell_end();
    }

    /// A read has brought nothing until its deadline. Called too early, it changes nothing.
    ///
    /// It is this call, and not the time alone, that finds a stream idle: bytes may be waiting in
    /// the transport while the application was busy for longer than the timeout.
    pub fn timed_out(&mut self, now: Duration) {
        if matches!(self.state, State::Stream(_)) && self.reconnect.is_due(now) {
            self.lose(LossCause::IdleTimeout, now);
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
        self.stop(StopReason::Closed, None);
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
}

/// Without the hooks, and without what may be secret.
impl<const DATA: usize, const META: usize, H> fmt::Debug for EventSource<'_, DATA, META, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSource")
            .field("request", &self.request)
            .field("decoder", &self.decoder)
            .field("reconnect", &self.reconnect)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
