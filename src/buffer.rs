//! A byte buffer of fixed capacity.

use core::ops::{Deref, DerefMut};

use crate::bytes::{bits, copy, copy_bits, copy_within};

/// A buffer like `heapless::Vec`, but it copies slices as a whole instead of byte by byte.
pub(crate) struct Buffer<B: ?Sized> {
    len: usize,
    bytes: B,
}

/// The error of a buffer without enough room.
#[derive(Debug)]
pub(crate) struct Full;

impl<const N: usize> Buffer<[u8; N]> {
    pub(crate) const fn new() -> Self {
        Self {
            len: 0,
            bytes: [0; N],
        }
    }

    /// Erases the capacity from the type, so that the code that uses the buffer is linked once.
    pub(crate) fn as_view(&mut self) -> &mut Buffer<[u8]> {
        self
    }
}

impl<B: ?Sized + AsRef<[u8]> + AsMut<[u8]>> Buffer<B> {
    /// Shadows `len` of the slice, which would check bounds.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// How many bytes can be added.
    pub(crate) fn room(&self) -> usize {
        self.bytes.as_ref().len().saturating_sub(self.len)
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = len.min(self.len);
    }

    /// Removes the first `count` bytes.
    pub(crate) fn drain(&mut self, count: usize) {
        let left = self.len.saturating_sub(count);
        copy_within(self.bytes.as_mut(), count, left, 0);
        self.len = left;
    }

    pub(crate) fn push(&mut self, byte: u8) -> Result<(), Full> {
        let place = self.bytes.as_mut().get_mut(self.len).ok_or(Full)?;
        *place = byte;
        self.len += 1;
        Ok(())
    }

    pub(crate) fn extend_from_slice(&mut self, piece: &[u8]) -> Result<(), Full> {
        let room = self.bytes.as_mut().get_mut(self.len..).ok_or(Full)?;
        let place = room.get_mut(..piece.len()).ok_or(Full)?;
        copy(place, piece);
        self.len += piece.len();
        Ok(())
    }

    /// Adds bytes, and returns the [`bits`] of them.
    #[inline]
    pub(crate) fn append(&mut self, piece: &[u8]) -> Result<usize, Full> {
        if let [byte] = piece {
            // Some transports deliver single bytes.
            return self.push(*byte).map(|()| bits(*byte));
        }
        let room = self.bytes.as_mut().get_mut(self.len..).ok_or(Full)?;
        let place = room.get_mut(..piece.len()).ok_or(Full)?;
        self.len += piece.len();
        Ok(copy_bits(place, piece))
    }

    /// Adds `by` bytes with unspecified content at the end.
    pub(crate) fn grow(&mut self, by: usize) -> Result<(), Full> {
        if by > self.room() {
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
