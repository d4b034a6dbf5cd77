//! Typed events. Run with `--all-features`.

#![cfg(feature = "json")]

use embedded_sse::{Decoder, Event, InvalidJson, Item};
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize)]
struct Product<'a> {
    id: u32,
    name: &'a str,
    price: Option<f32>,
    #[serde(default)]
    tags: heapless::Vec<heapless::String<16>, 4>,
}

/// Of one event with this data, in a hundred pieces.
fn with<R>(data: &str, look: impl FnOnce(Result<Product<'_>, InvalidJson>) -> R) -> R {
    let mut decoder: Decoder<1024> = Decoder::new();
    let stream = format!("data: {data}\n\n");
    for byte in stream.as_bytes() {
        if let Some(Item::Event(event)) = decoder.decode(&mut &[*byte][..]) {
            return look(event.json());
        }
    }
    panic!("no event");
}

#[test]
fn an_event_has_the_type_that_is_asked_for() {
    with(
        r#"{"id": 7, "name": "tea", "price": 2.5, "more": [1, {"a": "\n"}], "tags": ["gr\u00fcn", "a\"b"]}"#,
        |product| {
            let product = product.unwrap();
            assert_eq!(
                (product.id, product.name, product.price),
                (7, "tea", Some(2.5))
            );
            assert_eq!(product.tags, ["grün", "a\"b"]);
        },
    );
}

#[test]
fn nothing_wrong_is_passed_on_in_silence() {
    for data in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"id": 7}"#,
        r#"{"id": -1, "name": "tea", "price": null}"#,
        r#"{"id": 4294967296, "name": "tea", "price": null}"#,
        r#"{"id": 7, "name": "tea", "price": null} x"#,
        // An escape in what cannot hold its meaning.
        r#"{"id": 7, "name": "t\u0065a", "price": null}"#,
        r#"{"id": 7, "name": "a\\b", "price": null}"#,
        // One character in two escapes.
        r#"{"id": 7, "name": "tea", "price": null, "tags": ["\ud83c\udf0d"]}"#,
        r#"{"id": 7, "name": "tea", "price": null, "tags": ["\x"]}"#,
        // Too long for its type, and for the stack.
        r#"{"id": 7, "name": "tea", "price": null, "tags": ["0123456789abcdef\n"]}"#,
        &format!(
            r#"{{"id": 7, "name": "tea", "price": null, "tags": ["{}\n"]}}"#,
            "x".repeat(300)
        ),
    ] {
        with(data, |product| {
            let invalid = product.expect_err(data).to_string();
            assert!(invalid.starts_with("JSON: "), "{invalid}");
        });
    }
}

/// `serde_json` is the oracle: what it refuses is refused here, whatever type is asked for.
#[test]
fn what_is_no_json_is_refused() {
    let pieces = [
        "{", "}", "[", "]", ",", ":", "\"", "a", "\\", "n", "u00e9", "u+041", "null", "true", "1",
        "0", "-", "+", ".", "e", " ", "\t", "\u{1}", "\"k\":", "{}", "[]", "qqq", "1.2.3", "é",
    ];
    let mut random = 1_u32;
    let mut valid = 0;
    for _ in 0..300_000 {
        let mut text = String::new();
        loop {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            if random.is_multiple_of(7) {
                break;
            }
            text += pieces[(random / 7) as usize % pieces.len()];
        }
        for text in [format!("{{\"z\":{text}}}"), text] {
            let is_json = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            let taken = json_of::<serde::de::IgnoredAny>(&text).is_ok();
            // A lone surrogate, say, is a matter of meaning; but nothing wrong is taken.
            assert!(is_json || !taken, "{text:?}");
            valid += u32::from(is_json && taken);
        }
    }
    assert!(valid > 10_000, "{valid}");
}

fn json_of<T: for<'a> Deserialize<'a>>(data: &str) -> Result<T, InvalidJson> {
    let event = Event {
        event_type: "message",
        data,
        last_event_id: "",
    };
    event.json()
}

#[test]
fn valid_json_is_taken() {
    for text in [
        "0",
        "-0",
        "1.5e-3",
        "1E5",
        "\"\\u00e9\\n\\/\"",
        "[1, 2]",
        "[]",
        " { } ",
        "{\"a\":{\"b\":[null,true,false]}}",
        "\"é\u{7f}\"",
        "\n[\r\n\t]",
    ] {
        let text = format!("[{text}]");
        assert!(json_of::<serde::de::IgnoredAny>(&text).is_ok(), "{text}");
    }
    for text in [
        "01", "+1", ".5", "1.", "1e", "[,1]", "[1,]", "{\"a\"}", "{a:1}", "\"a", "\"\\x\"", "nul",
        "1 2", "",
    ] {
        assert!(json_of::<serde::de::IgnoredAny>(text).is_err(), "{text}");
    }
    assert!(json_of::<f32>("+1").is_err() && json_of::<f64>("01").is_err());
}

/// Else a server could have it take all of the stack.
#[test]
fn what_is_too_deep_is_refused() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(json_of::<serde::de::IgnoredAny>(&nested(32)).is_ok());
    assert!(json_of::<serde::de::IgnoredAny>(&nested(33)).is_err());
    assert!(json_of::<serde::de::IgnoredAny>(&"[".repeat(1_000_000)).is_err());
}

#[test]
fn long_strings_need_no_memory_if_they_have_no_escapes() {
    let name = "x".repeat(900);
    let data = format!(r#"{{"id": 7, "name": "{name}", "price": null}}"#);
    with(&data, |product| assert_eq!(product.unwrap().name, name));
}
