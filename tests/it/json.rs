//! Typed events. Run with `--all-features`.

#![cfg(feature = "json")]

use embedded_sse::{Decoder, Event, InvalidJson, Item};
use serde::Deserialize;
use serde::de::IgnoredAny;

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
        // Half a character.
        r#"{"id": 7, "name": "tea", "price": null, "tags": ["\ud83c"]}"#,
        r#"{"id": 7, "name": "tea", "price": null, "tags": ["\udf0d\ud83c"]}"#,
        // No number is beyond its type, and `null` is none.
        r#"{"id": 7, "name": "tea", "price": 1e39}"#,
        r#"{"id": null, "name": "tea", "price": null}"#,
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

/// `serde_json` is the oracle: what it refuses is refused here, what it takes is taken, and what it
/// makes of it is the same.
#[test]
fn what_is_json_is_what_serde_json_takes() {
    let pieces = [
        "{", "}", "[", "]", ",", ":", "\"", "a", "\\", "n", "u00e9", "u+041", "null", "true", "1",
        "0", "-", "+", ".", "e", " ", "\t", "\u{1}", "\"k\":", "{}", "[]", "qqq", "1.2.3", "é",
    ];
    let mut random = Random(1);
    let mut valid = 0;
    for _ in 0..300_000 {
        let mut text = String::new();
        while random.below(7) != 0 {
            text += pieces[random.below(pieces.len())];
        }
        for text in [format!("{{\"z\":{text}}}"), text] {
            valid += u32::from(is_what_serde_json_says(&text));
        }
    }
    assert!(valid > 10_000, "{valid}");
}

/// The same with texts that are nearly JSON: valid ones, and those with one byte changed.
#[test]
fn valid_json_with_one_mistake_is_what_serde_json_says() {
    let mut random = Random(2);
    let (mut valid, mut invalid) = (0, 0);
    for _ in 0..20_000 {
        let mut text = String::new();
        some_json(&mut random, 0, &mut text);
        assert!(is_what_serde_json_says(&text), "{text}");
        for _ in 0..4 {
            let mut bytes = text.clone().into_bytes();
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => _ = bytes.remove(at),
                1 => bytes[at] = b"{}[],:\"\\0-.eu \n"[random.below(15)],
                _ => bytes.insert(at, b"{}[],:\"\\0-.eu \n"[random.below(15)]),
            }
            let Ok(text) = String::from_utf8(bytes) else {
                continue;
            };
            let count = if is_what_serde_json_says(&text) {
                &mut valid
            } else {
                &mut invalid
            };
            *count += 1;
        }
    }
    assert!(valid > 10_000 && invalid > 10_000, "{valid}, {invalid}");
}

struct Random(u32);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 / 7) as usize % end
    }
}

/// Whether it is JSON, skipped and as a value.
fn is_what_serde_json_says(text: &str) -> bool {
    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    assert_eq!(json_of::<IgnoredAny>(text).is_ok(), is_json, "{text}");
    // As a value, half a character and what is beyond a float is none.
    let value = serde_json::from_str::<serde_json::Value>(text);
    match (json_of::<serde_json::Value>(text), value) {
        (Ok(ours), Ok(value)) => assert!(is_same(&ours, &value), "{ours}, not {value}"),
        (ours, value) => assert_eq!(ours.is_ok(), value.is_ok(), "{text}"),
    }
    is_json
}

/// But that `serde_json` does not round to the nearest float.
fn is_same(ours: &serde_json::Value, value: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (ours, value) {
        (Number(ours), Number(value)) if ours.is_f64() => {
            let (ours, value) = (ours.as_f64().unwrap(), value.as_f64().unwrap());
            (ours - value).abs() <= value.abs() * 1e-15 + f64::MIN_POSITIVE
        }
        (Array(ours), Array(value)) => {
            ours.len() == value.len() && ours.iter().zip(value).all(|(a, b)| is_same(a, b))
        }
        (Object(ours), Object(value)) => {
            let same = |(a, b): ((&String, _), (&String, _))| a.0 == b.0 && is_same(a.1, b.1);
            ours.len() == value.len() && ours.iter().zip(value).all(same)
        }
        _ => ours == value,
    }
}

