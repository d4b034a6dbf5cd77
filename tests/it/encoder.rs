//! The server side: encoded events decode to the same events.

use std::time::Duration;

use embedded_sse::{Decoder, InvalidOutgoing, Item, Outgoing};

/// The items that a client gets if it shows everything.
fn decoded(stream: &str) -> Vec<String> {
    let mut decoder: Decoder<4096> = Decoder::new();
    decoder.show_comments(true);
    decoder.show_retry(true);
    let mut input = stream.as_bytes();
    let mut items = Vec::new();
    while let Some(item) = decoder.decode(&mut input) {
        items.push(match item {
            Item::Event(event) => {
                let (event_type, id) = (event.event_type, event.last_event_id);
                format!("{event_type}|{id}|{}", event.data)
            }
            Item::Comment(comment) => format!(":{comment}"),
            Item::Retry(time) => format!("retry {}", time.as_millis()),
            other => panic!("{other:?}"),
        });
    }
    items
}

fn encoded(outgoing: Outgoing<'_>) -> String {
    outgoing.encode().unwrap().to_string()
}

#[test]
fn each_part_arrives() {
    let all = Outgoing {
        comment: Some(" a\nb"),
        retry: Some(Duration::from_millis(1500)),
        event_type: Some("add"),
        id: Some("7"),
        data: Some("x\ny"),
    };
    let text = encoded(all);
    assert_eq!(
        text,
        ": a\n:b\nretry: 1500\nevent: add\nid: 7\ndata: x\ndata: y\n\n"
    );
    assert_eq!(decoded(&text), [": a", ":b", "retry 1500", "add|7|x\ny"]);
    assert_eq!(encoded(Outgoing::HEARTBEAT), ":\n\n");
}

#[test]
fn texts_arrive_unchanged() {
    for text in [
        "", " ", "  two", "\n", "\n\n", "a\n", "\na", "a\n\nb", ":", "data: x", "é🌍", "\0",
        "\u{FEFF}", "\u{2028}", "\t",
    ] {
        let data = encoded(Outgoing::data(text));
        assert_eq!(decoded(&data), [format!("message||{text}")], "{text:?}");
        let line = text.replace('\n', "");
        let event_type = encoded(Outgoing {
            event_type: Some(&line),
            ..Outgoing::data("x")
        });
        let want = if line.is_empty() { "message" } else { &line };
        assert_eq!(decoded(&event_type), [format!("{want}||x")], "{line:?}");
        let line = line.replace('\0', "");
        let id = encoded(Outgoing {
            id: Some(&line),
            ..Outgoing::data("x")
        });
        assert_eq!(decoded(&id), [format!("message|{line}|x")], "{line:?}");
    }
}

#[test]
fn every_line_end_arrives_as_lf() {
    for text in ["a\rb", "a\r\nb", "a\nb"] {
        assert_eq!(decoded(&encoded(Outgoing::data(text))), ["message||a\nb"]);
    }
    let text = encoded(Outgoing::data("\r\r\n\n\r"));
    assert_eq!(decoded(&text), ["message||\n\n\n\n"]);
}

#[test]
fn an_id_without_data_is_no_event_but_counts() {
    let id = encoded(Outgoing {
        id: Some("5"),
        data: None,
        ..Outgoing::data("")
    });
    assert_eq!(decoded(&(id + "data: x\n\n")), ["message|5|x"]);
}

#[test]
fn texts_that_would_break_the_stream_are_refused() {
    for text in ["\n", "a\rb", "a\r\n"] {
        let event_type = Outgoing {
            event_type: Some(text),
            ..Outgoing::data("x")
        };
        assert_eq!(event_type.encode(), Err(InvalidOutgoing::EventType));
    }
    for text in ["\n", "a\rb", "a\0"] {
        let id = Outgoing {
            id: Some(text),
            ..Outgoing::data("x")
        };
        assert_eq!(id.encode(), Err(InvalidOutgoing::Id));
    }
}

#[test]
fn a_retry_time_is_encoded_in_milliseconds() {
    for (time, text) in [
        (Duration::ZERO, "0"),
        (Duration::from_micros(1999), "1"),
        (Duration::from_millis(u64::MAX), "18446744073709551615"),
        (Duration::MAX, "18446744073709551615"),
    ] {
        let retry = Outgoing {
            retry: Some(time),
            data: None,
            ..Outgoing::data("")
        };
        assert_eq!(encoded(retry), format!("retry: {text}\n\n"));
    }
}

#[test]
fn an_event_can_be_written_to_an_async_writer() {
    let encoded = Outgoing::data("a\nb").encode().unwrap();
    let mut memory = [0; 64];
    let mut out = &mut memory[..];
    embassy_futures::block_on(encoded.write_to(&mut out)).unwrap();
    let left = out.len();
    assert_eq!(memory[..64 - left], *b"data: a\ndata: b\n\n");
}
