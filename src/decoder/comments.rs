//! The optional mode that returns comments as items.

use super::bounded::Bounded;
use super::line::Line;
use super::{Decoder, Found, Parser};
use crate::event::TooLong;
use crate::utf8;

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// Sets whether comments are returned as [`Item::Comment`](crate::Item::Comment). Default `false`:
    /// comments are skipped and need no memory. Call this only between streams.
    pub const fn show_comments(&mut self, show: bool) {
        self.parser.comment = match show {
            true => Some(Parser::comment),
            false => None,
        };
    }
}

impl<const DATA: usize, const META: usize> Parser<Bounded<[u8; DATA]>, META> {
    /// Parses a part of a comment, or its end.
    fn comment(&mut self, part: Option<&[u8]>) -> Option<Found<&'static str>> {
        // The comment is stored after the data of the unfinished event.
        let memory = self.data.memory();
        if let Some(part) = part {
            if !self.state.comment_too_long {
                self.state.comment_too_long = memory.extend_from_slice(part).is_err();
            }
            return None;
        }
        self.state.line = Line::AfterComment;
        if self.state.comment_too_long || utf8::decode(memory.as_view(), self.state.mark).is_err() {
            return Some(Found::TooLong(TooLong::Comment));
        }
        Some(Found::Comment)
    }
}
