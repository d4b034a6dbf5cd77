//! From bytes to lines, and from lines to field names and values.

use core::mem;

use super::fields::{Block, Field, has_nul};
use super::scan::{is_line_end, line_end};
use super::{Decoder, Found};

/// How much of the present line has been seen.
///
/// A new decoder is all zero bytes, and its line is `Bom(0)`. So `Bom` is the first variant, and
/// `u8` keeps the compiler from storing the variant in an unused value of a `Field`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Line {
    /// The start of the stream: so many bytes of a byte order mark.
    Bom(u8),
    /// The start of any other line.
    Start,
    /// So many bytes of this field's name, and nothing else.
    Name(Field, u8),
    /// The colon, and nothing behind it: one space may follow that is no part of the value.
    Space(Field),
    Value(Field),
    /// It is of no interest.
    Skip,
}

/// One at the very start is no part of the stream.
const BOM: [u8; 3] = *b"\xEF\xBB\xBF";

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// The first half of [`decode`](Self::decode): takes bytes and says what was found, borrowing
    /// only from the input, so that it can be called in a loop.
    #[inline]
    pub(crate) fn advance<'i>(&mut self, input: &mut &'i [u8]) -> Option<Found<&'i str>> {
        match self.advance_in_pieces {
            None => self.advance_whole(input),
            Some(advance_in_pieces) => advance_in_pieces(self, input),
        }
    }

    #[inline]
    pub(super) fn advance_whole<'i>(&mut self, input: &mut &'i [u8]) -> Option<Found<&'i str>> {
        // Most small pushes lie within a line, where nothing is left to do from before it.
        if !matches!(self.line, Line::Start | Line::Bom(_)) {
            // Nothing is to be looked for in one byte, as a UART brings them.
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

    /// From the start of a line. Not inlined, so that what is above stays small where it is.
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
                // It began like a byte order mark.
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

    /// Takes the first line of the input, or what is left of it, with its end.
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

    /// A line that lies whole in the input. What it says of the event is not copied but noted in
    /// `block`, as the event may well end in this input too.
    #[inline]
    fn whole_line<'i>(&mut self, line: &'i [u8], block: &mut Block<'i>) -> Option<Found<&'i str>> {
        if line.is_empty() {
            return self.dispatch(mem::take(block));
        }
        let (field, value) = field_and_value(line)?;
        match field {
            Field::Data if !self.has_data && block.data.is_none() => block.data = Some(value),
            Field::EventType => block.event_type = Some(value),
            // An ID with a NUL is no ID, and leaves an earlier one of this event alone.
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

    /// Copies what was only noted: the event does not end in this input.
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

    /// A piece of a line that does not lie whole in the input.
    #[inline]
    fn piece(&mut self, bytes: &[u8]) {
        if self.line == Line::Value(Field::Data) {
            self.data.push(bytes);
        } else {
            self.piece_of_any_line(bytes);
        }
    }

    fn piece_of_any_line(&mut self, mut bytes: &[u8]) {
        // Nearly all that can lie here whole; the rest is done byte by byte.
        if self.line == Line::Start
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

    /// The end of a line that came in pieces.
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

/// One byte more or less of a byte order mark. `None` if there is none to look at.
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
        // It was the beginning of a field name that nobody knows.
        Line::Skip
    })
}

/// A whole line's field, if it is one that counts, and its value. As patterns, since those become
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
        // One space may be before the value that is no part of it.
        [b':', b' ', value @ ..] | [b':', value @ ..] | value @ [] => Some((field, value)),
        _ => None,
    }
}
