//! A buffer that remembers the length of content that is too long.

use crate::buffer::Buffer;
use crate::utf8::{self, text};

/// A buffer of the decoder.
pub(super) struct Bounded<const N: usize> {
    bytes: Buffer<[u8; N]>,
    /// The length of the whole content if it does not fit, else 0.
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

    /// Appends bytes. Once the content is too long, only its length grows until `clear`.
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

    /// Converts the content to UTF-8.
    ///
    /// `borrowed`, if given, is the whole content, which was not copied here. It is returned if it
    /// is valid UTF-8, and copied and repaired otherwise. `Ok(None)` means that the text is in the
    /// buffer.
    ///
    /// Fails with the length if the content is too long. The limit is the same for borrowed
    /// content, so that the result does not depend on how the input was cut.
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

    /// The content as text. Valid after [`decode`](Self::decode) returned `Ok`.
    pub(super) fn as_str(&self) -> &str {
        text(&self.bytes)
    }

    pub(super) fn bytes(&self) -> &Buffer<[u8; N]> {
        &self.bytes
    }

    /// The raw buffer, for another use while it is empty.
    pub(super) fn memory(&mut self) -> &mut Buffer<[u8; N]> {
        &mut self.bytes
    }
}
