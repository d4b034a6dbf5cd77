//! From bytes to lines, and from lines to field names and values.

use core::mem;

use memchr::{memchr, memchr2};

use super::fields::{Block, Field};
use super::{Decoder, Found};

/// How much of the present line has been seen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Start,
    /// Some of its name, which is in `name`.
    Name,
    /// The colon, and nothing behind it: one space may follow that is no part of the value.
    Space(Field),
    Value(Field),
    /// It is of no interest.
    Skip,
}

const BOM: [u8; 3] = *b"\xEF\xBB\xBF";

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// The first half of [`decode`](Self::decode): takes bytes and says what was found, borrowing
    /// only from the input, so that it can be called in a loop.
    pub(crate) fn advance<'i>(&mut self, input: &mut &'i [u8]) -> Option<Found<&'i str>> {
        self.clear_handed_out();
        self.skip_bom(input);
        let mut block = Block::default();
        loop {
            if self.after_cr
                && let Some((&first, rest)) = input.split_first()
            {
                self.after_cr = false;
                if first == b'\n' {
                    *input = rest;
                }
            }
            let Some((line, end, rest)) = split_line(input) else {
                self.keep(&mut block);
                self.piece(input);
                *input = &[];
                return None;
            };
            *input = rest;
            self.after_cr = end == b'\r';
            let found = if self.line == Line::Start {
                self.whole_line(line, &mut block)
            } else {
                self.piece(line);
                self.end_line()
            };
            if found.is_some() {
                self.keep(&mut block);
                return found;
            }
        }
    }

    /// One byte order mark at the very start is no part of the stream. A beginning of one that is
    /// not continued is the beginning of a field name that nobody knows.
    fn skip_bom(&mut self, input: &mut &[u8]) {
        while let Some(&expected) = BOM.get(usize::from(self.bom))
            && let Some((&first, rest)) = input.split_first()
        {
            if first != expected {
                if self.bom > 0 {
                    self.line = Line::Skip;
                }
                self.bom = BOM.len() as u8;
                return;
            }
            self.bom += 1;
            *input = rest;
        }
    }

    /// A line that lies whole in the input. What it says of the event is not copied but noted in
    /// `block`, as the event may well end in this input too.
    fn whole_line<'i>(&mut self, line: &'i [u8], block: &mut Block<'i>) -> Option<Found<&'i str>> {
        if line.is_empty() {
            return self.dispatch(mem::take(block));
        }
        let (name, value) = match memchr(b':', line) {
            Some(colon) => (
                line.get(..colon).unwrap_or_default(),
                line.get(colon + 1..).unwrap_or_default(),
            ),
            // Behind it, and not just any: where it lies in the input is asked.
            None => (line, line.get(line.len()..).unwrap_or_default()),
        };
        let field = self.field(name)?;
        let value = match field {
            Field::Comment => value,
            _ => value.strip_prefix(b" ").unwrap_or(value),
        };
        match field {
            Field::Data if !self.has_data && block.data.is_none() => {
                block.data = Some(value);
                None
            }
            Field::EventType => {
                block.event_type = Some(value);
                None
            }
            _ => {
                if matches!(field, Field::Data | Field::Comment) {
                    self.keep(block);
                }
                self.begin(field);
                self.append(field, value);
                self.finish(field)
            }
        }
    }

    /// Copies what was only noted: the event does not end in this input.
    fn keep(&mut self, block: &mut Block<'_>) {
        let block = mem::take(block);
        for (field, value) in [
            (Field::Data, block.data),
            (Field::EventType, block.event_type),
        ] {
            if let Some(value) = value {
                self.begin(field);
                self.append(field, value);
            }
        }
    }

    /// A piece of a line that does not lie whole in the input.
    fn piece(&mut self, mut bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if matches!(self.line, Line::Start | Line::Name) {
            let (name, colon) = match memchr(b':', bytes) {
                Some(colon) => (bytes.get(..colon).unwrap_or_default(), true),
                None => (bytes, false),
            };
            bytes = bytes.get(name.len() + 1..).unwrap_or_default();
            if self.line == Line::Start {
                self.name.clear();
            }
            self.line = if self.name.extend_from_slice(name).is_err() {
                Line::Skip
            } else if !colon {
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
            Line::Start | Line::Skip => None,
        }
    }

    fn field(&self, name: &[u8]) -> Option<Field> {
        match name {
            b"data" => Some(Field::Data),
            b"event" => Some(Field::EventType),
            b"id" => Some(Field::Id),
            b"retry" => Some(Field::Retry),
            b"" if self.show_comments => Some(Field::Comment),
            _ => None,
        }
    }

    fn field_of_name(&self) -> Option<Field> {
        self.field(&self.name)
    }
}

/// The first line of `input`, the byte that ends it, and what follows.
fn split_line(input: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let (line, rest) = input.split_at_checked(memchr2(b'\n', b'\r', input)?)?;
    let (&end, rest) = rest.split_first()?;
    Some((line, end, rest))
}
