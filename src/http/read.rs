//! Collecting the head of a response.

use super::head::{HTTP_1, InvalidHead};
use crate::buffer::Buffer;

/// Moves bytes of a head from `input` to `memory`, where the head begins at `start`. The head ends
/// with an empty line.
pub(crate) fn read_head(
    input: &mut &[u8],
    memory: &mut Buffer<[u8]>,
    start: usize,
) -> Result<Progress, InvalidHead> {
    while !input.is_empty() {
        let line_end = input.iter().position(|byte| *byte == b'\n');
        let len = line_end.map_or(input.len(), |at| at + 1);
        let fitting = len.min(memory.room());
        let (piece, rest) = input.split_at_checked(fitting).unwrap_or((input, &[]));
        let _fits = memory.extend_from_slice(piece);
        *input = rest;
        let head = memory.get(start..).unwrap_or_default();
        if !may_be_http(head) {
            return Err(InvalidHead::Malformed);
        }
        if fitting < len {
            return Ok(Progress::TooLong(Overflow::after(memory)));
        }
        if head.ends_with(b"\n\n") || head.ends_with(b"\n\r\n") {
            return Ok(Progress::Complete);
        }
    }
    Ok(Progress::Incomplete)
}

/// The result of [`read_head`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Incomplete,
    Complete,
    /// The head is too long. The rest of it is only counted.
    TooLong(Overflow),
}

/// Counts the bytes of a head that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overflow {
    len: usize,
    /// How much of the empty line was found: nothing, its LF before it, or a CR too.
    empty: u8,
}

/// The limit of the count. No server sends a longer head.
const LONGEST_HEAD: usize = 65_536;

impl Overflow {
    fn after(memory: &[u8]) -> Self {
        let mut overflow = Self {
            len: memory.len(),
            empty: 0,
        };
        let tail = memory.get(memory.len().saturating_sub(2)..);
        for byte in tail.unwrap_or_default() {
            overflow.is_end(*byte);
        }
        overflow
    }

    fn is_end(&mut self, byte: u8) -> bool {
        let is_end = byte == b'\n' && self.empty > 0;
        self.empty = match (byte, self.empty) {
            (b'\n', _) => 1,
            (b'\r', 1) => 2,
            _ => 0,
        };
        is_end
    }

    /// Skips bytes up to the end of the head. Returns whether the end was found.
    pub(crate) fn skip(&mut self, input: &mut &[u8]) -> bool {
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            self.len += 1;
            if self.is_end(*byte) || self.len >= LONGEST_HEAD {
                return true;
            }
        }
        false
    }

    pub(crate) fn invalid(self) -> InvalidHead {
        InvalidHead::TooLong { len: self.len }
    }
}

/// Whether these bytes may start a head. Other protocols, such as TLS, may never send a line end,
/// so the response is rejected early.
fn may_be_http(head: &[u8]) -> bool {
    let two = head.iter().take(2);
    // An empty line may come first.
    let empty = two.take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let mut both = head.iter().skip(empty.count()).zip(HTTP_1);
    both.all(|(byte, expected)| byte.eq_ignore_ascii_case(expected))
}