fn some_json(random: &mut Random, depth: usize, text: &mut String) {
    let leaves = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "17",
        "-3.25e2",
        "1E+5",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "0.1",
        "1e999",
        "-1e-999",
        "\"\"",
        "\"a\"",
        "\"é🌍\"",
        "\"\\u00e9\\n\\/\\\\\\\"\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\\ude00\\ud83d\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ud83dx\"",
        "\"\\uD83D\\uDE00x\"",
    ];
    let count = random.below(4);
    let spaces = ["", "", " ", "\n\t"];
    match random.below(if depth < 5 { 4 } else { 2 }) {
        2 => {
            *text += "[";
            for index in 0..count {
                *text += if index > 0 { "," } else { "" };
                *text += spaces[random.below(4)];
                some_json(random, depth + 1, text);
                *text += spaces[random.below(4)];
            }
            *text += "]";
        }
        3 => {
            *text += "{";
            for index in 0..count {
                *text += if index > 0 { "," } else { "" };
                *text += spaces[random.below(4)];
                *text += ["\"a\"", "\"\"", "\"\\n\"", "\"é\""][random.below(4)];
                *text += spaces[random.below(4)];
                *text += ":";
                some_json(random, depth + 1, text);
            }
            *text += "}";
        }
        _ => *text += leaves[random.below(leaves.len())],
    }
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
        assert!(json_of::<IgnoredAny>(&text).is_ok(), "{text}");
    }
    for text in [
        "01", "+1", ".5", "1.", "1e", "[,1]", "[1,]", "{\"a\"}", "{a:1}", "\"a", "\"\\x\"", "nul",
        "1 2", "",
    ] {
        assert!(json_of::<IgnoredAny>(text).is_err(), "{text}");
    }
    assert!(json_of::<f32>("+1").is_err() && json_of::<f64>("01").is_err());
}

