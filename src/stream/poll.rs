//! From chunks to items.

use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::{FusedStream, Stream, TryStream};

use super::event::owned_event_type;
use super::{EventStream, OwnedEvent, StreamError};
use crate::decoder::Found;

/// The number of chunks that a poll reads before other tasks get their turn.
const CHUNKS_PER_POLL: usize = 32;

impl<S: TryStream<Ok: AsRef<[u8]>>> Stream for EventStream<S> {
    type Item = Result<OwnedEvent, StreamError<S::Error>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut is_silent = true;
        let mut chunk = self.chunk.take();
        for _ in 0..CHUNKS_PER_POLL {
            if let Some(chunk) = chunk.take()
                && let Some(event) = self.next_in(chunk)
            {
                return Poll::Ready(Some(event));
            }
            let Some(bytes) = &mut self.bytes else {
                return Poll::Ready(None);
            };
            match bytes.as_mut().try_poll_next(context) {
                Poll::Ready(Some(Ok(next))) => {
                    if !next.as_ref().is_empty() {
                        is_silent = false;
                        self.stop_timer();
                    }
                    chunk = Some(next);
                    self.parsed = 0;
                }
                Poll::Ready(Some(Err(error))) => {
                    self.end();
                    return Poll::Ready(Some(Err(StreamError::Transport(error))));
                }
                Poll::Ready(None) => {
                    self.end();
                    return Poll::Ready(None);
                }
                Poll::Pending => return self.poll_idle(context),
            }
        }
        self.chunk = chunk;
        // Let other tasks run.
        context.waker().wake_by_ref();
        match is_silent {
            // All chunks were empty.
            true => self.poll_idle(context),
            false => Poll::Pending,
        }
    }
}

impl<S: TryStream<Ok: AsRef<[u8]>>> FusedStream for EventStream<S> {
    /// Whether the stream has ended.
    fn is_terminated(&self) -> bool {
        self.bytes.is_none()
    }
}

impl<S: TryStream<Ok: AsRef<[u8]>>> EventStream<S> {
    /// The next event in this chunk, of which `self.parsed` bytes are parsed. Keeps the rest of the chunk.
    #[inline]
    fn next_in(&mut self, chunk: S::Ok) -> Option<Result<OwnedEvent, StreamError<S::Error>>> {
        let bytes = chunk.as_ref();
        let mut input = bytes.get(self.parsed..).unwrap_or_default();
        let event = loop {
            let (event_type, data) = match self.parser.advance(&mut input)? {
                Found::Event { data, event_type } => (owned_event_type(event_type), data.into()),
                Found::Joined => (
                    owned_event_type(self.parser.event_type()),
                    self.parser.data().take(),
                ),
                Found::TooLong(part) => {
                    // The data fits if only the event type or the ID is too long.
                    drop(self.parser.data().take());
                    break Err(StreamError::TooLong(part));
                }
                // The parser finds these only on request.
                Found::Piece { .. } | Found::Comment | Found::Id | Found::Retry(_) => continue,
            };
            break Ok(OwnedEvent {
                event_type,
                data,
                last_event_id: self.parser.last_event_id().into(),
            });
        };
        if !input.is_empty() {
            self.parsed = bytes.len().saturating_sub(input.len());
            self.chunk = Some(chunk);
        }
        Some(event)
    }

    /// Waits for the idle timeout.
    fn poll_idle(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<OwnedEvent, StreamError<S::Error>>>> {
        match self.idle.as_mut().map(|idle| idle.poll(context)) {
            Some(Poll::Ready(time)) => Poll::Ready(Some(Err(StreamError::IdleTimeout(time)))),
            Some(Poll::Pending) | None => Poll::Pending,
        }
    }
}
