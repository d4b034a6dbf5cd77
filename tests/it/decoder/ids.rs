//! The last event ID: when it changes, and the option to report it without an event.

use embedded_sse::{Decoder, InvalidId};

use super::message;
use crate::model::decode;

#[test]
fn the_last_event_id_changes_when_its_item_is_returned() {
    let mut decoder = Decoder::<8, 8>::new();
    let mut input = &b"id:1\ndata:a\n\nid:2\ndata:b\n\nid:3\n"[..];
    assert!(decoder.decode(&mut input).is_some());
    assert_eq!(decoder.last_event_id(), "1");
    assert!(decoder.decode(&mut input).is_some());
    assert_eq!(decoder.last_event_id(), "2");
    assert!(decoder.decode(&mut input).is_none());
    assert_eq!(decoder.last_event_id(), "2");
    assert!(decoder.decode(&mut &b"\n"[..]).is_none());
    assert_eq!(decoder.last_event_id(), "3");
}

#[test]
fn an_invalid_id_is_refused_and_the_old_one_stays() {
    let mut decoder = Decoder::<8, 4>::new();
    assert_eq!(decoder.set_last_event_id("1234"), Ok(()));
    for id in ["\0", "a\0", "\r", "a\rb", "\n", "a\nb", "too long\n"] {
        assert_eq!(decoder.set_last_event_id(id), Err(InvalidId::Character));
        assert_eq!(decoder.last_event_id(), "1234");
    }
    for id in ["12345", "ééé"] {
        assert_eq!(decoder.set_last_event_id(id), Err(InvalidId::TooLong));
        assert_eq!(decoder.last_event_id(), "1234");
    }
    assert_eq!(decoder.set_last_event_id("éé"), Ok(()));
    assert_eq!(
        decode(&mut decoder, [&b"data\n\n"[..]]),
        [message("", "éé")]
    );
    assert_eq!(decoder.set_last_event_id(""), Ok(()));
    assert_eq!(decoder.last_event_id(), "");
}

/// The items of a decoder that shows IDs, for a stream in pieces of this length.
fn items_with_ids(stream: &str, piece: usize) -> Vec<String> {
    let mut decoder = Decoder::<16, 8>::new();
    decoder.show_ids(true);
    let mut items = Vec::new();
    for mut push in stream.as_bytes().chunks(piece) {
        while let Some(item) = decoder.decode(&mut push) {
            items.push(match item {
                embedded_sse::Item::Id(id) => format!("id {id}"),
                embedded_sse::Item::Event(event) => format!("event {}", event.last_event_id),
                other => format!("{other:?}"),
            });
        }
    }
    items
}

#[test]
fn an_id_without_an_event_is_reported_on_request() {
    for (stream, want) in [
        ("id: 1\n\n", &["id 1"][..]),
        (
            "id: 1\r\rid: 2\ndata: a\n\nid\r\n\r\n",
            &["id 1", "event 2", "id "],
        ),
        // The same ID again, and an ID in a block that has only a type.
        (
            "id:1\n\nid:1\n\nevent:a\nid:2\n\n",
            &["id 1", "id 1", "id 2"],
        ),
        // An unfinished block, a refused ID, and blocks without an `id` field.
        ("id: 1\n", &[]),
        ("id: a\0b\n\n", &[]),
        ("event: a\n\n:\n\n\n", &[]),
        ("id: 1\ndata\n\nevent: a\n\n", &["event 1"]),
        ("id: 123456789\n\n", &["TooLong(Id { len: 9 })"]),
    ] {
        for piece in 1..=stream.len() {
            assert_eq!(items_with_ids(stream, piece), want, "{stream:?} {piece}");
        }
        let mut decoder = Decoder::<16, 8>::new();
        let mut input = stream.as_bytes();
        while let Some(item) = decoder.decode(&mut input) {
            assert!(
                !matches!(item, embedded_sse::Item::Id(_)),
                "an ID without `show_ids`"
            );
        }
    }
}
