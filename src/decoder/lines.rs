//! Lines, and the field names and values in them.

use core::mem;

use super::fields::{Block, Field, has_nul};
use super::scan::{is_line_end, line_end};
use super::{Decoder, Found};

/// How much of the current line has been parsed.
///
/// A new decoder is all zero bytes, and its line is `Bom(0)`. So `Bom` is the first variant, and
/// `u8` keeps the compiler from storing the variant in an unused value of a `Field`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Line {
    /// The start of the stream, after this many bytes of a byte order mark.
    Bom(u8),
    /// The start of another line.
    Start,
    /// This many bytes of the field name, and nothing else.
    Name(Field, u8),
    /// The field name and the colon. One space that follows is not part of the value.
    Space(Field),
    Value(Field),
    /// The rest of the line is ignored.
    Skip,
}

/// One byte order mark at the start of the stream is skipped.
const BOM: [u8; 3] = *b"\xEF\xBB\xBF";

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// The first half of [`decode`](Self::decode): parses bytes and returns what was found,
    /// borrowing only the input.
    #[inline]
    pub(crate) fn advance<'i>(&mut self, input: &mut &'i [u8]) -> Option<Found<&'i str>> {
        match self.advance_in_pieces {
            None => self.advance_whole(input),
            Some(advance_in_pieces) => advance_in_pieces(self, input),
        }
    }

    #[inline]
    pub(super) fn advance_whole<'i>(&mut self, input: &mut &'i [u8]) -> Option<Found<&'i str>> {
        // Most small pushes lie within one line, where no earlier state has to be finished.
        if !matches!(self.line, Line::Start | Line::Bom(_)) {
            // Do not search in a push of one byte, which is what a UART delivers.
            let line = match **input {
                [byte] if !is_line_end(&byte) => None,
                _ => self.take_line(input),
            };
            let Some(line) = line else {
                self.piece(mem::take(input));
                return None;
            };
            self.piece(line);
            let found = self.end_line();
            if found.is_some() {
                return found;
            }
        }
        if input.is_empty() {
            return None;
        }
        self.advance_by_lines(input)
    }

    /// Parses from the start of a line. Not inlined, so that the function above stays small where
    /// it is inlined.
    #[inline(never)]
    fn advance_by_lines<'i>(&mut self, input: &mut &'i [u8]) -> Option<Found<&'i str>> {
        self.clear_handed_out();
        while let Line::Bom(seen) = self.line {
            self.line = bom(seen, input)?;
        }
        if self.after_cr {
            self.after_cr = false;
            *input = input.strip_prefix(b"\n").unwrap_or(input);
        }
        let mut block = Block::default();
        while let Some(line) = self.take_line(input) {
            let found = match self.line {
                Line::Start => self.whole_line(line, &mut block),
                // The line began like a byte order mark.
                _ => self.end_line(),
            };
            if found.is_some() {
                return found;
            }
        }
        self.keep(&mut block);
        self.piece(mem::take(input));
        None
    }

    /// Splits off the first line of the input, or the rest of the current line, with its end.
    #[inline]
    fn take_line<'i>(&mut self, input: &mut &'i [u8]) -> Option<&'i [u8]> {
        let (line, rest) = input.split_at_checked(line_end(input)?)?;
        *input = match rest {
            [b'\r'] => {
                self.after_cr = true;
                &[]
            }
            [b'\r', b'\n', rest @ ..] | [_, rest @ ..] | rest @ [] => rest,
        };
        Some(line)
    }

    /// Parses a line that lies in the input as a whole. Its value is not copied but put into
    /// `block`, since the event often ends in the same input.
    #[inline]
    fn whole_line<'i>(&mut self, line: &'i [u8], block: &mut Block<'i>) -> Option<Found<&'i str>> {
        if line.is_empty() {
            return self.dispatch(mem::take(block));
        }
        let (field, value) = field_and_value(line)?;
        match field {
            Field::Data if !self.has_data && block.data.is_none() => block.data = Some(value),
            Field::EventType => block.event_type = Some(value),
            // An ID with NUL is ignored. An earlier ID of this event stays valid.
            Field::Id if has_nul(value) => {}
            Field::Id => block.id = Some(value),
            Field::Comment if !self.show_comments => {}
            Field::Data => {
                self.keep_data(block);
                self.begin(field);
                self.append(field, value);
            }
            Field::Comment | Field::Retry => {
                self.keep(block);
                self.begin(field);
                self.append(field, value);
                return self.finish(field);
            }
        }
        None
    }

    /// Copies the values in `block`, because the event does not end in this input.
    fn keep(&mut self, block: &mut Block<'_>) {
        self.keep_data(block);
        if let Some(value) = block.event_type.take() {
            self.begin(Field::EventType);
            self.append(Field::EventType, value);
        }
        if let Some(value) = block.id.take() {
            self.has_id = true;
            self.id.clear();
            self.id.push(value);
        }
    }

    #[inline]
    fn keep_data(&mut self, block: &mut Block<'_>) {
        if let Some(value) = block.data.take() {
            self.begin(Field::Data);
            self.append(Field::Data, value);
        }
    }

    /// Parses a part of a line that is not in the input as a whole.
    #[inline]
    fn piece(&mut self, bytes: &[u8]) {
        if matches!(self.line, Line::Value(Field::Data)) {
            self.data.push(bytes);
        } else {
            self.piece_of_any_line(bytes);
        }
    }

    fn piece_of_any_line(&mut self, mut bytes: &[u8]) {
        // The most common case. Everything else is parsed byte by byte.
        if matches!(self.line, Line::Start)
            && let [b'd', b'a', b't', b'a', b':', b' ', value @ ..] = bytes
        {
            self.begin(Field::Data);
            self.line = Line::Value(Field::Data);
            return self.data.push(value);
        }
        while let Some((&first, rest)) = bytes.split_first() {
            self.line = match self.line {
                Line::Skip => return,
                Line::Value(field) => return self.append(field, bytes),
                Line::Space(field) => {
                    self.line = Line::Value(field);
                    let value = if first == b' ' { rest } else { bytes };
                    return self.append(field, value);
                }
                Line::Start | Line::Bom(_) => match first {
                    b':' if self.show_comments => {
                        self.begin(Field::Comment);
                        Line::Value(Field::Comment)
                    }
                    b'd' => Line::Name(Field::Data, 1),
                    b'e' => Line::Name(Field::EventType, 1),
                    b'i' => Line::Name(Field::Id, 1),
                    b'r' => Line::Name(Field::Retry, 1),
                    _ => Line::Skip,
                },
                Line::Name(field, seen) => match field.name().get(usize::from(seen)) {
                    Some(expected) if first == *expected => Line::Name(field, seen + 1),
                    None if first == b':' => {
                        self.begin(field);
                        Line::Space(field)
                    }
                    _ => Line::Skip,
                },
            };
            bytes = rest;
        }
    }

    /// Finishes a line that came in several parts.
    fn end_line(&mut self) -> Option<Found<&'static str>> {
        match mem::replace(&mut self.line, Line::Start) {
            Line::Name(field, seen) if usize::from(seen) == field.name().len() => {
                self.begin(field);
                self.finish(field)
            }
            Line::Space(field) | Line::Value(field) => self.finish(field),
            Line::Start | Line::Bom(_) | Line::Name(..) | Line::Skip => None,
        }
    }
}

