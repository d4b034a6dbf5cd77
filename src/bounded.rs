//! Bytes up to a capacity, or the knowledge that there were more.

use core::str;

use heapless::Vec;

use crate::utf8::{self, Full};

/// One of the decoder's buffers.
pub(crate) struct Bounded<const N: usize> {
    bytes: Vec<u8, N>,
    overflow: bool,
}

impl<const N: usize> Bounded<N> {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            overflow: false,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.overflow = false;
    }

    /// Once too long, it stays empty until it is cleared.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        if !self.overflow && self.bytes.extend_from_slice(piece).is_err() {
            self.bytes.clear();
            self.overflow = true;
        }
    }

    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.clear();
        self.push(&other.bytes);
        self.overflow = other.overflow;
    }

    /// Makes the content text. `borrowed`, if given, is the whole content and is not here yet: it
    /// is given back if it can be used as it is. Either way the same contents are [`Full`]: an
    /// answer that depended on it would depend on the cuts.
    pub(crate) fn decode<'i>(
        &mut self,
        borrowed: Option<&'i [u8]>,
    ) -> Result<Option<&'i str>, Full> {
        if let Some(bytes) = borrowed {
            if bytes.len() > N {
                return Err(Full);
            }
            if let Ok(text) = str::from_utf8(bytes) {
                return Ok(Some(text));
            }
            self.clear();
            self.push(bytes);
        }
        if self.overflow {
            return Err(Full);
        }
        utf8::decode(&mut self.bytes, 0)?;
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
    pub(crate) fn memory(&mut self) -> &mut Vec<u8, N> {
        &mut self.bytes
    }
}

/// Text that was decoded before. It is looked at again because nothing else than looking makes a
/// `str` of bytes without `unsafe`.
pub(crate) fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}
