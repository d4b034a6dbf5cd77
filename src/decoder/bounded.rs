//! Bytes up to a capacity, or the length of what was longer.

use crate::buffer::Buffer;
use crate::utf8::{self, text};

/// One of the decoder's buffers.
pub(super) struct Bounded<const N: usize> {
    bytes: Buffer<[u8; N]>,
    /// The length of everything that came, if that is too long; else 0.
    too_long: usize,
}

impl<const N: usize> Bounded<N> {
    pub(super) const fn new() -> Self {
        Self {
            bytes: Buffer::new(),
            too_long: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.too_long = 0;
    }

    /// Once too long, it stays empty until it is cleared.
    pub(super) fn push(&mut self, piece: &[u8]) {
        if self.too_long > 0 || self.bytes.extend_from_slice(piece).is_err() {
            self.skip(piece.len());
        }
    }

    #[cold]
    fn skip(&mut self, len: usize) {
        self.too_long = (self.too_long + self.bytes.len()).saturating_add(len);
        self.bytes.clear();
    }

    pub(super) fn copy_from(&mut self, other: &Self) {
        self.clear();
        self.push(&other.bytes);
        self.too_long = other.too_long;
    }

    /// Makes the content text. `borrowed`, if given, is the whole content and is not here yet: it
    /// is given back if it can be used as it is. Either way the same contents are too long, and give
    /// back their length: an answer that depended on it would depend on the cuts.
    pub(super) fn decode<'i>(
        &mut self,
        borrowed: Option<&'i [u8]>,
    ) -> Result<Option<&'i str>, usize> {
        if let Some(bytes) = borrowed {
            if bytes.len() > N {
                return Err(bytes.len());
            }
            if let Ok(text) = utf8::from_utf8(bytes) {
                return Ok(Some(text));
            }
            self.clear();
            self.push(bytes);
        }
        if self.too_long > 0 {
            return Err(self.too_long);
        }
        if self.bytes.is_empty() {
            return Ok(Some(""));
        }
        utf8::decode(self.bytes.as_view(), 0)?;
        Ok(None)
    }

    /// The content, after [`decode`](Self::decode) has found nothing amiss.
    pub(super) fn as_str(&self) -> &str {
        text(&self.bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bare memory, for another use while it holds nothing.
    pub(super) fn memory(&mut self) -> &mut Buffer<[u8; N]> {
        &mut self.bytes
    }
}
