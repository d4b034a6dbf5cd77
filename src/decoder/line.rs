//! Line by line.
//!
//! A block that begins in the input is noted first, and copied only if it does not end there or cannot be borrowed
//! (see `whole.rs`). The rest of a block that was copied is copied too. A line may arrive in several pushes. Its
//! first bytes are collected in `start` until the field is known. After that, the value is copied as it arrives.

use core::mem;

use super::data::DataBuffer;
use super::fields::{Field, field_and_value};
use super::scan::{is_line_end, split_line};
use super::whole::Block;
use super::{Found, Parser};

/// The position in the stream.
///
/// A new decoder is all zero bytes, and its line is `Bom(0)`. So `Bom` is the first variant, and
/// `u8` keeps the compiler from storing the variant in an unused value of a `Field`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Line {
    /// The start of the stream, after this many bytes of a byte order mark.
    Bom(u8),
    /// The start of a block, and nothing is pending: no part of an event, no LF after a CR.
    Clean,
    /// The start of another line.
    Start,
    /// The start of a line. The last item borrows the event in memory, which is to be cleared.
    AfterEvent,
    /// The start of a line. The last item borrows the comment in memory, which is to be cleared.
    AfterComment,
    /// This many bytes of a line, which are in `start`.
    Begun(u8),
    /// The field name, the colon, the space if there is one, and a part of the value.
    Value(Field),
    /// The rest of the line is ignored.
    Skip,
}

/// This many bytes are always enough to recognize the field and the start of its value.
pub(super) const LONGEST_START: usize = b"event: ".len();

const LAST_OF_START: u8 = LONGEST_START as u8 - 1;

/// One byte order mark at the start of the stream is skipped.
const BOM: [u8; 3] = *b"\xEF\xBB\xBF";

/// Whether this is a single byte of a line. A UART delivers single bytes, so there is a shorter path for
/// them.
#[inline]
fn is_single(input: &[u8]) -> bool {
    matches!(input, [byte] if !is_line_end(byte))
}

