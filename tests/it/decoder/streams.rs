//! What passes from one stream to the next, and what does not.

use std::time::Duration;

use embedded_sse::{Decoder, Item};

use super::message;
use crate::model::{decode, open_decoder};

#[test]
fn a_new_stream_keeps_the_id_and_the_retry() {
    let mut decoder = Decoder::<8>::new();
    decode(&mut decoder, [&b"retry:5\nid:1\n\n"[..]]);
    decoder.new_stream();
    assert_eq!(decoder.last_event_id(), "1");
    assert_eq!(decoder.reconnection_time(), Some(Duration::from_millis(5)));
    assert_eq!(
        decode(&mut decoder, [&b"data:a\n\n"[..]]),
        [message("a", "1")]
    );
}

#[test]
fn a_new_stream_drops_the_unfinished_block() {
    let unfinished: [&[u8]; 14] = [
        b"",
        b"data:x\n",
        b"data:x",
        b"dat",
        b"data",
        b"id:x\n",
        b"id:x",
        b"event:x\n",
        b"retry:1",
        b":comment",
        b"nonsense",
        b"data:x\r",
        b"\xEF",
        b"\xEF\xBB",
    ];
    // A new stream with a BOM; one with an LF that must not be joined with a CR of the old stream; and
    // one where the LF ends a line, which shows if a decoder skips it.
    let streams: [&[u8]; 3] = [
        b"\xEF\xBB\xBFdata:a\n\n",
        b"\ndata:a\n\n",
        b"\xEF\ndata:a\n\n",
    ];
    for old in unfinished {
        for new in streams {
            let mut decoder = open_decoder::<8, 8>();
            assert_eq!(decode(&mut decoder, [old]), []);
            decoder.new_stream();
            let items = decode(&mut decoder, [new]);
            assert_eq!(items, [message("a", "")], "{}", old.escape_ascii());
            assert_eq!(decoder.reconnection_time(), None);
        }
    }
}

#[test]
fn end_of_stream_drops_an_unfinished_block_with_its_id_and_keeps_a_retry() {
    let mut decoder = open_decoder::<64, 64>();
    decode(&mut decoder, [&b"retry:5\nid:1\ndata:a\n"[..]]);
    decoder.new_stream();
    assert_eq!(
        decode(&mut decoder, [&b"data:b\n\n"[..]]),
        [message("b", "")]
    );
    assert_eq!(decoder.reconnection_time(), Some(Duration::from_millis(5)));
}

#[test]
fn a_stored_reconnection_time_counts_until_a_retry_field() {
    let mut decoder = Decoder::<8>::new();
    decoder.set_reconnection_time(Duration::from_micros(12_999));
    decoder.new_stream();
    assert_eq!(decoder.reconnection_time(), Some(Duration::from_millis(12)));
    assert_eq!(decode(&mut decoder, [&b"retry:34\n"[..]]), []);
    assert_eq!(decoder.reconnection_time(), Some(Duration::from_millis(34)));
}

/// The setting is for use between streams only.
#[test]
fn comments_that_are_hidden_in_the_middle_do_not_become_data() {
    let mut decoder: Decoder<64> = Decoder::new();
    decoder.show_comments(true);
    assert!(decoder.decode(&mut &b"data: a\n:com"[..]).is_none());
    decoder.show_comments(false);
    let mut rest = &b"ment\n\n"[..];
    let Some(Item::Event(event)) = decoder.decode(&mut rest) else {
        panic!("no event");
    };
    assert_eq!(event.data, "a");
}
