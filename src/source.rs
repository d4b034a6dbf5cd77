//! The client as one state machine: the standard's processing model (section 9.2.3).

mod attempt;
mod keep;
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
use crate::http::{self, Head, HeadReader, Request};
use crate::item::Item;
use crate::reconnect::Reconnect;
use crate::step::{LossCause, Step, Stop, StopReason, Wait};
use crate::url::CurrentUrl;

/// An SSE client without I/O and without a clock. It tells a driver what to do, takes the results,
/// and returns the items of the stream.
///
/// Who calls what:
///
/// 1. The driver calls [`step`](Self::step), which says what to do next: connect, write, read,
///    wait, or stop.
/// 2. The driver does it and reports the result: [`connected`](Self::connected),
///    [`wrote`](Self::wrote), [`receive`](Self::receive), [`ended`](Self::ended),
///    [`timed_out`](Self::timed_out) or [`failed`](Self::failed).
/// 3. [`receive`](Self::receive) returns the items in the received bytes, one by one.
///
/// An application creates a source and passes it to a driver. The modules `io` (async) and
/// `blocking` contain ready drivers, each behind a feature. You call the methods below only if you
/// write a driver yourself. A complete blocking driver, with the sockets and the
/// clock of the feature `std`:
///
/// ```no_run
#[doc = include_str!("../examples/minimal.rs")]
/// ```
///
/// # Time
///
/// All times are [`Duration`]s since any fixed moment, such as boot, by a clock that never goes
/// back. Deadlines are times of the same clock.
///
/// # Robustness
///
/// Every call is harmless at any time: a call that does not fit the current step changes nothing.
/// Calling `step` again returns the same step again, except that a wait that is over is returned
/// only once. So a driver may abandon a step halfway, for example when its future is dropped, and
/// ask again.
///
/// # Memory
///
/// The decoder is a separate value, so that it can be a `static` and can outlive the source. While
/// no stream is open, its `DATA` bytes hold the response's head and the URL of a redirect. A `DATA`
/// of 2 KiB is enough for most servers behind a CDN, and 512 bytes for most servers on a LAN.
pub struct EventSource<'a, const DATA: usize, const META: usize = 64, H = ()> {
    request: Request<'a>,
    reconnect: Reconnect,
    decoder: &'a mut Decoder<DATA, META>,
    remembered: Remembered<'a>,
    has_tls: bool,
    hooks: H,

    attempt: Attempt,
    current_url: CurrentUrl,
    last_status: Option<u16>,
    /// Whether the server may have acted on the request since the last restart: a byte of it was
    /// written, and no verdict on its response was `Retry`.
    has_written: bool,
    /// Whether a stream has brought an ID since the last restart.
    has_brought_id: bool,
    /// The time of the current call.
    now: Duration,
    state: State,
    /// Whether the hooks have not been told yet of the wait or stop in `state`.
    is_untold: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// An attempt begins with the next step.
    Start,
    Connect,
    Write {
        written: usize,
        /// The length of the request.
        len: usize,
    },
    /// The head is read. If it does not fit, the rest of it is read to report its length.
    Head(HeadReader),
    Stream,
    /// The body is kept, and then the source stops.
    Keep {
        stop: Stop,
        /// Whether the application asked for the whole body. Otherwise the response stops the
        /// source anyway, and the first bytes may tell why.
        whole: bool,
    },
    Wait {
        wait: Wait,
        /// Whether a step returned this wait. A wait of zero length must be returned too.
        told: bool,
    },
    Stop(Stop),
}

