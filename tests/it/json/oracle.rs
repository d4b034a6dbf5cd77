//! `serde_json` is the oracle: both must accept the same texts and return the same values.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::json_of;

/// Random sequences of tokens.
#[test]
fn random_tokens_are_json_if_serde_json_accepts_them() {
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
            valid += u32::from(check(&text));
        }
    }
    assert!(valid > 10_000, "{valid}");
}

/// Valid texts, and the same texts with one byte changed.
#[test]
fn valid_json_with_one_wrong_byte_is_judged_as_by_serde_json() {
    let mut random = Random(2);
    let (mut valid, mut invalid) = (0, 0);
    for _ in 0..20_000 {
        let mut text = String::new();
        some_json(&mut random, 0, &mut text);
        assert!(check(&text), "{text}");
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
            let count = if check(&text) {
                &mut valid
            } else {
                &mut invalid
            };
            *count += 1;
        }
    }
    assert!(valid > 10_000 && invalid > 10_000, "{valid}, {invalid}");
}

#[test]
fn only_valid_json_is_accepted() {
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

/// Compares both parsers, with a text that is skipped and with the same text as a value. Returns whether
/// it is JSON.
fn check(text: &str) -> bool {
    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    assert_eq!(json_of::<IgnoredAny>(text).is_ok(), is_json, "{text}");
    // As a value, an unpaired surrogate or a number beyond a float is an error.
    let value = serde_json::from_str::<Value>(text);
    match (json_of::<Value>(text), value) {
        (Ok(ours), Ok(value)) => assert!(is_same(&ours, &value), "{ours}, not {value}"),
        (ours, value) => assert_eq!(ours.is_ok(), value.is_ok(), "{text}"),
    }
    is_json
}

/// Floats may differ a little, because `serde_json` does not round to the nearest one.
fn is_same(ours: &Value, value: &Value) -> bool {
    use Value::{Array, Number, Object};
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

struct Random(u32);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 / 7) as usize % end
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
