//! Events that are longer than the memory, handed out as they come.

use super::fields::Field;
use super::lines::Line;
use super::scan::line_end;
use super::{Decoder, Found, HandedOut};
use crate::event::TooLong;
use crate::utf8;

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// Hands out an event that is longer than `DATA` bytes as [`Item::Piece`](crate::Item::Piece)s
    /// and an [`Item::LastPiece`](crate::Item::LastPiece), instead of dropping it. To be set between
    /// streams. One that fits is an [`Item::Event`](crate::Item::Event) as ever.
    ///
    /// Pieces are of any length, never split a character, and their joined text does not depend on
    /// the cuts. If the stream ends before the last, or [`Item::TooLong`](crate::Item::TooLong) comes
    /// in its place, what came of the event is to be dropped, as the standard drops an unfinished
    /// event.
    ///
    /// ```
    /// use embedded_sse::{Decoder, Item};
    ///
    /// let mut decoder: Decoder<16> = Decoder::new();
    /// decoder.split_long_events(true);
    /// let mut input = &b"data: more than sixteen bytes of data\n\n"[..];
    /// let mut text = String::new();
    /// while let Some(item) = decoder.decode(&mut input) {
    ///     match item {
    ///         Item::Piece(piece) => text += piece,
    ///         Item::LastPiece(event) => text += event.data,
    ///         // With an `EventSource`: at `Item::Lost` too.
    ///         Item::TooLong(_) => text.clear(),
    ///         other => println!("{other:?}"),
    ///     }
    /// }
    /// assert_eq!(text, "more than sixteen bytes of data");
    /// ```
    ///
    /// It needs a `DATA` of at least 12 bytes, and does not compile with less.
    pub const fn split_long_events(&mut self, split: bool) {
        const { assert!(DATA >= 12, "a piece has to hold a character") };
        self.advance_in_pieces = match split {
            true => Some(Self::advance_in_pieces),
            false => None,
        };
    }

    /// Lets in only so much as surely fits, and makes room when it is full and more comes.
    fn advance_in_pieces<'i>(&mut self, input: &mut &'i [u8]) -> Option<Found<&'i str>> {
        self.clear_handed_out();
        while let Some(first) = input.first() {
            // The last piece has to fit also if each of its bytes becomes a U+FFFD.
            let most = if self.is_in_pieces { DATA / 3 } else { DATA };
            if self.cut_at > 0 {
                // Half of it goes before the rest moves: it would move again and again. But 3 bytes
                // may be the beginning of a character.
                let left = self.data.bytes().len().saturating_sub(self.cut_at);
                if left > (most / 2).max(3) {
                    return Some(self.cut());
                }
                self.data.memory().drain(self.cut_at);
                self.cut_at = 0;
            }
            let room = most.saturating_sub(self.data.bytes().len());
            if room == 0 && self.adds_data(*first) {
                return Some(self.cut());
            }
            let mut part = input.get(..room.max(1)).unwrap_or(input);
            let line_is_whole = matches!(self.line, Line::Start | Line::Bom(_));
            if self.has_id || !(line_is_whole || self.line == Line::Value(Field::Data)) {
                // Alone, as the rest of what has begun cannot be taken twice.
                let end = line_end(part).map_or(part.len(), |end| end + 1);
                part = part.get(..end).unwrap_or(part);
            }
            let len = part.len();
            let before = (self.line, self.after_cr, self.has_data, self.has_id);
            let data_before = self.data.bytes().len();
            let found = self.advance_whole(&mut part);
            if self.will_be_split() && matches!(found, Some(Found::TooLong(TooLong::Data { .. }))) {
                // Being ill-formed, it fits as bytes and not as text. Once more, in pieces. What is
                // not set back here is set again to the same. The last event ID is not set back
                // either: `dispatch` has left this event's ID pending. Blocks with an ID alone that
                // end in this part begin in it too, so nothing was pending before it, and they are
                // taken again before anything is handed out.
                (self.line, self.after_cr, self.has_data, self.has_id) = before;
                self.data.memory().truncate(data_before);
                self.handed_out = HandedOut::Nothing;
                self.is_in_pieces = true;
                if data_before > 3 {
                    return Some(self.cut());
                }
                continue;
            }
            *input = input.get(len - part.len()..).unwrap_or_default();
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Whether an event whose data is too long is taken again, in pieces.
    pub(super) const fn will_be_split(&self) -> bool {
        self.advance_in_pieces.is_some() && !self.is_in_pieces
    }

    /// Whether this byte makes the data longer: as a part of it, or by the LF between two lines.
    fn adds_data(&self, byte: u8) -> bool {
        let is_end = matches!(byte, b'\n' | b'\r');
        match self.line {
            Line::Value(Field::Data) => !is_end,
            Line::Space(Field::Data) => !is_end && byte != b' ',
            Line::Name(Field::Data, seen) => {
                usize::from(seen) == Field::Data.name().len() && (is_end || byte == b':')
            }
            _ => false,
        }
    }

    /// The text behind what was handed out before, or one ill-formed sequence.
    fn cut(&mut self) -> Found<&'static str> {
        let rest = self.data.bytes().get(self.cut_at..);
        let (valid, invalid) = utf8::first_chunk(rest.unwrap_or_default());
        self.is_in_pieces = true;
        self.mark = self.cut_at;
        self.cut_at += if valid > 0 { valid } else { invalid };
        Found::Piece { is_text: valid > 0 }
    }
}
