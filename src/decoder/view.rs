//! From the result of parsing to an item.
//!
//! `decode` has two halves. `advance` parses and returns a `Found`, which borrows only the input,
//! so that it can be called in a loop. `view` then borrows the decoder and returns the item. One
//! function that does both does not pass the borrow checker ("NLL problem case 3").

use core::time::Duration;

use super::Parser;
use super::bounded::Bounded;
use super::data::DataBuffer;
use crate::event::{Event, TooLong};
use crate::item::Item;
use crate::utf8::text;

/// What `advance` found. It borrows only the input.
pub(crate) enum Found<T> {
    /// An event whose texts lie in the input.
    Event {
        data: T,
        event_type: T,
    },
    /// An event whose texts lie in the decoder's memory.
    Joined,
    Piece {
        is_text: bool,
    },
    Comment,
    Id,
    Retry(Duration),
    TooLong(TooLong),
}

impl<D: DataBuffer, const META: usize> Parser<D, META> {
    /// The first half of [`Decoder::decode`](super::Decoder::decode): parses bytes and returns what was found,
    /// borrowing only the input.
    #[inline]
    pub(crate) fn advance<'i>(&mut self, input: &mut &'i [u8]) -> Option<Found<&'i str>> {
        match self.data_event(input) {
            Ok(data) => {
                let event_type = "";
                Some(Found::Event { data, event_type })
            }
            Err(searched) => self.advance_from(input, searched),
        }
    }

    /// Parses everything that `data_event` does not handle.
    #[inline]
    pub(super) fn advance_from<'i>(
        &mut self,
        input: &mut &'i [u8],
        searched: usize,
    ) -> Option<Found<&'i str>> {
        if input.is_empty() {
            return None;
        }
        match self.advance_in_pieces {
            None => self.advance_whole(input, searched),
            Some(advance_in_pieces) => advance_in_pieces(self, input),
        }
    }
}

impl<const DATA: usize, const META: usize> Parser<Bounded<[u8; DATA]>, META> {
    /// Converts what was found to an item.
    #[inline]
    pub(super) fn view<'e, 'i: 'e>(&'e self, found: Found<&'i str>) -> Item<'e> {
        let memory = self.data.bytes();
        let range = match found {
            Found::Event { data, event_type } => return Item::Event(self.event(event_type, data)),
            Found::Id => return Item::Id(self.last_event_id()),
            Found::Retry(time) => return Item::Retry(time),
            Found::TooLong(part) => return Item::TooLong(part),
            Found::Piece { is_text: false } => return Item::Piece("\u{FFFD}"),
            Found::Piece { is_text: true } => self.state.mark..self.state.cut_at,
            Found::Comment => self.state.mark..memory.len(),
            Found::Joined => 0..memory.len(),
        };
        let text = text(memory.get(range).unwrap_or_default());
        match found {
            Found::Piece { .. } => Item::Piece(text),
            Found::Comment => Item::Comment(text),
            _ => {
                let event = self.event(self.event_type.as_str(), text);
                match self.state.is_in_pieces {
                    true => Item::LastPiece(event),
                    false => Item::Event(event),
                }
            }
        }
    }

    #[inline]
    pub(super) fn event<'e>(&'e self, event_type: &'e str, data: &'e str) -> Event<'e> {
        Event {
            event_type: match event_type {
                "" => "message",
                event_type => event_type,
            },
            data,
            last_event_id: self.last_event_id(),
        }
    }
}