impl<D: DataBuffer, const META: usize> Parser<D, META> {
    /// Parses up to the end of what is found next. The input is not empty, and has no line end in its first
    /// `searched` bytes.
    #[inline]
    pub(super) fn advance_whole<'i>(
        &mut self,
        input: &mut &'i [u8],
        searched: usize,
    ) -> Option<Found<&'i str>> {
        let pushed = *input;
        let mut found = None;
        if let Line::Begun(_) | Line::Value(_) | Line::Skip = self.state.line {
            let line = match is_single(input) {
                true => None,
                false => split_line(input, 0),
            };
            let Some((bytes, rest)) = line else {
                self.rest_of_line(mem::take(input), false);
                return None;
            };
            *input = rest;
            self.rest_of_line(bytes, true);
            found = self.end_line();
        } else if self.state.line != Line::Clean {
            self.begin_input(input);
        }
        if found.is_none() && !input.is_empty() {
            if is_single(input) {
                self.piece(mem::take(input), false);
                return None;
            }
            found = self.lines(input, searched);
        }
        // A line ends with this CR, and perhaps an LF follows.
        if input.is_empty() && matches!(pushed, [.., b'\r']) {
            self.state.after_cr = true;
            if self.state.line == Line::Clean {
                self.state.line = Line::Start;
            }
        }
        found
    }

    /// Parses a part of a line that an earlier push began.
    #[inline]
    fn rest_of_line(&mut self, bytes: &[u8], is_last: bool) {
        match (self.state.line, bytes) {
            (Line::Value(Field::Data), _) => self.push_data(bytes),
            (Line::Begun(len @ ..LAST_OF_START), [byte]) if !is_last => {
                if let Some(place) = self.state.start.get_mut(usize::from(len)) {
                    *place = *byte;
                }
                self.state.line = Line::Begun(len + 1);
            }
            _ => self.piece(bytes, is_last),
        }
    }

    /// Parses whole lines, and then the start of a line. There is no line end in the first `searched` bytes.
    #[inline(never)]
    fn lines<'i>(&mut self, input: &mut &'i [u8], mut searched: usize) -> Option<Found<&'i str>> {
        let mut block = Block::at(input);
        let mut left = *input;
        while let Some((line, rest)) = split_line(left, searched) {
            searched = 0;
            left = rest;
            let found = match line {
                [] => self.end_block(&mut block, rest),
                line => self.line(&mut block, line),
            };
            if found.is_some() {
                *input = rest;
                return found;
            }
            if line.is_empty() {
                block = Block::at(rest);
            }
        }
        if block.values.iter().any(Option::is_some) {
            self.keep(&mut block);
        }
        *input = &[];
        if !left.is_empty() {
            self.piece(left, false);
        }
        None
    }

    /// Parses a line that is not blank.
    #[inline]
    fn line<'i>(&mut self, block: &mut Block<'i>, line: &'i [u8]) -> Option<Found<&'i str>> {
        let (field, value) = field_and_value(line)?;
        match field {
            Field::Comment if self.comment.is_none() => return None,
            // It takes effect at once, and the block can still be borrowed.
            Field::Retry if !self.state.show_retry => {}
            _ if self.state.line == Line::Clean => {
                if block.note(field, value) {
                    return None;
                }
                self.keep(block);
                self.state.line = Line::Start;
            }
            _ => {}
        }
        if field == Field::Data {
            self.begin_data_line();
            self.push_data(value);
            return None;
        }
        self.begin(field, value);
        self.finish(field)
    }

    /// Parses a blank line.
    #[inline]
    fn end_block<'i>(&mut self, block: &mut Block<'i>, rest: &'i [u8]) -> Option<Found<&'i str>> {
        if self.state.line == Line::Clean {
            let found = self.borrow(block, rest);
            if found.is_some() {
                return found;
            }
            self.keep(block);
        }
        self.dispatch()
    }

    /// Copies what was noted, if anything was.
    #[inline(never)]
    fn keep(&mut self, block: &mut Block<'_>) {
        for (field, value) in [Field::Data, Field::EventType, Field::Id]
            .into_iter()
            .zip(&mut block.values)
        {
            if let Some(value) = value.take() {
                self.state.line = Line::Start;
                self.begin(field, value);
                let _no_item = self.finish(field);
            }
        }
    }

    /// Clears what the last item has borrowed, and skips a byte order mark and the LF of CR LF.
    fn begin_input(&mut self, input: &mut &[u8]) {
        self.clear_handed_out();
        while let (Line::Bom(seen), [first, rest @ ..]) = (self.state.line, *input) {
            let is_bom = BOM.get(usize::from(seen)) == Some(first);
            if is_bom {
                *input = rest;
            }
            self.state.line = match (is_bom, seen) {
                (true, 0 | 1) => Line::Bom(seen + 1),
                (true, _) | (false, 0) => Line::Start,
                // It was the start of an unknown field name.
                (false, _) => match split_line(input, 0) {
                    None => {
                        *input = &[];
                        Line::Skip
                    }
                    Some((_, rest)) => {
                        *input = rest;
                        Line::Start
                    }
                },
            };
        }
        if mem::take(&mut self.state.after_cr)
            && let [b'\n', rest @ ..] = *input
        {
            *input = rest;
        }
        if self.state.line == Line::Start && !self.state.has_kept {
            self.state.line = Line::Clean;
        }
    }

    pub(super) fn clear_handed_out(&mut self) {
        match self.state.line {
            Line::AfterEvent => self.clear_block(),
            Line::AfterComment => self.data.truncate(self.state.mark),
            _ => return,
        }
        self.state.line = Line::Start;
    }

    /// Parses a part of a line, without the line end. It may be the last part.
    #[inline(never)]
    fn piece(&mut self, bytes: &[u8], is_last: bool) {
        match self.state.line {
            Line::Value(field) => self.append(field, bytes),
            Line::Skip => {}
            Line::Begun(len) => self.piece_of_start(len, bytes, is_last),
            _ if bytes.len() >= LONGEST_START => self.start_line(bytes),
            _ => self.piece_of_start(0, bytes, is_last),
        }
    }

    /// Collects the start of a line.
    fn piece_of_start(&mut self, len: u8, bytes: &[u8], is_last: bool) {
        let mut len = usize::from(len);
        let mut rest = bytes;
        while let Some(place) = self.state.start.get_mut(len)
            && let Some((first, behind)) = rest.split_first()
        {
            *place = *first;
            rest = behind;
            len += 1;
        }
        self.state.line = Line::Begun(len as u8);
        if is_last || len == LONGEST_START {
            let start = self.state.start;
            self.start_line(start.get(..len).unwrap_or_default());
            if let Line::Value(field) = self.state.line {
                self.append(field, rest);
            }
        }
    }

    /// Parses the start of a line that is long enough, or a whole line that came in parts.
    fn start_line(&mut self, start: &[u8]) {
        self.state.line = Line::Skip;
        if let Some((field, value)) = field_and_value(start) {
            self.state.line = Line::Value(field);
            self.begin(field, value);
        }
    }

    /// Parses the end of a line that is not blank.
    #[inline]
    fn end_line(&mut self) -> Option<Found<&'static str>> {
        match mem::replace(&mut self.state.line, Line::Start) {
            Line::Value(field) => self.finish(field),
            _ => None,
        }
    }
}
