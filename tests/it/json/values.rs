//! What a type gets from an event, and which errors it reports.

use embedded_sse::{Decoder, InvalidJson, Item};
use serde::Deserialize;

use super::json_of;

#[derive(Debug, PartialEq, Deserialize)]
struct Product<'a> {
    id: u32,
    name: &'a str,
    price: Option<f32>,
    #[serde(default)]
    tags: heapless::Vec<heapless::String<16>, 4>,
}

/// Parses an event with this data, which comes byte by byte.
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
fn an_event_is_parsed_into_the_callers_type() {
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
fn each_mistake_is_an_error() {
    for data in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"id": 7}"#,
        r#"{"id": -1, "name": "tea", "price": null}"#,
        r#"{"id": 4294967296, "name": "tea", "price": null}"#,
        r#"{"id": 7, "name": "tea", "price": null} x"#,
        // An escape in a borrowed string, which cannot hold the decoded text.
        r#"{"id": 7, "name": "t\u0065a", "price": null}"#,
        r#"{"id": 7, "name": "a\\b", "price": null}"#,
        // An unpaired surrogate.
        r#"{"id": 7, "name": "tea", "price": null, "tags": ["\ud83c"]}"#,
        r#"{"id": 7, "name": "tea", "price": null, "tags": ["\udf0d\ud83c"]}"#,
        // A number too large for its type, and `null` instead of a number.
        r#"{"id": 7, "name": "tea", "price": 1e39}"#,
        r#"{"id": null, "name": "tea", "price": null}"#,
        r#"{"id": 7, "name": "tea", "price": null, "tags": ["\x"]}"#,
        // A string too long for its type, and one too long for the buffer on the stack.
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
fn numbers_are_exact_or_errors() {
    assert_eq!(json_of("18446744073709551615"), Ok(u64::MAX));
    assert_eq!(json_of("-9223372036854775808"), Ok(i64::MIN));
    assert_eq!(json_of("-128"), Ok(i8::MIN));
    assert_eq!(json_of("0.1"), Ok(0.1_f32));
    assert_eq!(json_of("7"), Ok(7.0_f64));
    assert!(json_of::<u64>("18446744073709551616").is_err());
    assert!(json_of::<i64>("-9223372036854775809").is_err());
    assert!(json_of::<u8>("256").is_err() && json_of::<i8>("-129").is_err());
    assert!(json_of::<u8>("-1").is_err() && json_of::<u32>("1.0").is_err());
    assert!(json_of::<f64>("1e999").is_err() && json_of::<f32>("1e39").is_err());
    assert!(json_of::<f32>("null").is_err() && json_of::<Option<f32>>("null") == Ok(None));
    let long = format!("0.{}1", "0".repeat(400));
    assert_eq!(json_of(&long), Ok(0.0_f64));
}

#[test]
fn a_surrogate_pair_of_escapes_is_one_character() {
    type Text = heapless::String<8>;
    for (escaped, text) in [
        (r#""\ud83d\ude00""#, "😀"),
        (r#""a\uD83C\uDF0Db""#, "a🌍b"),
        (r#""\ud800\udc00\udbff\udfff""#, "\u{10000}\u{10FFFF}"),
        (r#""\u0000\uffff\ud7ff""#, "\0\u{FFFF}\u{D7FF}"),
    ] {
        assert_eq!(json_of::<Text>(escaped).as_deref(), Ok(text));
    }
    assert_eq!(json_of::<char>(r#""\ud83d\ude00""#), Ok('😀'));
    for half in [
        r#""\ud83d""#,
        r#""\ude00""#,
        r#""\ud83d\ud83d""#,
        r#""\ud83d\n""#,
        r#""\ud83d😀""#,
    ] {
        let invalid = json_of::<Text>(half).unwrap_err();
        assert_eq!(
            invalid.to_string(),
            "JSON: an escape is an unpaired surrogate"
        );
    }
}

#[test]
fn names_of_fields_and_variants_may_have_escapes() {
    assert_eq!(
        json_of(r#"{"\u0078": 1, "\u0079": 2}"#),
        Ok(Pair { x: 1, y: 2 })
    );
    let data = r#"{"Wit\u0068": {"\u0063": true}}"#;
    assert_eq!(json_of(data), Ok(Variant::With { c: true }));
    assert!(json_of::<Pair>(r#"{"x": 1, "\ud83d": 2}"#).is_err());
}

#[derive(Debug, PartialEq, Deserialize)]
enum Variant {
    With { c: bool },
}

/// `serde_json` refuses a repeated field of the type too.
#[test]
fn a_field_of_the_type_may_occur_only_once() {
    assert!(json_of::<Pair>(r#"{"x": 1, "y": 2, "z": 1, "z": 2}"#).is_ok());
    assert!(json_of::<Pair>(r#"{"x": 1, "y": 2, "x": 1}"#).is_err());
}

#[derive(Debug, PartialEq, Deserialize)]
struct Pair {
    x: i32,
    y: i32,
}

#[test]
fn a_borrowed_string_may_have_any_length() {
    let name = "x".repeat(900);
    let data = format!(r#"{{"id": 7, "name": "{name}", "price": null}}"#);
    with(&data, |product| assert_eq!(product.unwrap().name, name));
}

/// Otherwise a server could overflow the stack with a type that contains itself.
#[test]
fn a_type_may_be_at_most_32_levels_deep() {
    #[derive(Debug, Deserialize)]
    struct Deep(#[expect(dead_code)] Vec<Deep>);

    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(json_of::<Deep>(&nested(32)).is_ok());
    for text in [nested(33), "[".repeat(1_000_000)] {
        let invalid = json_of::<Deep>(&text).unwrap_err();
        assert!(
            invalid.to_string().ends_with("more than 32 levels deep"),
            "{invalid}"
        );
    }
}

#[test]
fn siblings_do_not_count_as_levels() {
    let many = format!("[{}[1]]", "[],".repeat(100));
    assert_eq!(json_of::<Vec<Vec<u8>>>(&many).unwrap().len(), 101);
    let deeper = format!("[{many}]");
    assert_eq!(json_of::<Vec<Vec<Vec<u8>>>>(&deeper).unwrap()[0].len(), 101);
}

#[test]
fn a_number_of_any_type_keeps_its_kind() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Number {
        Whole(u64),
        Negative(i64),
        Float(f64),
    }
    assert_eq!(json_of("7"), Ok(Number::Whole(7)));
    assert_eq!(json_of("-7"), Ok(Number::Negative(-7)));
    assert_eq!(json_of("7.0"), Ok(Number::Float(7.0)));
    assert_eq!(json_of("1e30"), Ok(Number::Float(1e30)));
}

#[test]
fn a_variant_with_content_is_not_a_name_alone() {
    assert!(json_of::<Variant>(r#""With""#).is_err());
    assert!(json_of::<Variant>(r#"{"With": {"c": true}}"#).is_ok());
}

/// As with `serde_json`.
#[test]
fn a_variant_without_content_may_have_null_only() {
    #[derive(Debug, PartialEq, Deserialize)]
    enum Plain {
        A,
    }
    assert_eq!(json_of(r#""A""#), Ok(Plain::A));
    assert_eq!(json_of(r#"{"A": null}"#), Ok(Plain::A));
    assert!(json_of::<Plain>(r#"{"A": 1}"#).is_err());
    assert!(json_of::<Plain>(r#"{"A": []}"#).is_err());
}
