//! The standard's "UTF-8 decode", in place: each maximal ill-formed sequence becomes U+FFFD.

use core::str;

use crate::buffer::Buffer;
use crate::bytes::{copy_within, each_byte, word};

#[cfg(not(feature = "simdutf8"))]
pub(crate) use core::str::from_utf8;
#[cfg(feature = "simdutf8")]
pub(crate) use simdutf8::basic::from_utf8;

const REPLACEMENT: [u8; 3] = *b"\xEF\xBF\xBD";

/// Replaces ill-formed UTF-8 in `bytes[start..]`.
///
/// An ill-formed sequence has 1 to 3 bytes and its replacement has 3. If the result does not fit,
/// nothing changes and the error is the length that it would have.
pub(crate) fn decode(bytes: &mut Buffer<[u8]>, start: usize) -> Result<(), usize> {
    let raw = bytes.get(start..).unwrap_or_default();
    if is_ascii(raw) || from_utf8(raw).is_ok() {
        return Ok(());
    }
    let len = raw.len();
    let mut growth = 0;
    let mut rest = raw;
    while let (valid, invalid @ 1..) = first_chunk(rest) {
        growth += REPLACEMENT.len() - invalid;
        rest = rest.get(valid + invalid..).unwrap_or_default();
    }
    bytes.grow(growth).map_err(|_| len + growth)?;

    // Move the text to the end of the enlarged buffer and decode it to the front. The gap between
    // reading and writing is the remaining growth, so writing never overtakes reading.
    let Some(text) = bytes.get_mut(start..) else {
        return Ok(());
    };
    copy_within(text, 0, len, growth);
    let (mut read, mut write) = (growth, 0);
    while read < text.len() {
        let (valid, invalid) = first_chunk(text.get(read..).unwrap_or_default());
        copy_within(text, read, valid, write);
        read += valid + invalid;
        write += valid;
        if invalid > 0 {
            if let Some(room) = text.get_mut(write..write + REPLACEMENT.len()) {
                room.copy_from_slice(&REPLACEMENT);
            }
            write += REPLACEMENT.len();
        }
    }
    Ok(())
}

/// Converts bytes that are known to be UTF-8 to text. They are checked again, because without
/// `unsafe` only a check makes a `str`.
pub(crate) fn text(bytes: &[u8]) -> &str {
    from_utf8(bytes).unwrap_or_default()
}

/// Whether all bytes are ASCII.
fn is_ascii(bytes: &[u8]) -> bool {
    if WORD == 8 {
        // Four words become vector instructions on 64-bit hosts.
        is_ascii_by::<8, 4, 32>(bytes)
    } else {
        is_ascii_by::<WORD, 1, WORD>(bytes)
    }
}

const WORD: usize = size_of::<usize>();

/// Combines `LANES` words of `WORD` bytes in one step. These are parameters so that tests on a 64-bit machine
/// can run the code of a 32-bit machine. It has no early exit, because nearly all input is ASCII.
fn is_ascii_by<const WORD: usize, const LANES: usize, const GROUP: usize>(bytes: &[u8]) -> bool {
    let (groups, rest) = bytes.as_chunks::<GROUP>();
    let mut any = [0; LANES];
    for group in groups {
        for (any, bytes) in any.iter_mut().zip(group.as_chunks::<WORD>().0) {
            *any |= word(*bytes);
        }
    }
    let high = each_byte::<WORD>(0x80);
    any.iter().all(|any| any & high == 0) && rest.is_ascii()
}

/// The number of valid bytes at the front, and the number of bytes in the ill-formed sequence after
/// them.
pub(crate) fn first_chunk(bytes: &[u8]) -> (usize, usize) {
    match str::from_utf8(bytes) {
        Ok(_) => (bytes.len(), 0),
        Err(error) => {
            let valid = error.valid_up_to();
            let rest = bytes.len() - valid;
            (valid, error.error_len().map_or(rest, usize::from))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_like_the_standard_library() {
        let pieces: [&[u8]; 12] = [
            b"a",
            "é".as_bytes(),
            "€".as_bytes(),
            "🌍".as_bytes(),
            b"\xE2\x82",
            b"\xF0\x9F\x98",
            b"\xC3",
            b"\x80",
            b"\xFF",
            b"\xED\xA0\x80",
            b"\xF5\x80",
            b"\n",
        ];
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    let raw = [a, b, c].concat();
                    let want = std::string::String::from_utf8_lossy(&raw).into_owned();
                    let mut bytes = Buffer::<[u8; 64]>::new();
                    bytes.extend_from_slice(b"\xFFkept").unwrap();
                    bytes.extend_from_slice(&raw).unwrap();
                    decode(&mut bytes, 5).unwrap();
                    assert_eq!(&bytes[..5], b"\xFFkept");
                    assert_eq!(core::str::from_utf8(&bytes[5..]), Ok(want.as_str()));
                }
            }
        }
    }

    #[test]
    fn finds_each_byte_that_is_not_ascii() {
        check(is_ascii);
    }

    #[test]
    fn finds_each_byte_that_is_not_ascii_on_a_32_bit_machine() {
        check(is_ascii_by::<4, 1, 4>);
    }

    fn check(is_ascii: fn(&[u8]) -> bool) {
        for len in 0..100 {
            let mut bytes = std::vec![0x7F; len];
            assert!(is_ascii(&bytes), "{len} bytes");
            for at in 0..len {
                for other in [0x80, 0xFF] {
                    bytes[at] = other;
                    assert!(!is_ascii(&bytes), "{other:#x} at {at} of {len} bytes");
                }
                bytes[at] = 0;
            }
        }
    }

    #[test]
    fn text_that_does_not_fit_is_an_error() {
        let mut bytes = Buffer::<[u8; 8]>::new();
        bytes.extend_from_slice(b"a\xFFb\xFFcd").unwrap();
        assert!(decode(&mut bytes, 0).is_err());
        let mut bytes = Buffer::<[u8; 10]>::new();
        bytes.extend_from_slice(b"a\xFFb\xFFcd").unwrap();
        decode(&mut bytes, 0).unwrap();
        assert_eq!(&bytes[..], "a\u{FFFD}b\u{FFFD}cd".as_bytes());
    }
}
