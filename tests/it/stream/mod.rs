//! The feature `stream`: events over a stream of chunks.

mod end;
mod idle;
mod limit;
mod script;
mod vectors;

use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use embedded_sse::Event;
use embedded_sse::stream::{ByteStreamExt, EventStream, OwnedEvent};
use futures_util::Stream;

use script::{Broken, Step, all, chunk, next, script};

#[test]
fn an_event_has_its_texts() {
    let (bytes, _) = script([chunk("event: add\nid: 1\ndata: a\ndata: b\n\ndata\n\n")]);
    let events = all(&mut bytes.event_stream());
    let expected = [event("add", "a\nb", "1"), event("message", "", "1")];
    assert_eq!(events, expected.map(Ok));
}

#[test]
fn an_owned_event_converts_to_a_borrowed_one_and_back() {
    let borrowed = Event {
        event_type: "add",
        data: "a",
        last_event_id: "1",
    };
    let owned = OwnedEvent::from(borrowed);
    assert_eq!(owned, event("add", "a", "1"));
    assert_eq!(owned.as_event(), borrowed);
}

#[test]
fn the_last_event_id_changes_with_its_item() {
    let text = "id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n\n";
    let (bytes, _) = script([chunk(text), Step::Pending]);
    let mut events = bytes.event_stream();
    assert_eq!(events.last_event_id(), "");
    assert_eq!(
        next(&mut events),
        Poll::Ready(Some(Ok(event("message", "a", "1"))))
    );
    assert_eq!(events.last_event_id(), "1");
    assert_eq!(
        next(&mut events),
        Poll::Ready(Some(Ok(event("message", "b", "2"))))
    );
    assert_eq!(events.last_event_id(), "2");
    assert_eq!(next(&mut events), Poll::Pending);
    assert_eq!(events.last_event_id(), "3");
}

#[test]
fn a_retry_is_kept_and_can_be_taken_once() {
    let (bytes, _) = script([chunk("retry: 1500\n")]);
    let mut events = bytes.event_stream();
    assert_eq!(events.reconnection_time(), None);
    assert_eq!(events.take_retry(), None);
    assert_eq!(all(&mut events), []);
    let time = Some(Duration::from_millis(1500));
    assert_eq!(events.take_retry(), time);
    assert_eq!(events.take_retry(), None);
    assert_eq!(events.reconnection_time(), time);
}

#[test]
fn ill_formed_text_becomes_u_fffd() {
    let (bytes, _) = script([Step::Chunk(b"data: a\xFFb\n\n".to_vec())]);
    let events = all(&mut bytes.event_stream());
    assert_eq!(events, [Ok(event("message", "a\u{FFFD}b", ""))]);
}

#[test]
fn an_event_stream_is_send_if_its_byte_stream_is() {
    fn is_send<T: Send>(_: &T) {}
    let (bytes, _) = script([]);
    let events = bytes.event_stream();
    is_send(&events);
    is_send(&events.with_idle_timeout(Duration::from_secs(1), tokio::time::sleep));
}

/// A byte stream that must not move, whose chunks must not move either.
struct Pinned(PhantomPinned);

struct PinnedChunk(PhantomPinned);

impl AsRef<[u8]> for PinnedChunk {
    fn as_ref(&self) -> &[u8] {
        b"data: a\n\n"
    }
}

impl Stream for Pinned {
    type Item = Result<PinnedChunk, Broken>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Ok(PinnedChunk(PhantomPinned))))
    }
}

#[test]
fn an_event_stream_is_unpin_though_its_byte_stream_is_not() {
    fn is_unpin<T: Unpin>(_: &T) {}
    let mut events = Pinned(PhantomPinned).event_stream();
    is_unpin(&events);
    let first = Pin::new(&mut events).poll_next(&mut Context::from_waker(std::task::Waker::noop()));
    assert_eq!(first, Poll::Ready(Some(Ok(event("message", "a", "")))));
}

#[test]
fn a_stream_without_bytes_has_ended_until_it_gets_some() {
    let mut events = EventStream::new();
    assert_eq!(events.set_last_event_id("7"), Ok(()));
    assert!(events.set_last_event_id("7\n").is_err());
    assert_eq!(next(&mut events), Poll::Ready(None));
    let (bytes, _) = script([chunk("data: a\n\n")]);
    events.new_stream(bytes);
    assert_eq!(all(&mut events), [Ok(event("message", "a", "7"))]);
}

#[test]
fn debug_output_tells_the_id_and_not_the_bytes() {
    let (bytes, _) = script([]);
    let mut events = bytes.event_stream();
    events.set_last_event_id("7").unwrap();
    let text = format!("{events:?}");
    assert!(text.contains("last_event_id: \"7\""), "{text}");
    assert!(text.contains("has_ended: false"), "{text}");
}

fn event(event_type: &str, data: &str, last_event_id: &str) -> OwnedEvent {
    OwnedEvent::from(Event {
        event_type,
        data,
        last_event_id,
    })
}
