//! One connection, as the network saw it, and what must come of it.

use std::time::Duration;

use embedded_sse::{InvalidChunk, InvalidHead, LossCause, StopReason};

use super::model;
use super::response::{self, Head, State};
use crate::device::DATA;
use crate::plan::Settings;
use crate::server::Request;

#[derive(Clone, Debug, Default)]
pub struct Connection {
    pub dialled_at: Duration,
    /// The result of dialling, and when it came.
    pub dialled: Option<(Duration, bool)>,
    pub request: Vec<u8>,
    pub bytes: Vec<u8>,
    /// When which number of bytes had been read.
    reads: Vec<(Duration, usize)>,
    /// How the connection ended, and when.
    end: Option<(Duration, IoEnd)>,
    /// What the application was told of the stream.
    pub items: Vec<model::Item>,
    pub is_open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum IoEnd {
    Eof,
    Error,
}

/// What must come of a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing yet.
    Pending,
    Redirected(String, u16),
    Lost(Lost),
    Stopped(StopReason),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    pub cause: LossCause,
    /// Whether the stream was open, and since when.
    pub open_since: Option<Duration>,
    /// Whether the server ended the response, and whether its framing said so.
    pub is_end: bool,
    pub is_explicit: bool,
    pub retry_after: Option<Duration>,
    /// When the client could know it.
    pub at: Duration,
}

impl Lost {
    /// A loss of a connection without a stream.
    pub const fn new(cause: LossCause, at: Duration) -> Self {
        Self {
            cause,
            open_since: None,
            is_end: false,
            is_explicit: false,
            retry_after: None,
            at,
        }
    }
}

impl Connection {
    pub fn new(dialled_at: Duration) -> Self {
        Self {
            dialled_at,
            ..Self::default()
        }
    }

    pub fn read(&mut self, at: Duration, bytes: &[u8]) {
        if bytes.is_empty() {
            self.end = Some((at, IoEnd::Eof));
        } else {
            self.bytes.extend(bytes);
            self.reads.push((at, self.bytes.len()));
        }
    }

    pub fn failed(&mut self, at: Duration) {
        self.end = Some((at, IoEnd::Error));
    }

    /// Whether a read has returned the end of the connection.
    pub fn is_at_end(&self) -> bool {
        matches!(self.end, Some((_, IoEnd::Eof)))
    }

    pub fn request(&self) -> Option<Request> {
        Request::parse(&self.request)
    }

    /// The last time that something happened on the network.
    pub fn last_io(&self) -> Duration {
        let dialled = self.dialled.map(|(at, _)| at);
        let read = self.reads.last().map(|(at, _)| *at);
        let end = self.end.map(|(at, _)| at);
        let times = [dialled, read, end].into_iter().flatten();
        times.max().unwrap_or(self.dialled_at)
    }

    pub fn head(&self) -> Head {
        Head::parse(&self.bytes)
    }

    /// The bytes of the stream so far, without the framing. A stream that was never open has none.
    pub fn payload(&self) -> Vec<u8> {
        match self.head() {
            ref head @ Head::Complete { end, .. } if self.is_open && head.is_stream() => {
                response::payload(head, &self.bytes[end..]).0
            }
            _ => Vec::new(),
        }
    }