/// Parses one byte of a possible byte order mark. Returns `None` if the input is empty.
fn bom(seen: u8, input: &mut &[u8]) -> Option<Line> {
    let (first, rest) = input.split_first()?;
    Some(if BOM.get(usize::from(seen)) == Some(first) {
        *input = rest;
        match BOM.get(usize::from(seen) + 1) {
            Some(_) => Line::Bom(seen + 1),
            None => Line::Start,
        }
    } else if seen == 0 {
        Line::Start
    } else {
        // It was the start of an unknown field name.
        Line::Skip
    })
}

/// The field and value of a whole line, or `None` for an unknown field. The patterns compile to
/// comparisons of words.
#[inline]
fn field_and_value(line: &[u8]) -> Option<(Field, &[u8])> {
    let (field, rest) = match line {
        [b'd', b'a', b't', b'a', rest @ ..] => (Field::Data, rest),
        [b'e', b'v', b'e', b'n', b't', rest @ ..] => (Field::EventType, rest),
        [b'i', b'd', rest @ ..] => (Field::Id, rest),
        [b'r', b'e', b't', b'r', b'y', rest @ ..] => (Field::Retry, rest),
        [b':', comment @ ..] => return Some((Field::Comment, comment)),
        _ => return None,
    };
    match rest {
        // One space before the value is not part of it.
        [b':', b' ', value @ ..] | [b':', value @ ..] | value @ [] => Some((field, value)),
        _ => None,
    }
}
