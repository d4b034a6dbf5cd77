//! Where the texts of an event lie, and where a decoder may lie.

use std::sync::Mutex;

use embedded_sse::{Decoder, Event, Item};

use super::message;
use crate::model::decode;

#[test]
fn an_event_whole_in_one_push_is_borrowed_from_it() {
    for stream in [
        "event:type\nid:1\ndata: text\n\ndata: more\n\n",
        "event:type\r\nid:1\r\ndata: text\r\n\r\ndata: more\r\n\r\n",
    ] {
        let mut decoder = Decoder::<8, 8>::new();
        let mut input = stream.as_bytes();
        let event = next_event(&mut decoder, &mut input);
        assert_eq!((event.event_type, event.data), ("type", "text"));
        assert!(lies_in(event.event_type, stream));
        assert!(lies_in(event.data, stream));
        let event = next_event(&mut decoder, &mut input);
        assert_eq!(event.data, "more");
        assert!(lies_in(event.data, stream));
    }
}

fn next_event<'e, 'i: 'e>(decoder: &'e mut Decoder<8, 8>, input: &mut &'i [u8]) -> Event<'e> {
    match decoder.decode(input) {
        Some(Item::Event(event)) => event,
        other => panic!("not an event: {other:?}"),
    }
}

fn lies_in(part: &str, whole: &str) -> bool {
    whole.as_bytes().as_ptr_range().contains(&part.as_ptr())
}

#[test]
fn a_decoder_can_be_a_static() {
    static DECODER: Mutex<Decoder<65536>> = Mutex::new(Decoder::new());
    let mut decoder = DECODER.lock().unwrap();
    assert_eq!(
        decode(&mut decoder, [&b"data:a\n\n"[..]]),
        [message("a", "")]
    );
}
