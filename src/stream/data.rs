//! The data of an event, joined in memory that grows up to a limit.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::str;

use crate::decoder::DataBuffer;
use crate::utf8::from_utf8;

/// Longer data becomes the event's `String` without a copy. Shorter data is copied, so that this much memory can
/// be used for the next event.
const KEPT: usize = 8 * 1024;

/// Joins the data of an event.
pub(super) struct GrowingData {
    limit: usize,
    /// Empty if the data is too long.
    bytes: Vec<u8>,
    /// The length of the data if it is too long, else 0. It stays so even if the limit is raised meanwhile.
    too_long: usize,
    /// The data of a finished event.
    text: String,
    /// The length of the data of the last event that was joined. The next one may be as long.
    last: usize,
}

impl GrowingData {
    pub(super) const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// The data of the event that the parser has finished. Frees the memory that is not kept between events.
    pub(super) fn take(&mut self) -> String {
        self.free_excess();
        mem::take(&mut self.text)
    }

    /// The event before may have been much longer.
    #[inline]
    fn free_excess(&mut self) {
        if self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        }
    }

    /// Makes room for more bytes, or gives up.
    #[cold]
    #[inline(never)]
    fn grow_and_push(&mut self, piece: &[u8]) {
        let old = self.bytes.len();
        let len = old.saturating_add(piece.len());
        if self.too_long > 0 || len > self.limit {
            self.too_long = self.too_long.saturating_add(len);
            self.bytes = Vec::new();
            return;
        }
        // Doubled, so that time is linear.
        let capacity = self.bytes.capacity().saturating_mul(2);
        let capacity = capacity.max(KEPT).max(self.last).min(self.limit).max(len);
        self.bytes.reserve_exact(capacity.saturating_sub(old));
        self.bytes.extend_from_slice(piece);
    }
}

impl Default for GrowingData {
    #[inline]
    fn default() -> Self {
        Self {
            limit: 16 * 1024 * 1024,
            bytes: Vec::new(),
            too_long: 0,
            text: String::new(),
            last: 0,
        }
    }
}

impl DataBuffer for GrowingData {
    #[inline]
    fn most(&self) -> usize {
        self.limit
    }

    #[inline]
    fn len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    fn push(&mut self, piece: &[u8]) -> usize {
        // The capacity is 0 if the data is too long.
        let most = self.bytes.capacity().min(self.limit);
        if piece.len() <= most.saturating_sub(self.bytes.len()) {
            self.bytes.extend_from_slice(piece);
        } else {
            self.grow_and_push(piece);
        }
        // The bits are not used.
        0
    }

    fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    #[inline]
    fn clear(&mut self) {
        self.bytes.clear();
        self.free_excess();
        self.too_long = 0;
        self.text = String::new();
    }

    fn decode(&mut self, _bits: usize) -> Result<(), usize> {
        let len = self.too_long.max(self.bytes.len());
        if self.too_long > 0 || len > self.limit {
            return Err(len);
        }
        self.last = len;
        self.text = match len {
            ..=KEPT => match from_utf8(&self.bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => lossy(&self.bytes, self.limit)?,
            },
            _ => match String::from_utf8(mem::take(&mut self.bytes)) {
                // The event before was much longer.
                Ok(mut text) if text.capacity() / 2 > len => {
                    text.shrink_to_fit();
                    text
                }
                Ok(text) => text,
                Err(error) => lossy(error.as_bytes(), self.limit)?,
            },
        };
        Ok(())
    }
}

/// Like `String::from_utf8_lossy`, but allocates no more than the limit. Fails with the length.
fn lossy(bytes: &[u8], limit: usize) -> Result<String, usize> {
    let chunks = || bytes.utf8_chunks();
    let replacement = |chunk: &str::Utf8Chunk<'_>| match chunk.invalid() {
        [] => "",
        _ => "\u{FFFD}",
    };
    let len = chunks()
        .map(|chunk| chunk.valid().len() + replacement(&chunk).len())
        .sum();
    if len > limit {
        return Err(len);
    }
    let mut text = String::with_capacity(len);
    for chunk in chunks() {
        text.push_str(chunk.valid());
        text.push_str(replacement(&chunk));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec;

    use futures_util::{FutureExt, StreamExt, stream};

    use super::*;
    use crate::stream::ByteStreamExt;

    #[test]
    fn memory_of_long_events_is_freed_before_the_next_byte() {
        for (tail, ok) in [
            ("data: a", true),
            (
                &*std::format!("event: {}\ndata: {}", "e".repeat(5000), "x".repeat(1 << 20)),
                false,
            ),
        ] {
            let big = std::format!("data: {}", "x".repeat(1 << 20));
            let chunks = vec![
                big,
                "\n\n".to_string(),
                tail.to_string(),
                "\n\n".to_string(),
            ];
            let chunks = chunks.into_iter().map(Ok::<_, std::io::Error>);
            let bytes = stream::iter(chunks).chain(stream::pending());
            let mut events = bytes.event_stream();
            assert!(events.next().now_or_never().unwrap().unwrap().is_ok());
            assert_eq!(events.next().now_or_never().unwrap().unwrap().is_ok(), ok);
            assert!(events.next().now_or_never().is_none());
            let data = events.parser.data();
            assert!(data.bytes.capacity() + data.text.capacity() <= KEPT);
        }
        let unfinished = [Ok::<_, std::io::Error>(std::format!(
            "data: {}",
            "x".repeat(1 << 20)
        ))];
        let mut events = stream::iter(unfinished).event_stream();
        assert!(events.next().now_or_never().unwrap().is_none());
        assert_eq!(events.parser.data().bytes.capacity(), 0);
    }
}
