//! The errors of an event stream.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use crate::event::TooLong;

/// An error of an [`EventStream`](super::EventStream). `E` is the error of the byte stream.
///
/// Only [`Transport`](Self::Transport) ends the stream.
///
/// ```
/// use embedded_sse::stream::StreamError;
/// use std::io;
///
/// /// Whether to poll the stream again.
/// fn on_error(error: StreamError<io::Error>) -> bool {
///     eprintln!("{error}");
///     matches!(error, StreamError::TooLong(_))
/// }
/// # assert!(!on_error(StreamError::Transport(io::ErrorKind::BrokenPipe.into())));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamError<E> {
    /// The byte stream failed. The stream has ended: what follows is `None`.
    Transport(E),
    /// An event was too long and was skipped. The next events follow.
    ///
    /// If its data is longer than
    /// [`with_data_limit`](super::EventStream::with_data_limit), its ID is still the new last event
    /// ID. So the event is not fetched again after a reconnect.
    TooLong(TooLong),
    /// No byte arrived within the timeout set by
    /// [`with_idle_timeout`](super::EventStream::with_idle_timeout). The connection is still open.
    /// You may continue to poll.
    IdleTimeout(Duration),
}

impl<E: fmt::Display> fmt::Display for StreamError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(f),
            Self::TooLong(TooLong::Data { len }) => {
                write!(f, "an event's data has {len} bytes, more than the limit")
            }
            Self::TooLong(TooLong::Id { len }) => {
                write!(
                    f,
                    "an event's id has {len} bytes, more than {}",
                    super::META
                )
            }
            Self::TooLong(TooLong::EventType { len }) => {
                write!(
                    f,
                    "an event's type has {len} bytes, more than {}",
                    super::META
                )
            }
            Self::TooLong(TooLong::Comment) => f.write_str("a comment is too long"),
            Self::IdleTimeout(timeout) => write!(f, "no byte came for {timeout:?}"),
        }
    }
}

/// [`Transport`](StreamError::Transport) displays the byte stream's error, so its source is that
/// error's source.
impl<E: Error> Error for StreamError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Transport(error) => error.source(),
            Self::TooLong(_) | Self::IdleTimeout(_) => None,
        }
    }
}
