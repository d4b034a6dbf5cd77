//! The search for line ends.

use memchr::memchr2;

use crate::bytes::{each_byte, word};

#[cfg(feature = "wide")]
mod vectors;

/// Splits off the first line with its end, which is not in the first `searched` bytes.
#[inline]
pub(super) fn split_line(bytes: &[u8], searched: usize) -> Option<(&[u8], &[u8])> {
    let end = searched + line_end(bytes.get(searched..)?)?;
    let (line, rest) = bytes.split_at_checked(end)?;
    let ([b'\r', b'\n', rest @ ..] | [_, rest @ ..] | rest @ []) = rest;
    Some((line, rest))
}

/// The position of the first LF or CR.
#[inline]
pub(super) fn line_end(bytes: &[u8]) -> Option<usize> {
    #[cfg(feature = "wide")]
    return vectors::line_end(bytes);
    #[cfg(not(feature = "wide"))]
    line_end_by::<{ size_of::<usize>() }>(bytes)
}

/// Searches words of `WORD` bytes. This is a parameter so that tests on a 64-bit machine can run the code of
/// a 32-bit machine. The first word is searched in place, since many lines are short.
#[inline]
fn line_end_by<const WORD: usize>(bytes: &[u8]) -> Option<usize> {
    if let Some(first) = bytes.first_chunk::<WORD>() {
        let found = low_byte(*first);
        if found < WORD && bytes.get(found).is_some_and(is_line_end) {
            return Some(found);
        }
    }
    far_line_end::<WORD>(bytes)
}

#[inline]
fn far_line_end<const WORD: usize>(bytes: &[u8]) -> Option<usize> {
    match (WORD, bytes.len()) {
        // Calling `memchr2` takes longer.
        (8, ..8) => bytes.iter().position(is_line_end),
        // It uses vector instructions, if the machine has some.
        (8, _) => memchr2(b'\n', b'\r', bytes),
        _ => line_end_in_words::<WORD>(bytes),
    }
}

#[inline(never)]
fn line_end_in_words<const WORD: usize>(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..)?;
        at += clear_words::<WORD>(rest);
        loop {
            let rest = bytes.get(at..)?;
            let Some(word) = rest.first_chunk::<WORD>() else {
                return rest.iter().position(is_line_end).map(|found| at + found);
            };
            let found = low_byte(*word);
            at += found;
            if found < WORD {
                break;
            }
        }
        if is_line_end(bytes.get(at)?) {
            return Some(at);
        }
        // It was a tab, for example.
        at += 1;
    }
}

/// The length of the part at the front that has no low bytes, in groups of four words.
#[inline]
fn clear_words<const WORD: usize>(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((group, behind)) = rest.split_first_chunk::<16>()
        && let [a, b, c, d] = group.as_chunks::<WORD>().0
        && low_bytes(*a) | low_bytes(*b) | low_bytes(*c) | low_bytes(*d) == 0
    {
        rest = behind;
    }
    bytes.len() - rest.len()
}

/// The position of the first low byte, or `WORD`.
#[inline]
fn low_byte<const WORD: usize>(bytes: [u8; WORD]) -> usize {
    WORD.min(low_bytes(bytes).trailing_zeros() as usize / 8)
}

/// Line ends are below this byte. Of other text, only tabs are.
const LOW: u8 = 0x0E;

/// Sets the high bit of each low byte, and of some bytes above such a byte.
#[inline]
fn low_bytes<const WORD: usize>(bytes: [u8; WORD]) -> usize {
    let word = word(bytes);
    word.wrapping_sub(each_byte::<WORD>(LOW)) & !word & each_byte::<WORD>(0x80)
}

#[inline]
pub(super) fn is_line_end(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn finds_what_a_plain_search_finds() {
        check(line_end);
    }

    #[test]
    fn finds_what_a_plain_search_finds_on_a_machine_of_32_bits() {
        check(line_end_by::<4>);
    }

    fn check(line_end: fn(&[u8]) -> Option<usize>) {
        for len in (0..100).chain(126..131).chain(160..170) {
            for at in 0..=len {
                for (filler, end) in [
                    (b'a', b'\n'),
                    (b'\t', b'\r'),
                    (0xFF, b'\n'),
                    (0, b'\r'),
                    (0x0E, b'\n'),
                ] {
                    let mut bytes: Vec<u8> = std::iter::repeat_n(filler, len).collect();
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = end;
                    }
                    for start in 0..len.min(9) {
                        let bytes = &bytes[start..];
                        assert_eq!(line_end(bytes), bytes.iter().position(is_line_end));
                    }
                }
            }
        }
    }
}
