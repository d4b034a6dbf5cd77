//! Events longer than the memory, returned in pieces.

use super::bounded::Bounded;
use super::fields::{Field, field_and_value};
use super::line::Line;
use super::scan::{is_line_end, line_end};
use super::{Decoder, Found, Parser};
use crate::event::TooLong;
use crate::utf8;

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// Sets whether an event longer than `DATA` bytes is returned in pieces instead of being
    /// skipped. Default `false`. Call this only between streams.
    ///
    /// Such an event is returned as any number of [`Item::Piece`](crate::Item::Piece)s and one
    /// [`Item::LastPiece`](crate::Item::LastPiece). An event that fits is still one
    /// [`Item::Event`](crate::Item::Event).
    ///
    /// Pieces have any length and never split a character. Their joined text does not depend on how
    /// the input was cut. Discard the pieces of an event if the stream ends before its last piece,
    /// or if [`Item::TooLong`](crate::Item::TooLong) comes instead of it. The standard drops
    /// unfinished events too.
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
    ///         // With an `EventSource`, also at `Item::Lost`.
    ///         Item::TooLong(_) => text.clear(),
    ///         other => println!("{other:?}"),
    ///     }
    /// }
    /// assert_eq!(text, "more than sixteen bytes of data");
    /// ```
    ///
    /// This needs a `DATA` of at least 12 bytes. It does not compile with less.
    pub const fn split_long_events(&mut self, split: bool) {
        const { assert!(DATA >= 12, "DATA must be at least 12 bytes to split events") };
        self.parser.advance_in_pieces = match split {
            true => Some(Parser::advance_in_pieces),
            false => None,
        };
    }
}

impl<const DATA: usize, const META: usize> Parser<Bounded<[u8; DATA]>, META> {
    /// Parses only as many bytes as are sure to fit. Returns a piece when the memory is full and
    /// more data comes.
    fn advance_in_pieces<'i>(&mut self, input: &mut &'i [u8]) -> Option<Found<&'i str>> {
        self.clear_handed_out();
        while let Some(first) = input.first() {
            // The last piece must fit even if each of its bytes becomes U+FFFD, which has 3 bytes.
            let most = if self.state.is_in_pieces {
                DATA / 3
            } else {
                DATA
            };
            if self.state.cut_at > 0 {
                // Return more pieces until at most half is left, and move the rest to the front
                // only then. Otherwise the same bytes would be moved many times. Up to 3 bytes may
                // be the start of a character and have to stay.
                let left = self.data.bytes().len().saturating_sub(self.state.cut_at);
                if left > (most / 2).max(3) {
                    return Some(self.cut());
                }
                self.data.memory().drain(self.state.cut_at);
                self.state.cut_at = 0;
            }
            let len = self.data.bytes().len() + self.held(None);
            let room = most.saturating_sub(len);
            if room == 0 && self.adds_data(*first) {
                return Some(self.cut());
            }
            let mut part = input.get(..room.max(1)).unwrap_or(input);
            let line_is_whole = matches!(self.state.line, Line::Start | Line::Clean | Line::Bom(_));
            if self.state.has_id
                || !(line_is_whole || matches!(self.state.line, Line::Value(Field::Data)))
            {
                // A line that has already begun cannot be parsed again, so parse only up to its
                // end.
                let end = line_end(part).map_or(part.len(), |end| end + 1);
                part = part.get(..end).unwrap_or(part);
            }
            let len = part.len();
            let before = self.state;
            let data_before = self.data.bytes().len();
            let found = self.advance_whole(&mut part, 0);
            if self.will_be_split() && matches!(found, Some(Found::TooLong(TooLong::Data { .. }))) {
                // The data fits as bytes but not as text, because each ill-formed sequence becomes
                // U+FFFD. Restore the state and parse this part again, in pieces. The texts in
                // memory get the same content again. The last event ID is not restored: `dispatch`
                // has not committed the ID of this event, and blocks with only an ID that end in
                // this part also begin in it, so they are parsed again before anything is returned.
                self.state = before;
                self.data.memory().truncate(data_before);
                self.state.is_in_pieces = true;
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

    /// Whether this byte makes the data longer: as part of a value, or as the start of another
    /// `data` line, which adds LF.
    fn adds_data(&self, byte: u8) -> bool {
        match self.state.line {
            Line::Value(Field::Data) => !is_line_end(&byte),
            _ => self.held(Some(byte)) > self.held(None),
        }
    }

    /// The length of the data in the start of a line that is held back, if this byte follows.
    fn held(&self, next: Option<u8>) -> usize {
        let Line::Begun(len) = self.state.line else {
            return 0;
        };
        let mut start = self.state.start;
        let mut len = usize::from(len);
        let is_whole = next.as_ref().is_some_and(is_line_end);
        if let Some(next) = next.filter(|_| !is_whole)
            && let Some(place) = start.get_mut(len)
        {
            *place = next;
            len += 1;
        }
        match field_and_value(start.get(..len).unwrap_or_default()) {
            // Without its colon, the name may be the start of a longer one.
            Some((Field::Data, value)) if is_whole || len > b"data".len() => {
                usize::from(self.state.has_data) + value.len()
            }
            _ => 0,
        }
    }

    /// Returns the valid text after the last piece, or one ill-formed sequence.
    fn cut(&mut self) -> Found<&'static str> {
        let rest = self.data.bytes().get(self.state.cut_at..);
        let (valid, invalid) = utf8::first_chunk(rest.unwrap_or_default());
        self.state.is_in_pieces = true;
        self.state.mark = self.state.cut_at;
        self.state.cut_at += if valid > 0 { valid } else { invalid };
        Found::Piece { is_text: valid > 0 }
    }
}

impl<D, const META: usize> Parser<D, META> {
    /// Whether an event with too long data is parsed again, in pieces.
    pub(super) const fn will_be_split(&self) -> bool {
        self.advance_in_pieces.is_some() && !self.state.is_in_pieces
    }
}
