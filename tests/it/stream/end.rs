//! Ends, errors, wakers and spurious polls.

use std::error::Error;
use std::sync::Arc;
use std::task::Poll;

use embedded_sse::stream::{ByteStreamExt, StreamError};
use futures_util::stream::FusedStream;

use super::event;
use super::script::{Broken, Step, Task, all, chunk, next, next_in, script};

#[test]
fn after_the_end_every_poll_returns_none() {
    let (bytes, seen) = script([chunk("data: a\n\n")]);
    let mut events = bytes.event_stream();
    assert!(!events.is_terminated());
    assert_eq!(all(&mut events), [Ok(event("message", "a", ""))]);
    assert!(events.is_terminated());
    assert!(seen.is_dropped());
    for _ in 0..3 {
        assert_eq!(next(&mut events), Poll::Ready(None));
    }
    assert_eq!(seen.polls(), 2);
}

#[test]
fn an_unfinished_event_is_dropped_at_the_end() {
    for unfinished in ["data: b", "data: b\n", "id: 2\ndata: b\n", "data: b\nid: 2"] {
        let (bytes, _) = script([chunk("id: 1\ndata: a\n\n"), chunk(unfinished)]);
        let mut events = bytes.event_stream();
        assert_eq!(all(&mut events), [Ok(event("message", "a", "1"))]);
        assert_eq!(events.last_event_id(), "1");
    }
}

#[test]
fn an_error_of_the_byte_stream_is_one_item_and_then_the_end() {
    let (bytes, seen) = script([chunk("data: a\n\ndata: b"), Step::Error, chunk("\n\n")]);
    let mut events = bytes.event_stream();
    let expected = [
        Ok(event("message", "a", "")),
        Err(StreamError::Transport(Broken)),
    ];
    assert_eq!(all(&mut events), expected);
    assert!(seen.is_dropped());
    assert!(events.is_terminated());
    assert_eq!(next(&mut events), Poll::Ready(None));
    assert_eq!(seen.polls(), 2);
}

#[test]
fn a_new_stream_keeps_the_id_and_starts_with_a_new_line() {
    // What an unfinished event, a CR and a part of a byte order mark could spoil.
    for old in [
        "data: x\r",
        "data: x",
        "\u{feff}",
        ":",
        "event: y\n",
        "id: 9\n",
    ] {
        let (bytes, old_seen) = script([chunk("id: 1\nretry: 5\n\n"), chunk(old), Step::Pending]);
        let mut events = bytes.event_stream();
        assert_eq!(next(&mut events), Poll::Pending);
        let (bytes, _) = script([chunk("\u{feff}data: a\n\n")]);
        events.new_stream(bytes);
        assert!(old_seen.is_dropped());
        assert_eq!(all(&mut events), [Ok(event("message", "a", "1"))], "{old}");
        assert_eq!(events.reconnection_time().unwrap().as_millis(), 5);
    }
}

#[test]
fn a_new_stream_drops_the_pieces_of_a_long_event() {
    let long = format!("data: {}", "x".repeat(50_000));
    for end in [Step::Error, Step::Pending] {
        let (bytes, _) = script([chunk(&long), end]);
        let mut events = bytes.event_stream();
        let _error_or_pending = next(&mut events);
        let (bytes, _) = script([chunk("data: a\n\n")]);
        events.new_stream(bytes);
        assert_eq!(all(&mut events), [Ok(event("message", "a", ""))]);
    }
}

#[test]
fn a_new_stream_drops_the_rest_of_the_old_chunk() {
    let (bytes, _) = script([chunk("data: a\n\ndata: b\n\n")]);
    let mut events = bytes.event_stream();
    assert_eq!(
        next(&mut events),
        Poll::Ready(Some(Ok(event("message", "a", ""))))
    );
    let (bytes, _) = script([chunk("data: c\n\n")]);
    events.new_stream(bytes);
    assert_eq!(all(&mut events), [Ok(event("message", "c", ""))]);
}

#[test]
fn the_task_is_woken_by_the_byte_stream() {
    let (bytes, seen) = script([Step::Pending, chunk("data: a\n\n")]);
    let mut events = bytes.event_stream();
    let (old, new) = (Arc::<Task>::default(), Arc::<Task>::default());
    assert_eq!(next_in(&old, &mut events), Poll::Pending);
    assert_eq!(old.wakes(), 0);
    seen.wake();
    assert_eq!(old.wakes(), 1);
    let item = next_in(&new, &mut events);
    assert_eq!(item, Poll::Ready(Some(Ok(event("message", "a", "")))));
}

#[test]
fn the_last_task_that_polled_is_woken() {
    let (bytes, seen) = script([Step::Pending, Step::Pending]);
    let mut events = bytes.event_stream();
    let (old, new) = (Arc::<Task>::default(), Arc::<Task>::default());
    assert_eq!(next_in(&old, &mut events), Poll::Pending);
    assert_eq!(next_in(&new, &mut events), Poll::Pending);
    seen.wake();
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
}

#[test]
fn a_stream_of_comments_does_not_starve_the_executor() {
    let comments = (0..1000).map(|_| chunk(": keep-alive\n\n"));
    let (bytes, seen) = script(comments.chain([chunk("data: a\n\n")]));
    let mut events = bytes.event_stream();
    let task = Arc::<Task>::default();
    let mut polls = 0;
    let item = loop {
        let before = seen.polls();
        match next_in(&task, &mut events) {
            Poll::Pending => polls += 1,
            Poll::Ready(item) => break item,
        }
        let chunks = seen.polls() - before;
        assert!((1..=32).contains(&chunks), "{chunks} chunks in a poll");
        assert_eq!(task.wakes(), polls);
    };
    assert_eq!(item, Some(Ok(event("message", "a", ""))));
    assert!(polls >= 1000 / 32);
}

#[test]
fn errors_have_texts_and_the_source_of_the_byte_streams_error() {
    #[derive(Debug)]
    struct Outer(Broken);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("outer")
        }
    }
    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }
    let error = StreamError::Transport(Outer(Broken));
    assert_eq!(error.to_string(), "outer");
    assert_eq!(error.source().unwrap().to_string(), "broken");
    let error = StreamError::<Broken>::IdleTimeout(std::time::Duration::from_secs(90));
    assert_eq!(error.to_string(), "no byte came for 90s");
    assert!(error.source().is_none());
}

#[test]
fn end_closes_the_connection_and_keeps_the_id() {
    let (bytes, seen) = script([chunk("id: 1\n\ndata: unfinished"), Step::Pending]);
    let mut events = bytes.event_stream();
    assert_eq!(next(&mut events), Poll::Pending);
    events.end();
    assert!(seen.is_dropped());
    assert_eq!(next(&mut events), Poll::Ready(None));
    assert_eq!(events.last_event_id(), "1");
    let (bytes, _seen) = script([chunk("data: b\n\n")]);
    events.new_stream(bytes);
    assert_eq!(
        next(&mut events),
        Poll::Ready(Some(Ok(event("message", "b", "1"))))
    );
}
