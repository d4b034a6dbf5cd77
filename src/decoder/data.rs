//! The memory for the data of an event.

use super::bounded::Bounded;

/// Where the parser joins the data of an event: memory of a fixed size, or the growing memory of the feature
/// `stream`.
pub(crate) trait DataBuffer {
    /// The length of the longest data, in bytes of text.
    fn most(&self) -> usize;

    fn len(&self) -> usize;

    /// Appends bytes, and returns the [`bits`](crate::bytes::bits) of them.
    fn push(&mut self, piece: &[u8]) -> usize;

    /// Drops what comes after the first `len` bytes.
    fn truncate(&mut self, len: usize);

    fn clear(&mut self);

    /// Replaces ill-formed UTF-8. `bits` are what `push` returned for the content, and perhaps more.
    ///
    /// Fails with the length if the data is too long.
    fn decode(&mut self, bits: usize) -> Result<(), usize>;
}

impl<const N: usize> DataBuffer for Bounded<[u8; N]> {
    #[inline]
    fn most(&self) -> usize {
        N
    }

    #[inline]
    fn len(&self) -> usize {
        self.bytes().len()
    }

    #[inline]
    fn push(&mut self, piece: &[u8]) -> usize {
        self.as_view().push(piece)
    }

    fn truncate(&mut self, len: usize) {
        self.memory().truncate(len);
    }

    #[inline]
    fn clear(&mut self) {
        self.clear();
    }

    #[inline]
    fn decode(&mut self, bits: usize) -> Result<(), usize> {
        self.as_view().decode(bits)
    }
}
