//! The search for line ends.

use memchr::memchr2;

use crate::bytes::{each_byte, word};

/// The position of the first LF or CR.
#[inline]
pub(super) fn line_end(bytes: &[u8]) -> Option<usize> {
    line_end_by::<{ size_of::<usize>() }>(bytes)
}

/// Searches words of `WORD` bytes. This is a parameter so that tests on a 64-bit machine can run the code of
/// a 32-bit machine.
#[inline]
fn line_end_by<const WORD: usize>(bytes: &[u8]) -> Option<usize> {
    let Some((near, far)) = bytes.split_at_checked(4 * WORD) else {
        return in_words::<WORD>(bytes, 0);
    };
    if let found @ Some(_) = in_words::<WORD>(near, 0) {
        return found;
    }
    // On 64-bit hosts `memchr` uses vector instructions. It is faster, but slower to start.
    if WORD == 8 {
        return memchr2(b'\n', b'\r', far).map(|found| near.len() + found);
    }
    let (words, _) = far.as_chunks::<WORD>();
    let (groups, _) = words.as_chunks::<4>();
    let is_clear = |group: &&[[u8; WORD]; 4]| {
        let words = group.iter();
        words.fold(0, |any, bytes| any | low_bytes(*bytes)) == 0
    };
    let clear = groups.iter().take_while(is_clear).count() * 4 * WORD;
    in_words::<WORD>(bytes, near.len() + clear)
}

#[inline]
fn in_words<const WORD: usize>(bytes: &[u8], mut at: usize) -> Option<usize> {
    let (words, rest) = bytes.get(at..)?.as_chunks::<WORD>();
    for bytes_of_word in words {
        let mut low = low_bytes(*bytes_of_word);
        while low != 0 {
            let found = at + low.trailing_zeros() as usize / 8;
            if bytes.get(found).is_some_and(is_line_end) {
                return Some(found);
            }
            low &= low - 1;
        }
        at += WORD;
    }
    rest.iter().position(is_line_end).map(|found| at + found)
}

/// Sets the high bit of each byte below 0x0E, and of some bytes above such a byte. In text these
/// bytes are line ends and, rarely, tabs.
#[inline]
fn low_bytes<const WORD: usize>(bytes: [u8; WORD]) -> usize {
    let word = word(bytes);
    word.wrapping_sub(each_byte::<WORD>(0x0E)) & !word & each_byte::<WORD>(0x80)
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
        for len in 0..100 {
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