impl<const DATA: usize, const META: usize, H: Hooks> EventSource<'_, DATA, META, H> {
    /// Returns what the driver has to do next. Call it in a loop.
    pub fn step(&mut self, now: Duration) -> Step<'_> {
        self.next_step(now, true)
    }

    /// Like [`step`](Self::step), but a wait is returned once more, because the application has not
    /// seen it.
    #[cfg(feature = "embedded-io-async")]
    pub(crate) fn peek(&mut self, now: Duration) -> Step<'_> {
        self.next_step(now, false)
    }

    fn next_step(&mut self, now: Duration, is_told: bool) -> Step<'_> {
        self.apply_deadline(now);
        if matches!(self.state, State::Start) {
            self.begin();
        }
        if let State::Wait { told, .. } = &mut self.state {
            *told = is_told;
        }
        self.tell_end();
        let deadline = self.reconnect.deadline();
        match self.state {
            State::Start | State::Connect => Step::Connect {
                origin: self.url().origin(),
                deadline,
            },
            State::Write { .. } => Step::Write { deadline },
            State::Head(_) | State::Stream | State::Keep { .. } => Step::Read { deadline },
            State::Wait { wait, .. } => Step::Wait(wait),
            State::Stop(stop) => Step::Stop(stop),
        }
    }

    /// Reports that the connection for [`Step::Connect`] is made.
    pub fn connected(&mut self, now: Duration) {
        self.apply_deadline(now);
        if matches!(self.state, State::Connect) {
            self.reconnect.connected(now);
            self.attempt.sends_id = http::is_field_value(self.decoder.last_event_id());
            let (_, len) = http::write(&self.request, self.url(), &self.sent(), 0, &mut []);
            self.state = State::Write { written: 0, len };
        }
        self.tell_end();
    }

    /// Fills `memory` with the bytes to write at [`Step::Write`], and returns the filled part: the
    /// part of the request that was not yet reported to [`wrote`](Self::wrote).
    ///
    /// Most requests fit in 512 bytes. A longer request is returned in several parts.
    pub fn request<'m>(&self, memory: &'m mut [u8]) -> &'m [u8] {
        let len = match self.state {
            State::Write { written, .. } => {
                let sent = self.sent();
                http::write(&self.request, self.url(), &sent, written, memory).0
            }
            _ => 0,
        };
        memory.get(..len).unwrap_or_default()
    }

    /// Reports that this many of the bytes from [`request`](Self::request) were written.
    pub fn wrote(&mut self, bytes: usize) {
        if let State::Write { written, len } = &mut self.state {
            *written = written.saturating_add(bytes);
            let is_whole = written >= len;
            self.has_written |= bytes > 0;
            if is_whole {
                self.state = State::Head(HeadReader::default());
            }
        }
    }

    /// Reports that connecting failed, or that the connection failed.
    pub fn failed(&mut self, now: Duration) {
        self.apply_deadline(now);
        let cause = match self.state {
            State::Connect => LossCause::Connect,
            _ => LossCause::Transport,
        };
        self.lose(cause);
        self.tell_end();
    }

    /// Reports that the connection ended: a read returned 0 bytes.
    pub fn ended(&mut self, now: Duration) {
        self.apply_deadline(now);
        let is_whole = self.attempt.body.is_whole_at_end();
        match self.state {
            State::Connect => {}
            State::Write { .. } => self.lose(LossCause::Transport),
            State::Stream | State::Keep { .. } if is_whole => self.lose(LossCause::End),
            State::Head(_) | State::Stream | State::Keep { .. } => self.lose(LossCause::CutOff),
            State::Start | State::Wait { .. } | State::Stop(_) => {}
        }
        self.tell_end();
    }

    /// Reports that a read returned nothing until its deadline. A call before the deadline changes
    /// nothing. Only the idle timeout needs it: [`step`](Self::step) applies all other deadlines.
    ///
    /// Only this call detects an idle stream, not the time alone: received bytes may wait in the
    /// transport while the application is busy for longer than the timeout.
    pub fn timed_out(&mut self, now: Duration) {
        self.now = now;
        let may_be_idle = matches!(self.state, State::Stream | State::Keep { whole: true, .. });
        if may_be_idle && self.reconnect.is_due(now) {
            self.lose(LossCause::IdleTimeout);
        }
        self.tell_end();
    }

    /// Parses received bytes up to the next item and returns that item. `input` is advanced past
    /// the parsed bytes.
    ///
    /// Returns `None` when all of `input` is parsed. Call it in a loop until it returns `None`.
    /// Bytes are ignored if the current step is not [`Step::Read`].
    pub fn receive<'e, 'i: 'e>(
        &'e mut self,
        input: &mut &'i [u8],
        now: Duration,
    ) -> Option<Item<'e>> {
        let received = self.advance(input, now)?;
        Some(self.view(received))
    }

    /// Stops the source with [`StopReason::Closed`]. If it has already stopped, the reason stays.
    pub fn close(&mut self) {
        if matches!(self.state, State::Stop(_)) {
            return;
        }
        self.attempt.head_len = 0;
        self.stop(StopReason::Closed, None);
        self.tell_end();
    }

    /// Restarts the source from any state. The next step connects at once, to the original URL.
    /// Failures and attempts are reset. The reconnection time stays, and the last event ID too,
    /// except with [`Request::resume_by_get`]: the original request then begins another stream.
    ///
    /// If a stream is open, the hooks are told that it was closed.
    pub fn restart(&mut self) {
        if matches!(self.state, State::Stream) {
            self.close();
        }
        self.reconnect.reset();
        self.remembered.forget();
        self.last_status = None;
        self.has_written = false;
        self.has_brought_id = false;
        if self.request.can_resume_by_get() {
            // The original request begins another stream.
            self.decoder.resume_after(0..0);
        }
        self.state = State::Start;
    }

    /// The response that stopped the source, if a response did: its head and the first bytes of its
    /// body.
    ///
    /// If the reason is [`StopReason::Finished`], the body is complete after
    /// [`Verdict::Collect`](crate::Verdict::Collect) and empty after
    /// [`Verdict::Finish`](crate::Verdict::Finish). After [`StopReason::BodyTooLong`], it contains
    /// what fitted in `DATA`. Otherwise it contains the bytes that arrived within a second, at most
    /// 1024 and at most as many as fit in `DATA`.
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

    /// Whether the current step is [`Step::Read`].
    fn is_reading(&self) -> bool {
        matches!(
            self.state,
            State::Head(_) | State::Stream | State::Keep { .. }
        )
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

    /// The head of the open stream, until the first byte of its body is parsed.
    #[cfg(feature = "embedded-io-async")]
    pub(crate) fn open_head(&self) -> Option<Head<'_>> {
        self.is_at_head().then(|| self.head())
    }

    /// Whether a stream is open and no byte of its body is parsed yet.
    #[cfg(feature = "embedded-io-async")]
    pub(crate) fn is_at_head(&self) -> bool {
        matches!(self.state, State::Stream) && self.attempt.head_len > 0
    }
}

/// Omits the hooks and everything that may be secret.
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
