//! A `Stream` of owned events over an HTTP client that you have.
//!
//! Any stream of byte chunks works: `bytes_stream()` of reqwest, `into_data_stream()` of
//! `http_body_util` (hyper, axum, tower), or `ReaderStream` of tokio-util.
//!
//! ```
//! use embedded_sse::stream::ByteStreamExt;
//! use futures_util::StreamExt;
//!
//! # async fn follow() -> Result<(), embedded_sse::stream::StreamError<std::io::Error>> {
//! # struct Response;
//! # impl Response {
//! #     fn bytes_stream(self) -> impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> {
//! #         futures_util::stream::iter([Ok(b"data: a\n\n".to_vec())])
//! #     }
//! # }
//! # let response = Response;
//! // let response = reqwest::get("https://example.com/events").await?.error_for_status()?;
//! let mut events = response.bytes_stream().event_stream();
//! while let Some(event) = events.next().await {
//!     let event = event?;
//!     println!("{}: {}", event.event_type, event.data);
//! }
//! # Ok(())
//! # }
//! # assert!(futures_util::FutureExt::now_or_never(follow()).unwrap().is_ok());
//! ```
//!
//! An [`EventStream`] ends with its byte stream and does not reconnect. Use
//! [`Reconnect`](crate::Reconnect) for the delays, and [`EventStream::new_stream`] to continue with the
//! next connection.

mod data;
mod error;
mod event;
mod idle;
mod poll;

use alloc::boxed::Box;
use core::fmt;
use core::pin::Pin;
use core::time::Duration;

use futures_core::TryStream;

use data::GrowingData;
pub use error::StreamError;
pub use event::OwnedEvent;
use idle::IdleTimer;

use crate::decoder::{InvalidId, Parser};

/// Adds [`event_stream`](Self::event_stream) to streams of byte chunks: to each
/// `Stream` of `Result<B, E>` where `B` is `AsRef<[u8]>`.
pub trait ByteStreamExt: TryStream<Ok: AsRef<[u8]>> + Sized {
    /// Parses the chunks as an event stream.
    ///
    /// The status and the content type of the response are not checked here. Check them before, or
    /// an error page is parsed as an event stream, usually one without events.
    fn event_stream(self) -> EventStream<Self> {
        let mut events = EventStream::new();
        events.new_stream(self);
        events
    }
}

impl<S: TryStream<Ok: AsRef<[u8]>>> ByteStreamExt for S {}

/// A `Stream` of [`OwnedEvent`]s, parsed from a stream of byte chunks.
///
/// The events are those of a [`Decoder`](crate::Decoder). They do not depend on where the chunks were cut, and each
/// ill-formed UTF-8 sequence is replaced by U+FFFD.
///
/// | what happens | item | afterwards |
/// |---|---|---|
/// | an event is too long | [`StreamError::TooLong`] | the stream goes on with the next event |
/// | silence for [`with_idle_timeout`](Self::with_idle_timeout) | [`StreamError::IdleTimeout`] | the stream is still connected |
/// | the byte stream fails | [`StreamError::Transport`] | the stream has ended |
/// | the byte stream ends | `None` | the stream has ended |
///
/// A stream that has ended has dropped the byte stream and the unfinished event, and returns `None`
/// until [`new_stream`](Self::new_stream) gives it another byte stream.
///
/// ```
/// use embedded_sse::stream::ByteStreamExt;
/// use futures_util::StreamExt;
/// # use std::io::Error;
///
/// # async fn follow() -> Result<(), embedded_sse::stream::StreamError<Error>> {
/// # let response = |bytes: &'static str| futures_util::stream::iter([Ok::<_, Error>(bytes)]);
/// let mut events = response("id: 1\ndata: a\n\nid: 2\ndata: unfinished").event_stream();
/// assert_eq!(events.next().await.unwrap()?.data, "a");
/// assert!(events.next().await.is_none());
///
/// // The next request sends the ID, and the server repeats what did not arrive.
/// assert_eq!(events.last_event_id(), "1");
/// events.new_stream(response("id: 2\ndata: b\n\n"));
/// assert_eq!(events.next().await.unwrap()?.data, "b");
/// # Ok(())
/// # }
/// # assert!(futures_util::FutureExt::now_or_never(follow()).unwrap().is_ok());
/// ```
///
/// # Memory
///
/// The stream holds one chunk, one allocation of about 16 KiB for event types and IDs, and the data of the
/// unfinished event, which grows up to [`with_data_limit`](Self::with_data_limit). While it grows,
/// the old and the new buffer exist together, so the peak is up to twice the limit. An unfinished event may
/// take as much memory as the last event that did not lie in one chunk. Between events, the stream keeps at most 8 KiB
/// for data.
///
/// # Send
///
/// The stream is `Send` if the byte stream and its chunks are. It is always `Unpin`: the byte
/// stream is boxed.
///
/// # Fairness
///
/// If the byte stream is always ready but contains no events, for example only comments, a poll
/// reads a limited number of chunks. Then it wakes its task and returns `Pending`, so that other
/// tasks of the executor run.
#[must_use = "streams do nothing unless polled"]
pub struct EventStream<S: TryStream> {
    /// `None` after the end.
    bytes: Option<Pin<Box<S>>>,
    /// The chunk that is being parsed, and how much of it is parsed.
    chunk: Option<S::Ok>,
    parsed: usize,
    parser: Box<Parser<GrowingData, META>>,
    idle: Option<IdleTimer>,
}

