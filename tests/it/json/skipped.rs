//! Fields that the type does not name: they are checked and skipped.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{event, json_of};

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

/// Values for the fields that the type does not name.
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
fn unnamed_fields_are_skipped_whatever_they_contain() {
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
                let got: Outer = event(&text).json().unwrap();
                assert_eq!((got.a, got.inner.b, got.kind), (5, "i", want));
                assert!(got.list.iter().map(|inner| inner.b).eq(["l", "m"]));
                assert_eq!(got.more, Some(Inner { b: "o" }));
            }
        }
        // The whole value is skipped.
        json_of::<IgnoredAny>(&value).unwrap();
        json_of::<Option<IgnoredAny>>(&value).unwrap();
        json_of::<[IgnoredAny; 2]>(&format!("[{value},{value}]")).unwrap();
    }
}

/// Even if more levels are open than the parser remembers.
#[test]
fn invalid_json_in_an_unnamed_field_is_refused() {
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

/// A megabyte of brackets, on a small stack.
#[test]
fn skipping_takes_linear_time_and_constant_stack() {
    let skip = || {
        let text = format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
        json_of::<IgnoredAny>(&text).unwrap();
        assert!(json_of::<IgnoredAny>(&text[1..]).is_err());
        assert!(json_of::<IgnoredAny>(&text[..text.len() - 1]).is_err());
    };
    let small = std::thread::Builder::new().stack_size(64 << 10);
    small.spawn(skip).unwrap().join().unwrap();
}
