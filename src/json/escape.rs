//! Strings with escapes.

use serde::de::Visitor;

use super::{InvalidJson, Problem};
use crate::buffer::Buffer;
use crate::utf8::text;

/// The greatest length of an unescaped string in bytes. It is on the stack while the visitor runs.
const LONGEST_ESCAPED: usize = 256;

/// Not inlined, so that its buffer is not on the stack of the callers.
#[inline(never)]
pub(super) fn visit_unescaped<'de, V: Visitor<'de>>(
    string: &str,
    visitor: V,
    otherwise: fn(V, InvalidJson) -> Result<V::Value, InvalidJson>,
) -> Result<V::Value, InvalidJson> {
    let mut memory = Buffer::<[u8; LONGEST_ESCAPED]>::new();
    match unescape(string, memory.as_view()) {
        Ok(()) => visitor.visit_str(text(&memory)),
        Err(problem) => otherwise(visitor, InvalidJson(problem)),
    }
}

fn unescape(mut string: &str, memory: &mut Buffer<[u8]>) -> Result<(), Problem> {
    let mut push = |text: &str| {
        let pushed = memory.extend_from_slice(text.as_bytes());
        pushed.map_err(|_| Problem::LongEscaped)
    };
    while let Some((before, escape)) = string.split_once('\\') {
        push(before)?;
        let (character, behind) = escaped(escape).ok_or(Problem::UnpairedSurrogate)?;
        push(character.encode_utf8(&mut [0; 4]))?;
        string = behind;
    }
    push(string)
}

/// The character of an escape sequence, and the text after it. `None` for an unpaired surrogate:
/// the syntax was checked before.
fn escaped(escape: &str) -> Option<(char, &str)> {
    let mut behind = escape.chars();
    let character = match behind.next()? {
        'b' => '\u{8}',
        'f' => '\u{C}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return code_point(behind.as_str()),
        itself => itself,
    };
    Some((character, behind.as_str()))
}

/// Parses the four hex digits of `\u`, or a pair of surrogates.
fn code_point(text: &str) -> Option<(char, &str)> {
    let (first, behind) = code_unit(text)?;
    if let Some(character) = char::from_u32(first.into()) {
        return Some((character, behind));
    }
    let (second, behind) = code_unit(behind.strip_prefix("\\u")?)?;
    let character = char::decode_utf16([first, second]).next()?;
    Some((character.ok()?, behind))
}

fn code_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, behind) = text.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, behind))
}
