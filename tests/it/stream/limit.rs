//! Long events, and events that are too long.

use embedded_sse::TooLong;
use embedded_sse::stream::{ByteStreamExt, StreamError};

use super::event;
use super::script::{Item, Step, all, chunk, next, script};

/// The items of a stream in chunks of this length.
fn items(stream: &[u8], len: usize, limit: usize) -> Vec<Item> {
    let chunks = stream.chunks(len).map(|bytes| Step::Chunk(bytes.to_vec()));
    all(&mut script(chunks).0.event_stream().with_data_limit(limit))
}

fn too_long(len: usize) -> Item {
    Err(StreamError::TooLong(TooLong::Data { len }))
}

#[test]
fn the_limit_holds_to_the_byte() {
    // Around nothing, and around the sizes at which the parser begins to join pieces.
    for limit in [
        0_usize, 1, 2, 10, 2730, 2731, 8191, 8192, 8193, 16_384, 24_000,
    ] {
        for len in limit.saturating_sub(2)..=limit + 3 {
            let data = "x".repeat(len);
            let stream = format!("id: 1\ndata: {data}\n\n:\n\ndata:\n\n");
            let first = match len <= limit {
                true => Ok(event("message", &data, "1")),
                false => too_long(len),
            };
            let expected = [first, Ok(event("message", "", "1"))];
            for chunk in [1, 7, 4096, stream.len()] {
                let items = items(stream.as_bytes(), chunk, limit);
                assert!(
                    items == expected,
                    "limit {limit}, data {len}, chunks {chunk}"
                );
            }
        }
    }
}

#[test]
fn the_limit_counts_lines_and_what_replaces_ill_formed_text() {
    let stream = b"data: a\ndata: \xFF\n\ndata: b\n\n";
    for chunk in 1..=stream.len() {
        let fits = Ok(event("message", "a\n\u{FFFD}", ""));
        let b = Ok(event("message", "b", ""));
        assert_eq!(items(stream, chunk, 5), [fits, b.clone()]);
        assert_eq!(items(stream, chunk, 4), [too_long(5), b]);
    }
}

#[test]
fn a_long_event_of_ill_formed_text_is_whole() {
    let stream = [b"data: ", &b"\xFFa\xE2\x82".repeat(10_000)[..], b"\n\n"].concat();
    let expected = [Ok(event(
        "message",
        &"\u{FFFD}a\u{FFFD}".repeat(10_000),
        "",
    ))];
    for chunk in [1, 1000, stream.len()] {
        assert!(
            items(&stream, chunk, 70_000) == expected,
            "chunks of {chunk}"
        );
        assert_eq!(items(&stream, chunk, 69_999), [too_long(70_000)]);
    }
}

/// Around the lengths at which the parser begins to split events, as bytes and as text.
#[test]
fn ill_formed_text_of_any_length_is_whole() {
    for len in [
        2720, 2725, 2730, 2731, 2735, 8000, 8180, 8186, 8192, 8193, 9000, 9900, 10_300, 10_700,
        10_900,
    ] {
        let data = b"\xFF".repeat(len);
        let stream = [b"data\n\ndata:", &data[..], b"\n\n"].concat();
        let text = "\u{FFFD}".repeat(len);
        let expected = [
            Ok(event("message", "", "")),
            Ok(event("message", &text, "")),
        ];
        for chunk in [
            1,
            64,
            1000,
            2720,
            2730,
            2731,
            2732,
            4096,
            8192,
            stream.len(),
        ] {
            let is_whole = items(&stream, chunk, 1 << 20) == expected;
            assert!(is_whole, "{len} bytes in chunks of {chunk}");
        }
    }
}

#[test]
fn an_event_that_is_too_long_changes_the_id_and_nothing_else() {
    let long = "x".repeat(30_000);
    let stream = format!("event: a\ndata: {long}\nid: 1\ndata: {long}\n\ndata: b\n\n");
    for chunk in [1, 999, stream.len()] {
        let expected = [too_long(60_001), Ok(event("message", "b", "1"))];
        assert_eq!(items(stream.as_bytes(), chunk, 60_000), expected);
    }
}

