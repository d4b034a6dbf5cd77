//! The crates that make a `Stream` of owned events from a `Stream` of chunks.

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use embedded_sse::stream::ByteStreamExt;
use embedded_sse_benches::seen::Seen;
use futures_util::stream::{Stream, iter};

use crate::contest::{Contest, Pushes, Subject};

pub const STREAMS: Contest = Contest {
    ours: Subject {
        name: match cfg!(feature = "vectors") {
            true => "embedded-sse, stream, simdutf8 and wide",
            false => "embedded-sse, stream",
        },
        run: ours,
    },
    peers: &[
        Subject {
            name: "sse-core",
            run: sse_core,
        },
        Subject {
            name: "sse-stream",
            run: sse_stream,
        },
        Subject {
            name: "sseer",
            run: sseer,
        },
        Subject {
            name: "eventsource-stream2",
            run: eventsource_stream2,
        },
        Subject {
            name: "eventsource-stream",
            run: eventsource_stream,
        },
    ],
};

fn ours(pushes: Pushes, seen: &mut Seen) {
    drain(chunks(pushes).event_stream(), |item| {
        if let Ok(event) = item {
            seen.event(&event.event_type, &event.data);
        }
    });
}

fn sse_core(pushes: Pushes, seen: &mut Seen) {
    drain(sse_core::SseStream::new(chunks(pushes)), |item| {
        if let Ok(sse_core::SseEvent::Message(event)) = item {
            seen.event(&event.event, &event.data);
        }
    });
}

pub fn sse_stream(pushes: Pushes, seen: &mut Seen) {
    drain(sse_stream::SseByteStream::new(chunks(pushes)), |item| {
        if let Ok(event) = item
            && let Some(data) = event.data
        {
            seen.event(event.event.as_deref().unwrap_or("message"), &data);
        }
    });
}

pub fn sseer(pushes: Pushes, seen: &mut Seen) {
    drain(
        sseer::event_stream::EventStream::new(chunks(pushes)),
        |item| {
            if let Ok(event) = item {
                seen.event(&event.event, &event.data);
            }
        },
    );
}

fn eventsource_stream2(pushes: Pushes, seen: &mut Seen) {
    drain(
        eventsource_stream2::EventStream::new(chunks(pushes)),
        |item| {
            if let Ok(event) = item {
                seen.event(&event.event, &event.data);
            }
        },
    );
}

pub fn eventsource_stream(pushes: Pushes, seen: &mut Seen) {
    drain(
        eventsource_stream::EventStream::new(chunks(pushes)),
        |item| {
            if let Ok(event) = item {
                seen.event(&event.event, &event.data);
            }
        },
    );
}

fn chunks(pushes: Pushes) -> impl Stream<Item = Result<&'static [u8], Infallible>> {
    iter(pushes.iter().map(|push| Ok(*push)))
}

/// The chunks are always ready. `Pending` only lets other tasks run, and there are none.
pub fn drain<S: Stream>(stream: S, mut take: impl FnMut(S::Item)) {
    let mut stream = pin!(stream);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match stream.as_mut().poll_next(&mut context) {
            Poll::Ready(Some(item)) => take(item),
            Poll::Ready(None) => return,
            Poll::Pending => {}
        }
    }
}
