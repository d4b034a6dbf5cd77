//! What an event source asks of its driver.

use core::fmt;
use core::time::Duration;

use crate::http::{InvalidChunk, InvalidHead, InvalidRedirect};
use crate::time::millis;
use crate::url::Origin;

/// What a driver has to do next: see [`EventSource::step`](crate::EventSource::step).
///
/// A deadline is a time of the driver's clock, not a length of time. `None` means no limit.
///
/// ```
/// use core::time::Duration;
/// use embedded_sse::{Decoder, EventSource, Policy, Request, Step, Url};
///
/// /// How long the driver may block. A driver that blocks longer misses a deadline.
/// fn timeout(step: Step<'_>, now: Duration) -> Option<Duration> {
///     let until = match step {
///         Step::Connect { deadline, .. } => deadline?,
///         Step::Write { deadline } | Step::Read { deadline } => deadline?,
///         Step::Wait(wait) => wait.until,
///         Step::Stop(_) => return None,
///     };
///     Some(until.saturating_sub(now))
/// }
///
/// let mut decoder: Decoder<1024> = Decoder::new();
/// let request = Request::get(Url::parse("http://192.168.1.2/events")?);
/// let mut source = EventSource::new(request, Policy::DEFAULT, 42, &mut decoder)?;
/// let now = Duration::from_secs(7);
/// let step = source.step(now); // to connect, within `Policy::connect_timeout`
/// assert_eq!(timeout(step, now), Some(Duration::from_secs(30)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// With the feature `defmt`, the ready loops log each [`Wait`] and [`Stop`]. In your own loop, log
/// them yourself: all types here implement `defmt::Format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "the driver must carry out the step"]
pub enum Step<'a> {
    /// Close the old connection, if there is one, and make a new one.
    ///
    /// Call [`connected`](crate::EventSource::connected) when it is made. Call
    /// [`failed`](crate::EventSource::failed) if that fails or the deadline passes. The scheme is
    /// `https` only if you called [`allow_tls`](crate::EventSource::allow_tls).
    Connect {
        /// The scheme, host and port to connect to.
        origin: Origin<'a>,
        /// When to give up.
        deadline: Option<Duration>,
    },
    /// Write the bytes from [`request`](crate::EventSource::request), or the first of them, and
    /// call [`wrote`](crate::EventSource::wrote). Call [`failed`](crate::EventSource::failed) if
    /// that fails or the deadline passes.
    Write {
        /// When to give up.
        deadline: Option<Duration>,
    },
    /// Read. Pass the bytes to [`receive`](crate::EventSource::receive). If the connection ends,
    /// call [`ended`](crate::EventSource::ended). If no byte comes until the deadline, call
    /// [`timed_out`](crate::EventSource::timed_out).
    Read {
        /// When to stop reading.
        deadline: Option<Duration>,
    },
    /// Close the connection. Call `step` again at [`Wait::until`], or after
    /// [`restart`](crate::EventSource::restart).
    Wait(Wait),
    /// Close the connection and leave the loop. Only [`restart`](crate::EventSource::restart)
    /// starts the source again.
    Stop(Stop),
}

/// A connection was lost, and the next attempt follows after a delay (the standard's "reestablish
/// the connection").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Wait {
    /// Why the connection was lost.
    pub cause: LossCause,
    /// The length of the whole wait.
    pub delay: Duration,
    /// The time at which the next attempt begins.
    pub until: Duration,
    /// The number of failures that the delay depends on: see
    /// [`Reconnect::failures`](crate::Reconnect::failures).
    pub failures: u32,
}

/// The source stopped (the standard's "fail the connection", or `close`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Stop {
    /// Why there is no further attempt.
    pub reason: StopReason,
    /// How the last connection was lost, if that led to the stop.
    pub cause: Option<LossCause>,
    /// The status code of the last response, if there was one.
    pub status: Option<u16>,
}

/// Why a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum LossCause {
    /// Connecting failed: DNS, TCP or TLS.
    Connect,
    /// The connection failed: it was reset, or a write or read failed.
    Transport,
    /// No connection within [`connect_timeout`](crate::Policy::connect_timeout).
    ConnectTimeout,
    /// No complete response head within [`response_timeout`](crate::Policy::response_timeout).
    ResponseTimeout,
    /// No byte within [`idle_timeout`](crate::Policy::idle_timeout).
    IdleTimeout,
    /// The server ended the response.
    End,
    /// The connection ended before the response did.
    CutOff,
    /// The response's head is invalid.
    Head(InvalidHead),
    /// The response's chunked framing is invalid.
    Chunk(InvalidChunk),
    /// The response has a status that is retried, such as 503.
    Status(u16),
}

/// Why a source stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StopReason {
    /// The status is 204: the server asks the client not to reconnect.
    NoContent,
    /// The response has a status that is not retried, such as 404.
    Status,
    /// The response is not `text/event-stream`. It may be a captive portal or an error page.
    ContentType,
    /// The response is compressed, although the request asked for `identity`.
    ContentEncoding,
    /// A hook's verdict stopped the source. The default verdict would not have.
    Verdict,
    /// The [`response`](crate::EventSource::response) is complete. A hook's verdict asked for
    /// [`Collect`](crate::Verdict::Collect) or [`Finish`](crate::Verdict::Finish).
    Finished,
    /// The verdict was [`Collect`](crate::Verdict::Collect), but the body does not fit in the
    /// decoder's `DATA` bytes next to the head; raise `DATA`.
    BodyTooLong {
        /// The smallest sufficient `DATA` in bytes, if the head contains the length of the body.
        len: Option<usize>,
    },
    /// The URL is `https`, and the driver has no TLS: [`allow_tls`](crate::EventSource::allow_tls)
    /// was not called. The ready loops call it if the transport's `Connect::TLS` is `true`.
    NoTls,
    /// A redirect cannot be followed. The [`response`](crate::EventSource::response) shows its
    /// `Location`.
    Redirect(InvalidRedirect),
    /// All [`max_reconnection_attempts`](crate::Policy::max_reconnection_attempts) are used up.
    Attempts,
    /// The server ended the response, and the request may not be sent again. Everything was
    /// received.
    Ended,
    /// The connection was lost, and the request may not be sent again: see
    /// [`Request::repeatable`](crate::Request::repeatable).
    NotRepeatable,
    /// The application closed the source.
    Closed,
}

/// For a log: the cause and the length of the wait.
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
            (
                StopReason::Status | StopReason::Verdict | StopReason::Finished,
                None,
                Some(status),
            ) => {
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
            Self::Connect => "could not connect",
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
            Self::NoContent => "the server asked not to reconnect (204)",
            Self::Status => "the server refused the request",
            Self::ContentType => "the response is not text/event-stream",
            Self::ContentEncoding => "the response is compressed",
            Self::Verdict => "the application rejected the response",
            Self::Finished => "the response is complete",
            Self::BodyTooLong { len: Some(len) } => {
                return write!(
                    f,
                    "the response needs {len} bytes of the decoder's DATA; raise it"
                );
            }
            Self::BodyTooLong { len: None } => {
                "the response does not fit in the decoder's DATA; raise it"
            }
            Self::NoTls => "the URL is https, but the driver has no TLS",
            Self::Redirect(error) => return error.fmt(f),
            Self::Attempts => "the reconnection attempts are used up",
            Self::Ended => "the server ended the response, and the request is not sent again",
            Self::NotRepeatable => "the request may not be sent again",
            Self::Closed => "the application closed the source",
        })
    }
}
