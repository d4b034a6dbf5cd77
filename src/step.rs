//! What an event source says to its driver.

use core::fmt;
use core::time::Duration;

use crate::http::{InvalidChunk, InvalidHead, RedirectError};
use crate::url::Origin;

/// What a driver has to do next.
///
/// A deadline is a moment on the driver's clock, not a span; `None` is for ever. With the feature
/// `defmt` the ready loops log each [`Wait`] and [`Stop`], and a loop of yours can: it is all `Format`,
/// as [`Item`](crate::Item) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Step<'a> {
    /// Close the connection if there is one, and make a new one. Say
    /// [`connected`](crate::EventSource::connected) once it is made, or
    /// [`failed`](crate::EventSource::failed) if that fails or takes until the deadline. Where the
    /// scheme is `https` and you have no TLS, say [`no_tls`](crate::EventSource::no_tls).
    Connect(Origin<'a>, Option<Duration>),
    /// Write these bytes, or the first of them, and say [`wrote`](crate::EventSource::wrote). They
    /// are small pieces: a transport that sends each at once wants a buffer before it.
    Write(&'a [u8], Option<Duration>),
    /// Flush what was written, and read: bytes go to [`receive`](crate::EventSource::receive), an end to
    /// [`ended`](crate::EventSource::ended). If none come until the deadline, say
    /// [`handle_timeout`](crate::EventSource::handle_timeout).
    Read(Option<Duration>),
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
pub struct Wait {
    /// Why the connection was lost.
    pub cause: Cause,
    /// How long the whole wait is.
    pub delay: Duration,
    /// When it is over.
    pub until: Duration,
    /// How many connections and attempts in a row were failures, and made the delay grow.
    pub failures: u32,
}

/// The end: the standard's *fail the connection*, or *close*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Stop {
    /// Why there is no further attempt.
    pub reason: Reason,
    /// How the last connection was lost, if that is what has led here.
    pub cause: Option<Cause>,
    /// The status of the last response, if there was one.
    pub status: Option<u16>,
}

/// Why a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Cause {
    /// No connection could be made: DNS, TCP or TLS.
    Connect,
    /// The connection failed: reset, or a write or read that went wrong.
    Transport,
    /// No complete head of a response within
    /// [`connect_timeout`](crate::Policy::connect_timeout).
    ConnectTimeout,
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
pub enum Reason {
    /// 204: the server asks not to come back.
    NoContent,
    /// A status that is not worth another try.
    Status,
    /// The response is not `text/event-stream`: a captive portal, an error page.
    ContentType,
    /// The response is compressed, which was not asked for.
    ContentEncoding,
    /// The URL, or one that a redirect led to, is `https`, and the driver has no TLS.
    NoTls,
    /// A redirect that leads nowhere.
    Redirect(RedirectError),
    /// [`max_reconnection_attempts`](crate::Policy::max_reconnection_attempts) are used up.
    Attempts,
    /// The connection was lost, and the request may not be sent again; see
    /// [`Request::reconnect`](crate::Request::reconnect_post).
    NotRepeatable,
    /// The application has closed the source.
    Closed,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        match (self.cause, self.status) {
            (Some(cause), _) => write!(f, " ({cause})"),
            (None, Some(status)) if self.reason == Reason::Status => write!(f, " ({status})"),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for Stop {}

impl core::error::Error for Cause {}

impl core::error::Error for Reason {}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "no connection could be made",
            Self::Transport => "the connection failed",
            Self::ConnectTimeout => "no response in time",
            Self::IdleTimeout => "the stream was silent for too long",
            Self::End => "the server ended the response",
            Self::CutOff => "the connection ended before the response did",
            Self::Head(invalid) => return invalid.fmt(f),
            Self::Chunk(invalid) => return invalid.fmt(f),
            Self::Status(status) => return write!(f, "status {status}"),
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoContent => "the server asks not to come back (204)",
            Self::Status => "the server refuses",
            Self::ContentType => "the response is no text/event-stream",
            Self::ContentEncoding => "the response is compressed",
            Self::NoTls => "the URL is https, and there is no TLS here",
            Self::Redirect(error) => return error.fmt(f),
            Self::Attempts => "the reconnection attempts are used up",
            Self::NotRepeatable => "the request may not be sent again",
            Self::Closed => "closed",
        })
    }
}
