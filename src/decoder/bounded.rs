//! A buffer that remembers the length of content that is too long.

use crate::buffer::Buffer;
use crate::bytes::is_ascii;
use crate::utf8::{self, text};

/// A buffer of the decoder.
pub(super) struct Bounded<B: ?Sized> {
    /// The length of the whole content if it does not fit, else 0.
    too_long: usize,
    bytes: Buffer<B>,
}

impl<const N: usize> Bounded<[u8; N]> {
    pub(super) const fn new() -> Self {
        Self {
            too_long: 0,
            bytes: Buffer::new(),
        }
    }

    /// Erases the capacity from the type, so that the code is linked once.
    #[inline]
    pub(super) fn as_view(&mut self) -> &mut Bounded<[u8]> {
        self
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.too_long = 0;
    }

    pub(super) fn copy_from(&mut self, other: &Self) {
        self.clear();
        self.as_view().push(&other.bytes);
        self.too_long = other.too_long;
    }

    /// The content as text. Valid after [`decode`](Self::decode) returned `Ok`.
    pub(super) fn as_str(&self) -> &str {
        text(&self.bytes)
    }

    pub(super) fn bytes(&self) -> &Buffer<[u8; N]> {
        &self.bytes
    }

    /// The raw buffer, without the length check: for idle memory, comments and pieces.
    pub(super) fn memory(&mut self) -> &mut Buffer<[u8; N]> {
        &mut self.bytes
    }
}

impl Bounded<[u8]> {
    /// Appends bytes, and returns the [`bits`](crate::bytes::bits) of them. Once the content is too long, only its
    /// length grows until `clear`.
    #[inline]
    pub(super) fn push(&mut self, piece: &[u8]) -> usize {
        if self.too_long == 0
            && let Ok(bits) = self.bytes.append(piece)
        {
            return bits;
        }
        self.skip(piece.len())
    }

    #[cold]
    fn skip(&mut self, len: usize) -> usize {
        self.too_long = (self.too_long + self.bytes.len()).saturating_add(len);
        self.bytes.clear();
        0
    }

    /// Repairs ill-formed UTF-8. `bits` are what `push` returned for the content, and perhaps more.
    ///
    /// Fails with the length if the content is too long.
    pub(super) fn decode(&mut self, bits: usize) -> Result<(), usize> {
        if self.too_long > 0 {
            return Err(self.too_long);
        }
        match is_ascii(&self.bytes, bits) {
            true => Ok(()),
            false => utf8::decode(&mut self.bytes, 0),
        }
    }
}
