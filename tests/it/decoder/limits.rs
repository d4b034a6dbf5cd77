//! Rules: too long, comments. What happens when a text does not fit.

use embedded_sse::{Decoder, TooLong};

use super::{cut, message};
use crate::model::{Item, decode, open_decoder};

#[test]
fn too_long_event_is_reported_once_and_its_id_counts() {
    let mut decoder = open_decoder::<4, 4>();
    let stream = b"id:1\ndata:12345\ndata:6\ndata:7\nevent:12345\n\ndata:1234\n\n";
    let expected = [
        Item::TooLong(TooLong::Data { len: 9 }),
        message("1234", "1"),
    ];
    assert_eq!(decode(&mut decoder, [&stream[..]]), expected);
}

#[test]
fn too_long_id_leaves_the_old_one() {
    let mut decoder = open_decoder::<4, 4>();
    let stream = b"id:1234\ndata:a\n\nid:12345\ndata:b\n\nid:12345\n\ndata:c\n\n";
    let expected = [
        message("a", "1234"),
        Item::TooLong(TooLong::Id { len: 5 }),
        Item::TooLong(TooLong::Id { len: 5 }),
        message("c", "1234"),
    ];
    assert_eq!(decode(&mut decoder, [&stream[..]]), expected);
}

#[test]
fn too_long_is_only_the_last_type_or_the_last_id() {
    let mut decoder = open_decoder::<4, 4>();
    let stream = b"event:12345\nevent:ping\nid:12345\nid:1\ndata:a\n\n";
    let expected = [Item::Event {
        event_type: "ping".to_owned(),
        data: "a".to_owned(),
        last_event_id: "1".to_owned(),
    }];
    assert_eq!(decode(&mut decoder, [&stream[..]]), expected);
}

#[test]
fn a_hidden_comment_needs_no_memory() {
    let comment = [":", &"c".repeat(9000), "\n"].concat();
    let stream = ["data\n", &comment, "\n"].concat();
    for pushes in [vec![stream.as_bytes()], cut(stream.as_bytes(), 100)] {
        let mut decoder = Decoder::<0, 0>::new();
        assert_eq!(decode(&mut decoder, pushes), [message("", "")]);
    }
}

#[test]
fn a_shown_comment_shares_memory_with_the_unfinished_event() {
    let mut decoder = open_decoder::<8, 0>();
    let items = decode(
        &mut decoder,
        [&b"data:12345\n:678\n:6789\ndata:7\n:\n\n"[..]],
    );
    let expected = [
        Item::Comment("678".to_owned()),
        Item::TooLong(TooLong::Comment),
        Item::Comment(String::new()),
        message("12345\n7", ""),
    ];
    assert_eq!(items, expected);
}
