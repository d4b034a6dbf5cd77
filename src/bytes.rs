//! Copying and searching without panics and with little code.
//!
//! The functions of the standard library that these replace contain a panic that the optimizer
//! cannot remove, or are much larger.

use core::{iter, mem};

/// Copies all of `from` to the front of `to`, or nothing if it does not fit.
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    if let Some(to) = to.get_mut(..from.len()) {
        to.copy_from_slice(from);
    }
}

/// Like `slice::copy_within`, but does nothing if a range is out of bounds.
pub(crate) fn copy_within(bytes: &mut [u8], from: usize, len: usize, to: usize) {
    if let Some(end) = from.checked_add(len)
        && end <= bytes.len()
        && to <= bytes.len() - len
    {
        bytes.copy_within(from..end, to);
    }
}

/// Copies the bytes, and returns the [`bits`] of them. Both slices must have the same length.
///
/// On a Cortex-M4 it takes a third of the instructions of `memcpy` and another loop. It copies four words at
/// once, because the compiler would make `memcpy` of single words.
#[inline]
pub(crate) fn copy_bits(to: &mut [u8], from: &[u8]) -> usize {
    if HAS_VECTORS {
        copy(to, from);
        return 0;
    }
    let Some(last) = from.len().checked_sub(GROUP) else {
        for (from, to) in from.iter().zip(to) {
            *to = *from;
        }
        return from.iter().fold(0, |all, byte| all | bits(*byte));
    };
    let mut bits = 0;
    let mut at = 0;
    while let Some(from) = from.get(at..)
        && let Some(to) = to.get_mut(at..)
        && let Some(from) = from.first_chunk::<GROUP>()
        && let Some(to) = to.first_chunk_mut::<GROUP>()
        && let [a, b, c, d] = from.as_chunks().0
        && let [to_a, to_b, to_c, to_d] = to.as_chunks_mut().0
    {
        let a = usize::from_ne_bytes(*a);
        let b = usize::from_ne_bytes(*b);
        let c = usize::from_ne_bytes(*c);
        let d = usize::from_ne_bytes(*d);
        *to_a = a.to_ne_bytes();
        *to_b = b.to_ne_bytes();
        *to_c = c.to_ne_bytes();
        *to_d = d.to_ne_bytes();
        bits |= a | b | c | d;
        if at == last {
            break;
        }
        // The last group may overlap the one before.
        at = last.min(at + GROUP);
    }
    bits
}

const GROUP: usize = 4 * size_of::<usize>();

/// Such machines have vector instructions, so `memcpy` and a search for bytes that are not ASCII are faster than
/// one loop for both.
const HAS_VECTORS: bool = size_of::<usize>() == 8;

/// The bits that are set in a byte, or 0 where [`is_ascii`] does not use them.
#[inline]
pub(crate) fn bits(byte: u8) -> usize {
    match HAS_VECTORS {
        true => 0,
        false => byte.into(),
    }
}

/// Whether `bytes` are ASCII. `bits` are the [`bits`] of all of them.
#[inline]
pub(crate) fn is_ascii(bytes: &[u8], bits: usize) -> bool {
    let bits = match HAS_VECTORS {
        true => {
            let (words, rest) = bytes.as_chunks();
            let words = words.iter().map(|word| usize::from_ne_bytes(*word));
            let rest = rest.iter().map(|byte| usize::from(*byte));
            words.chain(rest).fold(0, |bits, more| bits | more)
        }
        false => bits,
    };
    bits & each_byte::<{ size_of::<usize>() }>(0x80) == 0
}

/// Like `slice::rotate_left`, but does nothing if `by` is out of bounds.
pub(crate) fn rotate_left(bytes: &mut [u8], by: usize) {
    if by <= bytes.len() {
        // Three reversals are much smaller than `slice::rotate_left`.
        let (before, behind) = bytes.split_at_mut(by);
        reverse(before);
        reverse(behind);
        reverse(bytes);
    }
}

/// Like `slice::reverse`, which is optimized for speed.
fn reverse(mut bytes: &mut [u8]) {
    while let [first, between @ .., last] = bytes {
        mem::swap(first, last);
        bytes = between;
    }
}

/// Whether `bytes` contains `byte`.
#[expect(
    clippy::manual_contains,
    reason = "`contains` searches word by word, which is much code for short slices"
)]
pub(crate) fn has(bytes: &[u8], byte: u8) -> bool {
    bytes.iter().any(|other| *other == byte)
}

/// Splits a text before the first of some ASCII bytes, or at its end. The searches of `str` accept
/// any pattern, so they are larger, and the optimizer cannot prove that they do not panic.
pub(crate) fn split_at_any<'a>(whole: &'a str, stops: &[u8]) -> (&'a str, &'a str) {
    let at = whole.bytes().position(|byte| has(stops, byte));
    whole
        .split_at_checked(at.unwrap_or(whole.len()))
        .unwrap_or((whole, ""))
}

/// Parses decimal digits. Returns `None` if there are no digits, other characters, or more than 64
/// bits.
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = Some(digit.wrapping_sub(b'0')).filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

/// Writes a number in decimal to the end of `memory`. Returns the digits.
pub(crate) fn write_decimal(mut number: usize, memory: &mut [u8; 20]) -> &[u8] {
    let mut start = memory.len();
    for place in memory.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
        start -= 1;
        if number == 0 {
            break;
        }
    }
    memory.get(start..).unwrap_or_default()
}

/// The decimal digits of a number, each as a `&str`.
pub(crate) fn digits<'a>(number: u64) -> impl Iterator<Item = &'a str> {
    let mut unit = 1;
    while number.checked_div(unit).is_some_and(|rest| rest >= 10) {
        unit *= 10;
    }
    iter::from_fn(move || {
        let digit = (number.checked_div(unit)?) % 10;
        unit /= 10;
        let digit = digit as usize;
        "0123456789".get(digit..=digit)
    })
}

/// Whether `names` contains `name`, ignoring ASCII case.
pub(crate) fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// The first `LEN` bytes of a word, which has at least as many; the others are 0. The first byte is the
/// lowest.
#[inline]
pub(crate) fn word<const LEN: usize>(bytes: [u8; LEN]) -> usize {
    let mut all = [0; size_of::<usize>()];
    if let Some(first) = all.first_chunk_mut() {
        *first = bytes;
    }
    usize::from_le_bytes(all)
}

/// The [`word`] in which each of `LEN` bytes has this value.
#[inline]
pub(crate) fn each_byte<const LEN: usize>(value: u8) -> usize {
    word([value; LEN])
}
