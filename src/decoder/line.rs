//! Line by line: events that do not lie in the input as a whole.
//!
//! Their values are copied. A line may come in several pushes. Its start is collected until it is known what
//! field it is; then its value is copied as it comes.

use core::mem;

use super::fields::{Field, field_and_value};
use super::scan::{is_line_end, split_line};
use super::{Decoder, Found};

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

/// So many bytes tell the field and where its value begins.
pub(super) const LONGEST_START: usize = b"event: ".len();

/// One byte order mark at the start of the stream is skipped.
const BOM: [u8; 3] = *b"\xEF\xBB\xBF";

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// Parses up to the end of what is found next. The input is not empty, and has no line end in its first
    /// `clear` bytes.
    #[inline]
    pub(super) fn advance_whole<'i>(
        &mut self,
        input: &mut &'i [u8],
        clear: usize,
    ) -> Option<Found<&'i str>> {
        match (self.state.line, *input) {
            // A UART delivers single bytes.
            (Line::Value(Field::Data), [byte]) if !is_line_end(byte) => {
                self.push_data(mem::take(input));
                return None;
            }
            (Line::Clean | Line::Begun(_) | Line::Value(_) | Line::Skip, _) => {}
            _ => self.begin_input(input),
        }
        // If all of it is parsed, a line ends with this CR, and perhaps an LF follows.
        let ends_with_cr = matches!(*input, [.., b'\r']);
        let mut found = None;
        if self.state.line == Line::Clean {
            found = self.whole_event(input, clear);
        }
        if found.is_none() {
            found = self.advance_by_lines(input, clear);
        }
        if input.is_empty() && ends_with_cr {
            self.state.after_cr = true;
            if self.state.line == Line::Clean {
                self.state.line = Line::Start;
            }
        }
        found
    }

    /// The same line by line, with copies of the values.
    #[inline(never)]
    fn advance_by_lines<'i>(
        &mut self,
        input: &mut &'i [u8],
        mut clear: usize,
    ) -> Option<Found<&'i str>> {
        while !input.is_empty() {
            let line = match *input {
                [byte] if !is_line_end(byte) => None,
                _ => split_line(input, clear),
            };
            clear = 0;
            let (bytes, rest) = line.unwrap_or((*input, &[]));
            let data = match self.state.line {
                Line::Value(Field::Data) => Some(bytes),
                Line::Start | Line::Clean => self.begin_data(bytes),
                _ => None,
            };
            match data {
                Some(data) => self.push_data(data),
                None => self.piece(bytes, line.is_some()),
            }
            if line.is_none() {
                *input = &[];
                break;
            }
            let found = self.end_line();
            *input = rest;
            if found.is_some() {
                return found;
            }
            if self.state.line == Line::Clean {
                let found = self.whole_event(input, 0);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
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
                (false, _) => Line::Skip,
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
            Line::AfterComment => self.data.memory().truncate(self.state.mark),
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
            _ if is_last || bytes.len() >= LONGEST_START => self.start_line(bytes),
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

    /// Parses the start of a line that is long enough, or a whole line.
    fn start_line(&mut self, start: &[u8]) {
        if start.is_empty() {
            return;
        }
        self.state.line = Line::Skip;
        if let Some((field, value)) = field_and_value(start)
            && (field != Field::Comment || self.comment.is_some())
        {
            self.state.line = Line::Value(field);
            self.begin(field, value);
        }
    }

    /// Parses the end of a line.
    #[inline]
    fn end_line(&mut self) -> Option<Found<&'static str>> {
        match mem::replace(&mut self.state.line, Line::Start) {
            Line::Value(Field::Data) | Line::Skip => None,
            Line::Value(field) => self.finish(field),
            _ => self.dispatch(),
        }
    }
}
