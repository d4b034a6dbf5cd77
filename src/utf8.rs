//! The standard's "UTF-8 decode", in place: each maximal ill-formed sequence becomes U+FFFD.

use core::str;

use crate::buffer::Buffer;
use crate::bytes::copy_within;

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
    if from_utf8(raw).is_ok() {
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
