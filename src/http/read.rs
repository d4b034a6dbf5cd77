//! Collecting the head of a response.

use super::head::{HTTP_1, InvalidHead};
use crate::buffer::Buffer;

/// Collects a head, and counts the bytes of a head that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HeadReader {
    /// How many bytes of the start were found: up to two of an empty line, and [`HTTP_1`].
    start: u8,
    /// How much of the empty line was found: nothing, its LF before it, or a CR too.
    empty: u8,
    /// The number of bytes that did not fit in the memory.
    missing: usize,
}

/// The longest empty line that may come first.
const EMPTY_LINE: u8 = 2;

/// The limit of the count. No server sends a longer head.
const LONGEST_HEAD: usize = 65_536;

impl HeadReader {
    /// Moves bytes from `input` to `memory`, up to the end of the head. It ends with an empty line.
    /// Returns whether the end was found.
    pub(crate) fn read(
        &mut self,
        input: &mut &[u8],
        memory: &mut Buffer<[u8]>,
    ) -> Result<bool, InvalidHead> {
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            self.check_start(*byte)?;
            if memory.push(*byte).is_err() {
                self.missing += 1;
            }
            let is_end = *byte == b'\n' && self.empty > 0;
            self.empty = match (*byte, self.empty) {
                (b'\n', _) => 1,
                (b'\r', 1) => 2,
                _ => 0,
            };
            if is_end || self.missing > 0 && memory.len() + self.missing >= LONGEST_HEAD {
                return self.too_long(memory).map_or(Ok(true), Err);
            }
        }
        Ok(false)
    }

    /// Other protocols, such as TLS, may never send a line end, so the response is rejected at its
    /// first wrong byte.
    fn check_start(&mut self, byte: u8) -> Result<(), InvalidHead> {
        match HTTP_1.get(usize::from(self.start.saturating_sub(EMPTY_LINE))) {
            Some(_) if self.start < EMPTY_LINE && matches!(byte, b'\r' | b'\n') => {
                self.start += 1;
            }
            Some(expected) if byte.eq_ignore_ascii_case(expected) => {
                self.start = self.start.max(EMPTY_LINE) + 1;
            }
            Some(_) => return Err(InvalidHead::Malformed),
            None => {}
        }
        Ok(())
    }

    /// The error of a head that does not fit in the memory.
    pub(crate) fn too_long(&self, memory: &[u8]) -> Option<InvalidHead> {
        let len = memory.len() + self.missing;
        (self.missing > 0).then_some(InvalidHead::TooLong { len })
    }
}
