//! From the result of parsing to an item.
//!
//! `decode` has two halves. `advance` parses and returns a `Found`, which borrows only the input,
//! so that it can be called in a loop. `view` then borrows the decoder and returns the item. One
//! function that does both does not pass the borrow checker ("NLL problem case 3").

use core::time::Duration;

use super::Decoder;
use crate::event::{Event, TooLong};
use crate::item::Item;
use crate::utf8::text;

/// What `advance` found. It borrows only the input. A text of `None` lies in the decoder's memory.
pub(crate) enum Found<T> {
    Event {
        data: Option<T>,
        event_type: Option<T>,
    },
    Piece {
        is_text: bool,
    },
    Comment,
    Id,
    Retry(Duration),
    TooLong(TooLong),
}

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// Converts what was found to an item.
    pub(crate) fn view<'e, 'i: 'e>(&'e self, found: Found<&'i str>) -> Item<'e> {
        match found {
            Found::Event { data, event_type } => {
                let event = Event {
                    event_type: match event_type.unwrap_or_else(|| self.event_type.as_str()) {
                        "" => "message",
                        event_type => event_type,
                    },
                    data: data.unwrap_or_else(|| self.data.as_str()),
                    last_event_id: &self.last_event_id,
                };
                if self.is_in_pieces {
                    Item::LastPiece(event)
                } else {
                    Item::Event(event)
                }
            }
            Found::Piece { is_text: true } => {
                let piece = self.data.bytes().get(self.mark..self.cut_at);
                Item::Piece(text(piece.unwrap_or_default()))
            }
            Found::Piece { is_text: false } => Item::Piece("\u{FFFD}"),
            Found::Comment => {
                let comment = self.data.bytes().get(self.mark..);
                Item::Comment(text(comment.unwrap_or_default()))
            }
            Found::Id => Item::Id(&self.last_event_id),
            Found::Retry(time) => Item::Retry(time),
            Found::TooLong(part) => Item::TooLong(part),
        }
    }
}
