//! What an event source says to its driver.

use core::fmt;
use core::time::Duration;

use crate::http::{InvalidChunk, InvalidHead, InvalidRedirect};
use crate::time::millis;
use crate::url::Origin;

/// What a driver has to do next.
///
/// A deadline is a moment on the driver's clock, not a span; `None` is for ever. With the feature
/// `defmt` the ready loops log each [`Wait`] and [`Stop`], and a loop of yours can: it is all `Format`,
/// as [`Item`](crate::Item) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "the driver has to do it"]
pub enum Step<'a> {
    /// Close the connection if there is one, and make a new one. Call
    /// [`connected`](crate::EventSource::connected) once it is made, or
    /// [`failed`](crate::EventSource::failed) if that fails or takes until the deadline. The scheme
    /// is only `https` if you have called [`allow_tls`](crate::EventSource::allow_tls).
    Connect {
        /// Where to connect to.
        origin: Origin<'a>,
        /// When to give up.
        deadline: Option<Duration>,
    },
    /// Write what [`request`](crate::EventSource::request) returns, or the first bytes of it, and
    /// call [`wrote`](crate::EventSource::wrote).
    Write {
        /// When to give up.
        deadline: Option<Duration>,
    },
    /// Read: bytes go to [`receive`](crate::EventSource::receive), an end to
    /// [`ended`](crate::EventSource::ended). If none come until the deadline, call
    /// [`timed_out`](crate::EventSource::timed_out).
    Read {
        /// When to give up.
        deadline: Option<Duration>,
    },
    /// Close the connection. The next step comes at [`Wait::until`], or after a
    /// [`restart`](crate::EventSource::restart).
    Wait(Wait),
    /// Close the connection. Nothing more will come, except after a
    /// [`restart`](crate::EventSource::restart).
    Stop(Stop),
}

/// A connection is lost, and the next attempt is later: the standard's *reestablish*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Wait {
    /// Why the connection was lost.
    pub cause: LossCause,
    /// How long the whole wait is.
    pub delay: Duration,
    /// When it is over.
    pub until: Duration,
    /// The failures that the delay has grown with: see
    /// [`Reconnect::failures`](crate::Reconnect::failures).
    pub failures: u32,
}

/// The end: the standard's *fail the connection*, or *close*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Stop {
    /// Why there is no further attempt.
    pub reason: StopReason,
    /// How the last connection was lost, if that is what has led here.
    pub cause: Option<LossCause>,
    /// The status of the last response, if there was one.
    pub status: Option<u16>,
}

/// Why a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum LossCause {
    /// No connection could be made: DNS, TCP or TLS.
    Connect,
    /// The connection failed: reset, or a write or read that went wrong.
    Transport,
    /// No connection within [`connect_timeout`](crate::Policy::connect_timeout).
    ConnectTimeout,
    /// No complete head of a response within
    /// [`response_timeout`](crate::Policy::response_timeout).
    ResponseTimeout,
    /// No byte within [`idle_timeout`](crate::Policy::idle_timeout).
    IdleTimeout,
    /// The server ended the response.
    End,
    /// The connection ended before the response did.
    CutOff,
    /// The response's head is not valid.
    Head(InvalidHead),
    /// The response's chunked framing is not valid.
    Chunk(InvalidChunk),
    /// A status that is worth another try.
    Status(u16),
}

/// Why a source stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StopReason {
    /// 204: the server asks not to come back.
    NoContent,
    /// A status that is not worth another try.
    Status,
    /// The response is not `text/event-stream`: a captive portal, an error page.
    ContentType,
    /// The response is compressed, although the request asked for `identity`.
    ContentEncoding,
    /// The application's own verdict, about a response that would not have stopped the source.
    Verdict,
    /// The URL is `https`, and the driver has not called
    /// [`allow_tls`](crate::EventSource::allow_tls).
    NoTls,
    /// A redirect that cannot be followed. The [`response`](crate::EventSource::response) shows
    /// its `Location`.
    Redirect(InvalidRedirect),
    /// [`max_reconnection_attempts`](crate::Policy::max_reconnection_attempts) are used up.
    Attempts,
    /// The server has ended the response to a request that is not sent again: all of it came.
    Ended,
    /// The connection was lost, and the request may not be sent again; see
    /// [`Request::repeatable`](crate::Request::repeatable).
    NotRepeatable,
    /// The application has closed the source.
    Closed,
}

/// As for a log: the cause, and how long the wait is.
impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = millis(self.delay);
        write!(f, "{}; next attempt in {ms} ms", self.cause)
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        match (self.reason, self.cause, self.status) {
            (StopReason::Ended, _, _) => Ok(()),
            (_, Some(cause), _) => write!(f, " ({cause})"),
            (StopReason::Status | StopReason::Verdict, None, Some(status)) => {
                write!(f, " ({status})")
            }
            _ => Ok(()),
        }
    }
}

impl core::error::Error for Stop {}

impl core::error::Error for LossCause {}

impl core::error::Error for StopReason {}

impl fmt::Display for LossCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "no connection could be made",
            Self::Transport => "the connection failed",
            Self::ConnectTimeout => "no connection within connect_timeout",
            Self::ResponseTimeout => "no response within response_timeout",
            Self::IdleTimeout => "no byte within idle_timeout",
            Self::End => "the server ended the response",
            Self::CutOff => "the connection ended before the response did",
            Self::Head(invalid) => return invalid.fmt(f),
            Self::Chunk(invalid) => return invalid.fmt(f),
            Self::Status(status) => return write!(f, "status {status}"),
        })
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoContent => "the server asks not to come back (204)",
            Self::Status => "the server refuses",
            Self::ContentType => "the response is not text/event-stream",
            Self::ContentEncoding => "the response is compressed",
            Self::Verdict => "the application does not want the response",
            Self::NoTls => "the URL is https, and there is no TLS here",
            Self::Redirect(error) => return error.fmt(f),
            Self::Attempts => "the reconnection attempts are used up",
            Self::Ended => "the server ended the response, and the request is not sent again",
            Self::NotRepeatable => "the request may not be sent again",
            Self::Closed => "closed",
        })
    }
}
