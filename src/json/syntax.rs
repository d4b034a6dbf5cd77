//! Whether a text is JSON at all (RFC 8259): `serde-json-core` takes much for it that is none, and goes
//! as deep into what nobody asked for as it is told to.

/// Arrays and objects in each other.
const DEEPEST: u32 = 32;

pub(super) fn is_valid(text: &[u8]) -> bool {
    value(white(text), DEEPEST).is_some_and(|rest| white(rest).is_empty())
}

/// Each returns what is behind it.
fn value(text: &[u8], depth: u32) -> Option<&[u8]> {
    match text {
        [b'{', rest @ ..] => list(rest, b'}', depth, |text, depth| {
            let [b':', rest @ ..] = white(string(text)?) else {
                return None;
            };
            value(white(rest), depth)
        }),
        [b'[', rest @ ..] => list(rest, b']', depth, value),
        [b'"', ..] => string(text),
        [b't', b'r', b'u', b'e', rest @ ..]
        | [b'f', b'a', b'l', b's', b'e', rest @ ..]
        | [b'n', b'u', b'l', b'l', rest @ ..] => Some(rest),
        _ => number(text),
    }
}

fn list(text: &[u8], end: u8, depth: u32, item: fn(&[u8], u32) -> Option<&[u8]>) -> Option<&[u8]> {
    let depth = depth.checked_sub(1)?;
    let mut text = white(text);
    if let [first, rest @ ..] = text
        && *first == end
    {
        return Some(rest);
    }
    loop {
        text = white(item(text, depth)?);
        match text {
            [b',', rest @ ..] => text = white(rest),
            [last, rest @ ..] if *last == end => return Some(rest),
            _ => return None,
        }
    }
}

fn string(text: &[u8]) -> Option<&[u8]> {
    let mut text = text.strip_prefix(b"\"")?;
    loop {
        text = match text {
            [b'"', rest @ ..] => return Some(rest),
            [
                b'\\',
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                rest @ ..,
            ] => rest,
            [b'\\', b'u', a, b, c, d, rest @ ..]
                if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
            {
                rest
            }
            [b'\\', ..] | [..=0x1F, ..] | [] => return None,
            [_, rest @ ..] => rest,
        }
    }
}

fn number(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let mut text = match text {
        [b'0', rest @ ..] => rest,
        _ => digits(text)?,
    };
    if let [b'.', rest @ ..] = text {
        text = digits(rest)?;
    }
    if let [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] = text {
        text = digits(rest)?;
    }
    Some(text)
}

/// At least one.
fn digits(text: &[u8]) -> Option<&[u8]> {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.get(len..).filter(|_| len > 0)
}

fn white(text: &[u8]) -> &[u8] {
    let is_white = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let len = text.iter().take_while(is_white).count();
    text.get(len..).unwrap_or_default()
}