#[derive(Debug, PartialEq, Deserialize)]
struct Outer<'a> {
    a: u32,
    #[serde(borrow)]
    inner: Inner<'a>,
    list: heapless::Vec<Inner<'a>, 4>,
    kind: Kind<'a>,
    more: Option<Inner<'a>>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Inner<'a> {
    b: &'a str,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Kind<'a> {
    Plain,
    With {
        c: bool,
    },
    #[serde(borrow)]
    New(Inner<'a>),
    Pair(u8, i8),
}

/// Values as they come in fields that nobody asked for.
fn unnamed() -> Vec<String> {
    let nested = |begin: &str, end: &str| {
        let (begin, end) = (begin.repeat(10_000), end.repeat(10_000));
        format!("{begin}0{end}")
    };
    let mut values: Vec<_> = [
        "null",
        "1e999",
        "-1e-999",
        "[]",
        "{}",
        "[{}]",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\\ude00\\ud83d\"",
        "\"\\u0000\"",
        "\"\\\\\\\"\"",
        "[1,\"]\",{\"}\":\"{\"}]",
        "{\"a\":1,\"a\":2}",
        "{\"b\":[],\"inner\":{\"b\":\"no\"}}",
    ]
    .map(str::to_owned)
    .into();
    values.push("9".repeat(400));
    values.push(format!(
        "-{}.{}E-{}",
        "9".repeat(400),
        "0".repeat(400),
        "9".repeat(400)
    ));
    values.push(format!("\"{}\"", "\\n".repeat(5_000)));
    values.push(format!("\"{}\"", "\\ud83d\\ude00x".repeat(300)));
    values.push(format!("[{}0]", "0,".repeat(10_000)));
    values.push(nested("[", "]"));
    values.push(nested("{\"\\ud83d\":", "}"));
    values.push(nested("[{\"a\" : ", "}\n]"));
    values.push(nested("[0,{\"a\":1,\"b\":", ",\"c\":\"\\n\"},2]"));
    values
}

#[test]
fn fields_that_the_type_does_not_name_are_skipped_whatever_they_contain() {
    let keys = [
        "\"x\"".to_owned(),
        "\"\\ud83d\"".into(),
        format!("\"{}\"", "\\n".repeat(300)),
    ];
    for value in unnamed() {
        for key in &keys {
            let x = format!("{key}:{value}");
            let inner = |b: &str| format!("{{{x},\"b\":\"{b}\",{x}}}");
            for (kind, want) in [
                ("\"Plain\"".to_owned(), Kind::Plain),
                (
                    format!("{{\"With\":{{{x},\"c\":true,{x}}}}}"),
                    Kind::With { c: true },
                ),
                (
                    format!("{{\"New\":{}}}", inner("n")),
                    Kind::New(Inner { b: "n" }),
                ),
                ("{\"Pair\":[1,-1]}".to_owned(), Kind::Pair(1, -1)),
            ] {
                let text = format!(
                    "{{{x},\"a\":5,{x},\"inner\":{},\"list\":[{},{}],\"kind\":{kind},{x},\"more\":{}, {x}}}",
                    inner("i"),
                    inner("l"),
                    inner("m"),
                    inner("o"),
                );
                let event = Event {
                    event_type: "message",
                    data: &text,
                    last_event_id: "",
                };
                let got: Outer = event.json().unwrap();
                assert_eq!((got.a, got.inner.b, got.kind), (5, "i", want));
                assert!(got.list.iter().map(|inner| inner.b).eq(["l", "m"]));
                assert_eq!(got.more, Some(Inner { b: "o" }));
            }
        }
        // Without a type for it at all.
        json_of::<IgnoredAny>(&value).unwrap();
        json_of::<Option<IgnoredAny>>(&value).unwrap();
        json_of::<[IgnoredAny; 2]>(&format!("[{value},{value}]")).unwrap();
    }
}

/// Also so deep that not all that is open is remembered.
#[test]
fn what_is_no_json_is_refused_in_fields_that_nobody_asked_for() {
    #[derive(Debug, Deserialize)]
    struct Nothing {}

    for depth in [1, 2, 63, 64, 65, 66, 1000, 10_000] {
        for (begin, end, wrong_end) in [
            ("[", "]", "}"),
            ("{\"a\":", "}", "]"),
            ("[{\"a\":", "}]", "]}"),
        ] {
            let text = |before: &str, behind: &str| {
                let (begin, end) = (begin.repeat(depth), end.repeat(depth));
                format!("{{\"x\":{before}{begin}0{end}{behind}}}")
            };
            json_of::<Nothing>(&text("[", ",1]")).unwrap();
            json_of::<Nothing>(&text("{\"b\":", ",\"c\":1}")).unwrap();
            for (before, behind) in [
                ("[", "}"),
                ("{\"b\":", "]"),
                ("[", ",\"c\":1]"),
                ("[", ",\"c\":1}"),
                ("{\"b\":", ",1}"),
                ("{\"b\":", ",1]"),
                ("[", ",]"),
                ("[", ""),
                ("", "]"),
                ("", wrong_end),
                ("[", "1]"),
                ("{", "}"),
                ("[", "\u{1}]"),
                ("[,", "]"),
            ] {
                let text = text(before, behind);
                assert!(
                    json_of::<Nothing>(&text).is_err(),
                    "{depth}: {before} {behind}"
                );
            }
        }
    }
    for value in [
        "\"\\x\"",
        "\"\\u12\"",
        "\"\t\"",
        "01",
        "1.",
        "nul",
        "'a'",
        "[1 2]",
        "{\"a\" 1}",
        "",
    ] {
        let text = format!("{{\"x\":{value}}}");
        assert!(json_of::<Nothing>(&text).is_err(), "{text}");
    }
}

/// A field that is named is a mistake if it comes twice, as `serde_json` has it.
#[test]
fn a_named_field_comes_once() {
    assert!(json_of::<Pair>(r#"{"x": 1, "y": 2, "z": 1, "z": 2}"#).is_ok());
    assert!(json_of::<Pair>(r#"{"x": 1, "y": 2, "x": 1}"#).is_err());
}

#[derive(Debug, PartialEq, Deserialize)]
struct Pair {
    x: i32,
    y: i32,
}

#[test]
fn two_escapes_for_one_character_are_that_character() {
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

/// The names of fields and variants may have escapes too.
#[test]
fn names_have_their_escapes_resolved() {
    assert_eq!(
        json_of(r#"{"\u0078": 1, "\u0079": 2}"#),
        Ok(Pair { x: 1, y: 2 })
    );
    let event = Event {
        event_type: "message",
        data: r#"{"Wit\u0068": {"\u0063": true}}"#,
        last_event_id: "",
    };
    assert_eq!(event.json(), Ok(Kind::With { c: true }));
    assert!(json_of::<Pair>(r#"{"x": 1, "\ud83d": 2}"#).is_err());
}

/// Linear, and on a small stack.
#[test]
fn skipping_takes_no_stack_and_time_by_the_byte() {
    let skip = || {
        let text = format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
        json_of::<IgnoredAny>(&text).unwrap();
        assert!(json_of::<IgnoredAny>(&text[1..]).is_err());
        assert!(json_of::<IgnoredAny>(&text[..text.len() - 1]).is_err());
    };
    let small = std::thread::Builder::new().stack_size(64 << 10);
    small.spawn(skip).unwrap().join().unwrap();
}

/// Else a server could have a type that contains itself take all of the stack.
#[test]
fn what_the_type_asks_for_is_32_deep_at_most() {
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
fn numbers_are_exact_or_an_error() {
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
fn long_strings_need_no_memory_if_they_have_no_escapes() {
    let name = "x".repeat(900);
    let data = format!(r#"{{"id": 7, "name": "{name}", "price": null}}"#);
    with(&data, |product| assert_eq!(product.unwrap().name, name));
}
