//! The data of an event that came in pieces, up to a limit.

use alloc::string::String;
use core::mem;

use super::{OwnedEvent, StreamError};
use crate::event::TooLong;
use crate::item::Item;

/// Joins the pieces of an event.
pub(super) struct Joined {
    limit: usize,
    /// Empty if the data is too long.
    text: String,
    /// The length of all pieces.
    len: usize,
    /// Whether a piece was dropped. It stays so even if the limit is raised meanwhile.
    is_too_long: bool,
}

impl Joined {
    pub(super) const fn new() -> Self {
        Self {
            limit: 16 * 1024 * 1024,
            text: String::new(),
            len: 0,
            is_too_long: false,
        }
    }

    pub(super) const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Whether this data of an event is all of it, and is not too long.
    pub(super) const fn is_whole(&self, data: &str) -> bool {
        self.len == 0 && data.len() <= self.limit
    }

    /// Adds an item of the decoder. Returns the event that it completes.
    ///
    /// Not inlined, so that `poll_next` stays fast for events that lie in the chunk as a whole.
    #[inline(never)]
    pub(super) fn add<E>(&mut self, item: Item<'_>) -> Option<Result<OwnedEvent, StreamError<E>>> {
        match item {
            Item::Event(event) | Item::LastPiece(event) => {
                self.push(event.data);
                Some(match self.take() {
                    Ok(data) => Ok(OwnedEvent::new(event, data)),
                    Err(part) => Err(StreamError::TooLong(part)),
                })
            }
            Item::Piece(piece) => {
                self.push(piece);
                None
            }
            Item::TooLong(part) => {
                self.clear();
                Some(Err(StreamError::TooLong(part)))
            }
            // The decoder shows these only on request.
            _ => None,
        }
    }

    /// Appends a piece. Once the data is too long, only its length grows until `clear` or `take`.
    fn push(&mut self, piece: &str) {
        self.len = self.len.saturating_add(piece.len());
        self.is_too_long |= self.len > self.limit;
        if self.is_too_long {
            self.text = String::new();
            return;
        }
        if self.len > self.text.capacity() {
            // Like `push_str`, this doubles the capacity, so that time is linear. But it stops at
            // the limit.
            let capacity = self.text.capacity().saturating_mul(2).min(self.limit);
            let more = capacity.max(self.len).saturating_sub(self.text.len());
            self.text.reserve_exact(more);
        }
        self.text.push_str(piece);
    }

    /// The joined data. Fails with the length if it is longer than the limit.
    fn take(&mut self) -> Result<String, TooLong> {
        let len = mem::take(&mut self.len);
        let text = mem::take(&mut self.text);
        if mem::take(&mut self.is_too_long) {
            return Err(TooLong::Data { len });
        }
        Ok(text)
    }

    pub(super) fn clear(&mut self) {
        self.text = String::new();
        self.len = 0;
        self.is_too_long = false;
    }
}
