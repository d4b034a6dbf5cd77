//! From bytes to lines, and from lines to field names and values.

use core::mem;

use super::fields::{Block, Field};
use super::scan::{is_line_end, line_end};
use super::{Decoder, Found, LONGEST_NAME};

/// How much of the present line has been seen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Start,
    /// That of the stream: so much of a byte order mark.
    Bom(u8),
    /// Some of its name, which is in `name`.
    Name,
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
        // Where bytes come one by one, this is what most of them are.
        if self.line == Line::Value(Field::Data)
            && let [byte] = **input
            && !is_line_end(&byte)
        {
            self.data.push(mem::take(input));
            return None;
        }
        self.advance_by_lines(input)
    }

    fn advance_by_lines<'i>(&mut self, input: &mut &'i [u8]) -> Option<Found<&'i str>> {
        while self.line != Line::Start {
            if let Line::Bom(seen) = self.line {
                let (first, rest) = input.split_first()?;
                self.line = if BOM.get(usize::from(seen)) == Some(first) {
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
                };
            } else if let Some(line) = self.take_line(input) {
                self.piece(line);
                let found = self.end_line();
                if found.is_some() {
                    return found;
                }
            } else {
                self.piece(mem::take(input));
                return None;
            }
        }
        self.clear_handed_out();
        if self.after_cr && !input.is_empty() {
            self.after_cr = false;
            *input = input.strip_prefix(b"\n").unwrap_or(input);
        }
        let mut block = Block::default();
        while let Some(line) = self.take_line(input) {
            let found = self.whole_line(line, &mut block);
            if found.is_some() {
                return found;
            }
        }
        self.keep(&mut block);
        self.piece(mem::take(input));
        None
    }

    /// Takes the first line of the input, or what is left of it, with its end.
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
            Field::Id if value.contains(&0) => {}
            Field::Id => block.id = Some(value),
            Field::Comment if !self.show_comments => {}
            Field::Data | Field::Comment | Field::Retry => {
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
        if let Some(value) = block.data.take() {
            self.begin(Field::Data);
            self.append(Field::Data, value);
        }
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

    /// A piece of a line that does not lie whole in the input.
    fn piece(&mut self, mut bytes: &[u8]) {
        if let Line::Value(field) = self.line {
            return self.append(field, bytes);
        }
        if bytes.is_empty() {
            return;
        }
        if matches!(self.line, Line::Start | Line::Name) {
            if self.line == Line::Start {
                self.name.clear();
            }
            // A longer name than this is of no interest.
            let room = LONGEST_NAME - self.name.len();
            let colon = bytes.iter().take(room + 1).position(|byte| *byte == b':');
            let name = bytes
                .get(..colon.unwrap_or(bytes.len()))
                .unwrap_or_default();
            bytes = bytes.get(name.len() + 1..).unwrap_or_default();
            self.line = if self.name.extend_from_slice(name).is_err() {
                Line::Skip
            } else if colon.is_none() {
                Line::Name
            } else if let Some(field) = self.field_of_name() {
                self.begin(field);
                if field == Field::Comment {
                    Line::Value(field)
                } else {
                    Line::Space(field)
                }
            } else {
                Line::Skip
            };
        }
        if let Line::Space(field) = self.line
            && let Some(first) = bytes.first()
        {
            if *first == b' ' {
                bytes = bytes.get(1..).unwrap_or_default();
            }
            self.line = Line::Value(field);
        }
        if let Line::Value(field) = self.line {
            self.append(field, bytes);
        }
    }

    /// The end of a line that came in pieces.
    fn end_line(&mut self) -> Option<Found<&'static str>> {
        match mem::replace(&mut self.line, Line::Start) {
            Line::Name => {
                let field = self.field_of_name()?;
                self.begin(field);
                self.finish(field)
            }
            Line::Space(field) | Line::Value(field) => self.finish(field),
            Line::Start | Line::Bom(_) | Line::Skip => None,
        }
    }

    fn field_of_name(&self) -> Option<Field> {
        let (field, []) = field_and_rest(&self.name)? else {
            return None;
        };
        (field != Field::Comment || self.show_comments).then_some(field)
    }
}

/// What a line begins with, and what is behind that. A comment has an empty name.
#[inline]
fn field_and_rest(line: &[u8]) -> Option<(Field, &[u8])> {
    Some(match line {
        [b'd', b'a', b't', b'a', rest @ ..] => (Field::Data, rest),
        [b'e', b'v', b'e', b'n', b't', rest @ ..] => (Field::EventType, rest),
        [b'i', b'd', rest @ ..] => (Field::Id, rest),
        [b'r', b'e', b't', b'r', b'y', rest @ ..] => (Field::Retry, rest),
        [] | [b':', ..] => (Field::Comment, line),
        _ => return None,
    })
}

/// A line's field, if it is one that counts, and its value, without the one space that may be
/// before it.
#[inline]
fn field_and_value(line: &[u8]) -> Option<(Field, &[u8])> {
    match field_and_rest(line)? {
        (Field::Comment, [_, comment @ ..]) => Some((Field::Comment, comment)),
        (field, [b':', b' ', value @ ..] | [b':', value @ ..] | value @ []) => Some((field, value)),
        _ => None,
    }
}
