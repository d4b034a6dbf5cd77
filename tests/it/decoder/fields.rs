//! Rules: bom, text, lines, data, retry, blank line, id. The cases cover the rest.

use std::time::Duration;

use embedded_sse::Decoder;

use super::{cut, message};
use crate::model::{Item, decode, open_decoder};

/// The items of a stream, which must be the same for every cut.
fn decoded(stream: &[u8]) -> Vec<Item> {
    let whole = decode(&mut open_decoder::<64, 64>(), [stream]);
    for at in 0..=stream.len() {
        let pieces = cut(stream, at);
        assert_eq!(decode(&mut open_decoder::<64, 64>(), pieces), whole);
    }
    whole
}

#[test]
fn bom_is_dropped_once_at_the_start_whatever_the_cut() {
    assert_eq!(decoded("\u{feff}data:a\n\n".as_bytes()), [message("a", "")]);
    for other in ["\u{feff}\u{feff}data:a\n\n", "\n\u{feff}data:a\n\n"] {
        assert_eq!(decoded(other.as_bytes()), []);
    }
}

#[test]
fn text_has_a_replacement_for_each_maximal_ill_formed_sequence() {
    let stream = b"event:\xFF\nid:\xE2\x82\ndata:a\xF0\x9F\x98b\xC3\n\n";
    let event = Item::Event {
        event_type: "\u{fffd}".to_owned(),
        data: "a\u{fffd}b\u{fffd}".to_owned(),
        last_event_id: "\u{fffd}".to_owned(),
    };
    assert_eq!(decoded(stream), [event]);
}

#[test]
fn blank_line_without_data_commits_the_id_drops_the_type_and_makes_no_event() {
    let stream = b"event:x\nid:1\n\ndata:a\n\n";
    assert_eq!(decoded(stream), [message("a", "1")]);
}

#[test]
fn data_alone_is_an_event_with_empty_data() {
    for stream in ["data:\n\n", "data\n\n", "data: \n\n"] {
        assert_eq!(decoded(stream.as_bytes()), [message("", "")]);
    }
}

#[test]
fn lines_end_at_a_cr_at_once() {
    let mut decoder = open_decoder::<8, 8>();
    assert_eq!(
        decode(&mut decoder, [&b"data:1\r\r"[..]]),
        [message("1", "")]
    );
    // The LF belongs to the CR before it, which has already ended the line. So does the next LF.
    assert_eq!(
        decode(&mut decoder, [&b"\n:\r"[..]]),
        [Item::Comment(String::new())]
    );
    assert_eq!(
        decode(&mut decoder, [&b"\ndata:2\r\n\r"[..]]),
        [message("2", "")]
    );
}

#[test]
fn id_with_a_nul_leaves_the_earlier_one() {
    let mut decoder = Decoder::<8>::new();
    let stream = &b"id:1\nid:\0\nid:2\0\nid:\0x\ndata\n\n"[..];
    for pushes in [vec![stream], stream.chunks(1).collect()] {
        decoder.new_stream();
        assert_eq!(decode(&mut decoder, pushes), [message("", "1")]);
    }
}

#[test]
fn retry_without_digits_is_ignored() {
    let mut decoder = open_decoder::<8, 8>();
    assert_eq!(decode(&mut decoder, [&b"retry\nretry:\nretry: \n"[..]]), []);
    assert_eq!(decoder.reconnection_time(), None);
}

#[test]
fn retry_takes_effect_even_if_it_is_not_shown() {
    let mut decoder = Decoder::<8>::new();
    assert_eq!(decoder.reconnection_time(), None);
    assert_eq!(decode(&mut decoder, [&b"retry:12\r"[..]]), []);
    assert_eq!(decoder.reconnection_time(), Some(Duration::from_millis(12)));
}

/// Nothing is pending before this push, and its only line has no value.
#[test]
fn an_empty_data_line_may_be_a_push_of_its_own() {
    let mut decoder = Decoder::<8>::new();
    let pushes = [&b":\n"[..], b"data:\n", b"\n"];
    assert_eq!(decode(&mut decoder, pushes), [message("", "")]);
}