/// The longest event type and ID. As a header of a request, many servers accept no more than 8 KiB.
const META: usize = 4 * 1024;

impl<S: TryStream> EventStream<S> {
    /// Creates a stream without a byte stream: it has ended until
    /// [`new_stream`](Self::new_stream). Use this to keep the stream in a struct, or to
    /// [set the last event ID](Self::set_last_event_id) before the first connection. In all other
    /// cases use [`event_stream`](ByteStreamExt::event_stream).
    pub fn new() -> Self {
        Self {
            bytes: None,
            chunk: None,
            parsed: 0,
            // `Box::new` would build it on the stack and copy it.
            parser: Box::default(),
            idle: None,
        }
    }

    /// Sets the longest data of an event, in bytes of UTF-8 text. A longer event is skipped and
    /// reported as [`StreamError::TooLong`]. Default 16 MiB.
    ///
    /// The limit protects your memory from the server. The default leaves room for a file of
    /// 12 MB in Base64, as tools of language models return them; most events are much shorter. A
    /// process that follows many servers should use less.
    ///
    /// Event types and IDs have at most 4096 bytes, whatever the limit is.
    pub fn with_data_limit(mut self, bytes: usize) -> Self {
        self.parser.data().set_limit(bytes);
        self
    }

    /// Reports [`StreamError::IdleTimeout`] if no byte arrives for `timeout`. Any byte, even one in a
    /// comment, resets the timer. Default: no timeout. Set it to two or three times the interval of
    /// your server's heartbeat.
    ///
    /// `sleep` returns a future that completes after the given time, because this crate has no
    /// timer:
    ///
    /// ```
    /// use embedded_sse::stream::ByteStreamExt;
    /// use std::time::Duration;
    ///
    /// # let bytes = futures_util::stream::iter([Ok::<_, std::io::Error>(b"data: a\n\n")]);
    /// let events = bytes
    ///     .event_stream()
    ///     .with_idle_timeout(Duration::from_secs(90), tokio::time::sleep);
    /// ```
    ///
    /// The time counts from the first poll that finds no byte. So it does not run while your code
    /// processes an event.
    ///
    /// After the timeout, the byte stream is still connected. If you poll again, the timeout starts
    /// again, and bytes that still arrive are parsed normally. If you consider
    /// the connection dead, drop the stream or call [`new_stream`](Self::new_stream).
    pub fn with_idle_timeout<F>(
        mut self,
        timeout: Duration,
        sleep: impl FnMut(Duration) -> F + Send + 'static,
    ) -> Self
    where
        F: Future + Send + 'static,
    {
        self.idle = Some(IdleTimer::new(timeout, sleep));
        self
    }

    /// The last event ID, which the next request sends as `Last-Event-ID` unless it is empty.
    ///
    /// It changes with the item of its event, and also at a block that contains only an `id`.
    pub fn last_event_id(&self) -> &str {
        self.parser.last_event_id()
    }

    /// Sets the last event ID, for example to one that you stored before the program restarted. An
    /// empty `id` means none.
    ///
    /// # Errors
    /// Fails if `id` contains NUL, CR or LF, which no stream can send, or is longer than 4096
    /// bytes. The last event ID then stays as it was.
    pub fn set_last_event_id(&mut self, id: &str) -> Result<(), InvalidId> {
        self.parser.set_last_event_id(id)
    }

    /// The reconnection time that the server's last valid `retry` field set, on this connection or
    /// an earlier one.
    pub fn reconnection_time(&self) -> Option<Duration> {
        self.parser.reconnection_time()
    }

    /// The reconnection time, if a `retry` field came since the last call. Pass it to
    /// [`Reconnect::set_reconnection_time`](crate::Reconnect::set_reconnection_time) before
    /// [`Reconnect::lost`](crate::Reconnect::lost).
    #[must_use = "it is returned only once"]
    pub fn take_retry(&mut self) -> Option<Duration> {
        self.parser.take_retry()
    }

    /// Continues with the byte stream of another connection.
    ///
    /// The old byte stream, if there is one, is dropped, and so is its unfinished event. The last
    /// event ID, the reconnection time, the limit and the timeout are kept.
    pub fn new_stream(&mut self, bytes: S) {
        self.end();
        self.bytes = Some(Box::pin(bytes));
    }

    /// Ends the stream: drops the byte stream, which closes its connection, and the unfinished event.
    /// What [`new_stream`](Self::new_stream) keeps is kept. Call this before you wait for the next
    /// attempt.
    pub fn end(&mut self) {
        self.bytes = None;
        self.chunk = None;
        self.parser.new_stream();
        self.stop_timer();
    }

    /// The next silence begins with a new timer.
    fn stop_timer(&mut self) {
        if let Some(idle) = &mut self.idle {
            idle.stop();
        }
    }
}

/// The byte stream is boxed, and no other field is pinned.
impl<S: TryStream> Unpin for EventStream<S> {}

impl<S: TryStream> Default for EventStream<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: TryStream> fmt::Debug for EventStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("last_event_id", &self.last_event_id())
            .field("reconnection_time", &self.reconnection_time())
            .field("has_ended", &self.bytes.is_none())
            .finish_non_exhaustive()
    }
}
