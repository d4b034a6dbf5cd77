//! One connection, as the network saw it, and what must come of it.

use std::time::Duration;

use embedded_sse::{LossCause, StopReason};

use super::model::{self, Model};
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
    /// Whether the client has closed it.
    pub is_closed: bool,
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

    pub fn is_made(&self) -> bool {
        matches!(self.dialled, Some((_, true)))
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

    /// The bytes of the stream so far, without the framing. A stream that was never open has none.
    pub fn payload(&self) -> Vec<u8> {
        if !self.is_open {
            return Vec::new();
        }
        match Head::parse(&self.bytes) {
            ref head @ Head::Complete { end, .. } if is_stream(head) => {
                response::payload(head, &self.bytes[end..]).0
            }
            _ => Vec::new(),
        }
    }

    /// What the application must have been told of the stream if the client processed all of it.
    pub fn expected(&self, model: &mut Model) -> Vec<model::Item> {
        let mut items = model.interpret(&self.payload());
        items.retain(is_shown);
        items
    }

    /// What must have come of the connection at this time.
    pub fn outcome(&self, settings: &Settings, at: Duration) -> Outcome {
        let lost = |cause, at| {
            Outcome::Lost(Lost {
                cause,
                open_since: None,
                is_end: false,
                is_explicit: false,
                retry_after: None,
                at,
            })
        };
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
        let head = Head::parse(&self.bytes);
        let end = match &head {
            Head::Malformed if self.last_io() >= head_by => {
                return lost(LossCause::ResponseTimeout, head_by);
            }
            Head::Malformed => return lost(LossCause::Head(malformed()), self.last_io()),
            Head::Complete { end, .. } => *end,
            Head::Unfinished => {
                let is_too_long = self.bytes.len() > DATA;
                let cause = |cause| match is_too_long {
                    true => LossCause::Head(malformed()),
                    false => cause,
                };
                return match self.end {
                    Some((end, _)) if end >= head_by => {
                        lost(cause(LossCause::ResponseTimeout), head_by)
                    }
                    Some((end, IoEnd::Eof)) => lost(cause(LossCause::CutOff), end),
                    Some((end, IoEnd::Error)) => lost(cause(LossCause::Transport), end),
                    None if at >= head_by => lost(cause(LossCause::ResponseTimeout), head_by),
                    None => Outcome::Pending,
                };
            }
        };
        let head_at = self.time_of(end);
        if head_at >= head_by {
            return lost(LossCause::ResponseTimeout, head_by);
        }
        if end > DATA + 30 {
            return lost(LossCause::Head(malformed()), head_at);
        }
        self.judged(settings, at, &head, end, head_at)
    }

    /// The outcome of a connection whose head has come in time.
    fn judged(
        &self,
        settings: &Settings,
        at: Duration,
        head: &Head,
        end: usize,
        head_at: Duration,
    ) -> Outcome {
        let Head::Complete { status, .. } = head else {
            return Outcome::Pending;
        };
        let mut lost = Lost {
            cause: LossCause::Status(*status),
            open_since: None,
            is_end: false,
            is_explicit: false,
            retry_after: None,
            at: head_at,
        };
        match status {
            200 if is_stream(head) => {}
            200 => return Outcome::Stopped(StopReason::ContentType),
            204 => return Outcome::Stopped(StopReason::NoContent),
            301..=308 => {
                let location = head.header("Location").unwrap_or_default();
                return Outcome::Redirected(location.to_owned(), *status);
            }
            408 | 429 | 500 | 502 | 503 => {
                let retry_after = head
                    .header("Retry-After")
                    .and_then(|text| text.parse().ok());
                lost.retry_after = retry_after.map(Duration::from_secs);
                return Outcome::Lost(lost);
            }
            _ => return Outcome::Stopped(StopReason::Status),
        }
        lost.open_since = Some(head_at);
        lost.at = self.last_io();
        let (_, state) = response::payload(head, &self.bytes[end..]);
        let idle_at = self.last_read().saturating_add(settings.idle());
        lost.cause = match (state, self.end) {
            (State::Complete, _) => {
                lost.is_end = true;
                lost.is_explicit = true;
                LossCause::End
            }
            (State::Invalid, _) => LossCause::Chunk(embedded_sse::InvalidChunk::Size),
            (_, Some((_, IoEnd::Error))) => LossCause::Transport,
            (State::UntilClose, Some((_, IoEnd::Eof))) => {
                lost.is_end = true;
                LossCause::End
            }
            (_, Some((_, IoEnd::Eof))) => LossCause::CutOff,
            (_, None) if at >= idle_at => {
                lost.at = idle_at;
                LossCause::IdleTimeout
            }
            (_, None) => return Outcome::Pending,
        };
        Outcome::Lost(lost)
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

fn malformed() -> embedded_sse::InvalidHead {
    embedded_sse::InvalidHead::Malformed
}

pub fn is_stream(head: &Head) -> bool {
    let is_type = |name: &str| name.starts_with("text/event-stream");
    matches!(head, Head::Complete { status: 200, .. })
        && head.header("Content-Type").is_some_and(is_type)
}

/// Whether the client reports such an item without being asked.
pub fn is_shown(item: &model::Item) -> bool {
    use embedded_sse::TooLong;
    !matches!(
        item,
        model::Item::Comment(_) | model::Item::Retry(_) | model::Item::TooLong(TooLong::Comment)
    )
}
