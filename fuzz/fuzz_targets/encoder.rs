//! Encoded events decode to the same events. The input consists of fields, separated by bytes of 0xFF. Missing
//! fields are `None`.

#![no_main]

use std::time::Duration;

use embedded_sse::{Decoder, Item, Outgoing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut fields = input.splitn(5, |byte| *byte == 0xFF).map(str::from_utf8);
    let mut next = || fields.next().and_then(Result::ok);
    let (data, event_type, id, comment, retry) = (next(), next(), next(), next(), next());
    let retry: Option<u64> = retry.and_then(|retry| retry.parse().ok());
    let outgoing = Outgoing {
        comment,
        retry: retry.map(Duration::from_millis),
        event_type,
        id,
        data,
    };
    let has = |text: Option<&str>, stops: &[char]| text.is_some_and(|text| text.contains(stops));
    let Ok(encoded) = outgoing.encode() else {
        assert!(has(event_type, &['\r', '\n']) || has(id, &['\r', '\n', '\0']));
        return;
    };
    assert!(!has(event_type, &['\r', '\n']) && !has(id, &['\r', '\n', '\0']));

    let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    let mut want = Vec::new();
    if let Some(comment) = comment {
        let comment = lines(comment);
        want.extend(comment.split('\n').map(|line| format!("comment {line}")));
    }
    want.extend(retry.map(|ms| format!("retry {ms}")));
    if let Some(data) = data {
        let event_type = event_type
            .filter(|name| !name.is_empty())
            .unwrap_or("message");
        want.push(format!(
            "{event_type} {} {}",
            id.unwrap_or("before"),
            lines(data)
        ));
    }

    let mut decoder: Decoder<65536, 65536> = Decoder::new();
    decoder.set_last_event_id("before").unwrap();
    decoder.show_comments(true);
    decoder.show_retry(true);
    // Decode twice, because the first event could leave something behind.
    let text = encoded.to_string();
    for _ in 0..2 {
        let mut got = Vec::new();
        let mut input = text.as_bytes();
        while let Some(item) = decoder.decode(&mut input) {
            got.push(match item {
                Item::Event(event) => {
                    let (event_type, id) = (event.event_type, event.last_event_id);
                    format!("{event_type} {id} {}", event.data)
                }
                Item::Comment(comment) => format!("comment {comment}"),
                Item::Retry(time) => format!("retry {}", time.as_millis()),
                other => panic!("{other:?}"),
            });
        }
        assert_eq!(got, want);
        assert_eq!(decoder.last_event_id(), id.unwrap_or("before"));
        decoder.new_stream();
    }
    assert_eq!(encoded.pieces().collect::<String>(), text);
});
