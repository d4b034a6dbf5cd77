//! The search for line ends.

use memchr::memchr2;

const WORD: usize = size_of::<usize>();
const EACH_BYTE: usize = usize::MAX / 0xFF;

/// The position of the first LF or CR.
#[inline]
pub(super) fn line_end(bytes: &[u8]) -> Option<usize> {
    let Some((near, far)) = bytes.split_at_checked(4 * WORD) else {
        return in_words(bytes, 0);
    };
    if let found @ Some(_) = in_words(near, 0) {
        return found;
    }
    // On 64-bit hosts `memchr` uses vector instructions. It is faster, but slower to start.
    if WORD == 8 {
        return memchr2(b'\n', b'\r', far).map(|found| near.len() + found);
    }
    let (groups, _) = far.as_chunks::<{ 4 * WORD }>();
    let is_clear = |group: &&[u8; 4 * WORD]| {
        let (words, _) = group.as_chunks::<WORD>();
        words.iter().fold(0, |any, word| any | low_bytes(*word)) == 0
    };
    let clear = groups.iter().take_while(is_clear).count() * 4 * WORD;
    in_words(bytes, near.len() + clear)
}

#[inline]
fn in_words(bytes: &[u8], mut at: usize) -> Option<usize> {
    let (words, rest) = bytes.get(at..)?.as_chunks::<WORD>();
    for word in words {
        let mut low = low_bytes(*word);
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
fn low_bytes(word: [u8; WORD]) -> usize {
    let word = usize::from_le_bytes(word);
    word.wrapping_sub(EACH_BYTE * 0x0E) & !word & (EACH_BYTE * 0x80)
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