    /// What must have come of the connection at this time.
    pub fn outcome(&self, settings: &Settings, at: Duration) -> Outcome {
        let lost = |cause, at| Outcome::Lost(Lost::new(cause, at));
        let connect_by = self.dialled_at.saturating_add(settings.connect());
        let connected_at = match self.dialled {
            Some((dialled, _)) if dialled >= connect_by => {
                return lost(LossCause::ConnectTimeout, connect_by);
            }
            Some((dialled, false)) => return lost(LossCause::Connect, dialled),
            Some((dialled, true)) => dialled,
            None if at >= connect_by => return lost(LossCause::ConnectTimeout, connect_by),
            None => return Outcome::Pending,
        };
        let head_by = connected_at.saturating_add(settings.response());
        let malformed = LossCause::Head(InvalidHead::Malformed);
        let head = self.head();
        match head {
            Head::Malformed if self.last_io() >= head_by => {
                lost(LossCause::ResponseTimeout, head_by)
            }
            Head::Malformed => lost(malformed, self.last_io()),
            Head::Unfinished => {
                let is_too_long = self.bytes.len() > DATA;
                let cause = |cause| if is_too_long { malformed } else { cause };
                match self.end {
                    Some((end, IoEnd::Eof)) if end < head_by => lost(cause(LossCause::CutOff), end),
                    Some((end, IoEnd::Error)) if end < head_by => {
                        lost(cause(LossCause::Transport), end)
                    }
                    None if at < head_by => Outcome::Pending,
                    _ => lost(cause(LossCause::ResponseTimeout), head_by),
                }
            }
            Head::Complete { end, status, .. } => match self.time_of(end) {
                head_at if head_at >= head_by => lost(LossCause::ResponseTimeout, head_by),
                head_at if end > DATA + 30 => lost(malformed, head_at),
                head_at if status == 200 && head.is_stream() => {
                    self.streamed(settings, at, &head, end, head_at)
                }
                head_at => judged(settings, status, &head, head_at),
            },
        }
    }

    /// The outcome of a stream whose head has come in time.
    fn streamed(
        &self,
        settings: &Settings,
        at: Duration,
        head: &Head,
        end: usize,
        head_at: Duration,
    ) -> Outcome {
        let (_, state) = response::payload(head, &self.bytes[end..]);
        let idle_at = self.last_read().saturating_add(settings.idle());
        let is_explicit = state == State::Complete;
        let cause = match (state, self.end) {
            (State::Complete, _) => LossCause::End,
            (State::Invalid, _) => LossCause::Chunk(InvalidChunk::Size),
            (_, Some((_, IoEnd::Error))) => LossCause::Transport,
            (State::UntilClose, Some((_, IoEnd::Eof))) => LossCause::End,
            (_, Some((_, IoEnd::Eof))) => LossCause::CutOff,
            (_, None) if at >= idle_at => LossCause::IdleTimeout,
            (_, None) => return Outcome::Pending,
        };
        let is_idle = cause == LossCause::IdleTimeout;
        Outcome::Lost(Lost {
            open_since: Some(head_at),
            is_end: cause == LossCause::End,
            is_explicit,
            ..Lost::new(cause, if is_idle { idle_at } else { self.last_io() })
        })
    }

    fn last_read(&self) -> Duration {
        self.reads.last().map_or(self.dialled_at, |(at, _)| *at)
    }

    /// When this many bytes had been read.
    fn time_of(&self, bytes: usize) -> Duration {
        let mut reads = self.reads.iter();
        let read = reads.find(|(_, len)| *len >= bytes);
        read.map_or(self.dialled_at, |(at, _)| *at)
    }
}

/// The outcome of a response that is no stream.
fn judged(settings: &Settings, status: u16, head: &Head, head_at: Duration) -> Outcome {
    match status {
        200 => Outcome::Stopped(StopReason::ContentType),
        204 => Outcome::Stopped(StopReason::NoContent),
        301..=308 => {
            let location = head.header("Location").unwrap_or_default();
            Outcome::Redirected(location.to_owned(), status)
        }
        401 | 404 if !settings.forgives => Outcome::Stopped(StopReason::Status),
        401 | 404 | 408 | 421 | 425 | 429 | 500 | 502 | 503 | 504 => {
            let seconds = head.header("Retry-After");
            let seconds = seconds.and_then(|text| text.parse().ok());
            Outcome::Lost(Lost {
                retry_after: seconds.map(Duration::from_secs),
                ..Lost::new(LossCause::Status(status), head_at)
            })
        }
        _ => Outcome::Stopped(StopReason::Status),
    }
}