#[test]
fn an_id_or_a_type_has_up_to_4096_bytes() {
    let (fits, long) = ("i".repeat(4096), "i".repeat(4097));
    for (field, error) in [
        ("id", TooLong::Id { len: 4097 }),
        ("event", TooLong::EventType { len: 4097 }),
    ] {
        // Also if the data comes in pieces, which must not be added to the next event then.
        for data in ["a".to_owned(), "a".repeat(20_000)] {
            let stream = format!(
                "{field}: {fits}\ndata: {data}\n\ndata: {data}\n{field}: {long}\n\nid: 1\ndata: b\n\n"
            );
            let first = match field {
                "id" => event("message", &data, &fits),
                _ => event(&fits, &data, ""),
            };
            let expected = [
                Ok(first),
                Err(StreamError::TooLong(error)),
                Ok(event("message", "b", "1")),
            ];
            for chunk in [1, 1000, stream.len()] {
                assert!(
                    items(stream.as_bytes(), chunk, 1 << 20) == expected,
                    "{field}"
                );
            }
        }
        let text = StreamError::<std::io::Error>::TooLong(error).to_string();
        assert!(text.contains("4097 bytes, more than 4096"), "{text}");
    }
}

/// 14 MB in one line and in many. The count of polls shows that no chunk is fetched twice, and the
/// capacity that the memory stays within the limit.
#[test]
fn an_event_of_14_mb_is_one_event() {
    const LEN: usize = 14 << 20;
    let line = "0123456789abcde";
    for (head, data) in [
        ("data: ", line.repeat(LEN / line.len())),
        ("", vec![line; LEN / 16].join("\n")),
    ] {
        let stream = match head {
            "" => format!("data: {}\n\n", data.replace('\n', "\ndata: ")),
            head => format!("{head}{data}\n\n"),
        };
        for chunk in [64, 16 * 1024, stream.len()] {
            let chunks = stream.as_bytes().chunks(chunk);
            let count = chunks.len();
            let (bytes, seen) = script(chunks.map(|bytes| Step::Chunk(bytes.to_vec())));
            let limit = LEN + 1000;
            let items = all(&mut bytes.event_stream().with_data_limit(limit));
            let [Ok(event)] = &items[..] else {
                panic!("{} items", items.len());
            };
            assert!(event.data == data, "chunks of {chunk}");
            assert!(event.data.capacity() <= limit, "{}", event.data.capacity());
            assert_eq!(seen.polls(), count + 1);
        }
    }
}

#[test]
fn an_event_holds_at_most_twice_the_memory_of_its_data() {
    let lens = [100, 8192, 8193, 100_000, 8193, 17, 1, 20_000, 5000];
    let events = lens.map(|len| format!("data: {}\n\n", "x".repeat(len)));
    let stream = events.concat();
    for chunk in [64, 5000, stream.len()] {
        let items = items(stream.as_bytes(), chunk, 1 << 20);
        assert_eq!(items.len(), lens.len());
        for (item, len) in items.into_iter().zip(lens) {
            let data = item.unwrap().data;
            assert_eq!(data.len(), len);
            assert!(data.capacity() <= 2 * len, "{len} in chunks of {chunk}");
        }
    }
}

#[test]
fn the_default_limit_is_16_mib() {
    const LIMIT: usize = 16 << 20;
    let data = "x".repeat(LIMIT + 1);
    let stream = |data: &str| {
        let (bytes, _) = script([chunk("data: "), chunk(data), chunk("\n\n")]);
        all(&mut bytes.event_stream())
    };
    assert!(stream(&data[1..]) == [Ok(event("message", &data[1..], ""))]);
    assert_eq!(stream(&data), [too_long(LIMIT + 1)]);
}

#[test]
fn a_limit_raised_within_an_event_does_not_truncate_it() {
    let first = "A".repeat(30_000);
    let (bytes, _seen) = script([
        chunk(&format!("data: {first}")),
        Step::Pending,
        chunk("tail\n\ndata: b\n\n"),
    ]);
    let mut events = bytes.event_stream().with_data_limit(100);
    assert_eq!(next(&mut events), std::task::Poll::Pending);
    let mut events = events.with_data_limit(1 << 20);
    let items = all(&mut events);
    assert_eq!(items, [too_long(30_004), Ok(event("message", "b", ""))]);
}
