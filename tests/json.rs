//! Typed events. Run with `--all-features`.

#![cfg(feature = "json")]

use embedded_sse::{Decoder, InvalidJson, Item};
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

#[test]
fn long_strings_need_no_memory_if_they_have_no_escapes() {
    let name = "x".repeat(900);
    let data = format!(r#"{{"id": 7, "name": "{name}", "price": null}}"#);
    with(&data, |product| assert_eq!(product.unwrap().name, name));
}
