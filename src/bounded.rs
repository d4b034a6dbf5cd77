//! Bytes up to a capacity, or the knowledge that there were more.

use core::ops::{Deref, DerefMut};

use crate::utf8;

/// Bytes up to a capacity. What comes is copied at once, where `heapless::Vec` takes byte by byte.
pub(crate) struct Buffer<B: ?Sized> {
    len: usize,
    bytes: B,
}

/// It does not fit.
#[derive(Debug)]
pub(crate) struct Full;

impl<const N: usize> Buffer<[u8; N]> {
    pub(crate) const fn new() -> Self {
        Self {
            len: 0,
            bytes: [0; N],
        }
    }

    /// Of any capacity.
    pub(crate) fn as_view(&mut self) -> &mut Buffer<[u8]> {
        self
    }
}

impl<B: ?Sized + AsRef<[u8]> + AsMut<[u8]>> Buffer<B> {
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = len.min(self.len);
    }

    /// Drops so many at the front.
    pub(crate) fn drain(&mut self, count: usize) {
        let left = self.len.saturating_sub(count);
        utf8::copy_within(self.bytes.as_mut(), count, left, 0);
        self.len = left;
    }

    pub(crate) fn push(&mut self, byte: u8) -> Result<(), Full> {
        let place = self.bytes.as_mut().get_mut(self.len).ok_or(Full)?;
        *place = byte;
        self.len += 1;
        Ok(())
    }

    pub(crate) fn extend_from_slice(&mut self, piece: &[u8]) -> Result<(), Full> {
        if let [byte] = piece {
            // Far less than a call of `memcpy`.
            return self.push(*byte);
        }
        let room = self.bytes.as_mut().get_mut(self.len..).ok_or(Full)?;
        let place = room.get_mut(..piece.len()).ok_or(Full)?;
        place.copy_from_slice(piece);
        self.len += piece.len();
        Ok(())
    }

    /// Makes room at the end, in which there is anything.
    pub(crate) fn grow(&mut self, by: usize) -> Result<(), Full> {
        if by > self.bytes.as_ref().len().saturating_sub(self.len) {
            return Err(Full);
        }
        self.len += by;
        Ok(())
    }
}

impl<B: ?Sized + AsRef<[u8]>> Deref for Buffer<B> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.as_ref().get(..self.len).unwrap_or_default()
    }
}

impl<B: ?Sized + AsRef<[u8]> + AsMut<[u8]>> DerefMut for Buffer<B> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.bytes.as_mut().get_mut(..self.len).unwrap_or_default()
    }
}

/// One of the decoder's buffers.
pub(crate) struct Bounded<const N: usize> {
    bytes: Buffer<[u8; N]>,
    /// How long all that has come is, if that is too long; else 0.
    too_long: usize,
}

impl<const N: usize> Bounded<N> {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: Buffer::new(),
            too_long: 0,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.too_long = 0;
    }

    /// Once too long, it stays empty until it is cleared.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        if self.too_long > 0 || self.bytes.extend_from_slice(piece).is_err() {
            self.skip(piece.len());
        }
    }

    #[cold]
    fn skip(&mut self, len: usize) {
        self.too_long = (self.too_long + self.bytes.len()).saturating_add(len);
        self.bytes.clear();
    }

    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.clear();
        self.push(&other.bytes);
        self.too_long = other.too_long;
    }

    /// Makes the content text. `borrowed`, if given, is the whole content and is not here yet: it
    /// is given back if it can be used as it is. Either way the same contents are too long, and give
    /// back their length: an answer that depended on it would depend on the cuts.
    pub(crate) fn decode<'i>(
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
    pub(crate) fn as_str(&self) -> &str {
        text(&self.bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bare memory, for another use while it holds nothing.
    pub(crate) fn memory(&mut self) -> &mut Buffer<[u8; N]> {
        &mut self.bytes
    }
}

/// Text that was decoded before. It is looked at again because nothing else than looking makes a
/// `str` of bytes without `unsafe`.
pub(crate) fn text(bytes: &[u8]) -> &str {
    utf8::from_utf8(bytes).unwrap_or_default()
}
