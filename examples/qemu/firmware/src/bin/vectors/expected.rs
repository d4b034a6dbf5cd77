//! Compares a result with the expected one, field by field.

use core::fmt::{self, Debug, Display, Write};

/// The end of a field: no byte of a text.
const END: u8 = 0xFF;

pub struct Expected<'a> {
    /// The fields that are still expected.
    rest: &'a [u8],
    /// The first field that differed.
    wrong: Option<Wrong>,
}

/// The first bytes of a field.
struct Wrong {
    bytes: [u8; 80],
    len: usize,
}

impl<'a> Expected<'a> {
    pub fn new(all: &'a [u8]) -> Self {
        Self {
            rest: all,
            wrong: None,
        }
    }

    pub fn field(&mut self, text: &str) {
        let rest = self.rest.strip_prefix(text.as_bytes());
        match rest.and_then(|rest| rest.strip_prefix(&[END])) {
            Some(rest) if self.wrong.is_none() => self.rest = rest,
            _ => self.differs(text),
        }
    }

    pub fn display(&mut self, value: impl Display) {
        let mut text = Wrong::EMPTY;
        let _fits = write!(text, "{value}");
        self.field(text.as_str());
    }

    pub fn debug(&mut self, value: impl Debug) {
        self.display(format_args!("{value:?}"));
    }

    /// Call this at the end of the result.
    pub fn end(&mut self) {
        if !self.rest.is_empty() {
            self.differs("the end");
        }
    }

    /// The first field that differed, and what was expected in its place.
    pub fn problem(&self) -> Option<(impl Display, impl Display)> {
        let wrong = self.wrong.as_ref()?;
        let rest = self.rest.get(..80).unwrap_or(self.rest);
        Some((wrong.as_str().escape_debug(), rest.escape_ascii()))
    }

    fn differs(&mut self, text: &str) {
        self.wrong.get_or_insert_with(|| {
            let mut wrong = Wrong::EMPTY;
            let _fits = wrong.write_str(text);
            wrong
        });
    }
}

impl Wrong {
    const EMPTY: Self = Self {
        bytes: [0; 80],
        len: 0,
    };

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid())
    }
}

impl Write for Wrong {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            let place = self.bytes.get_mut(self.len).ok_or(fmt::Error)?;
            *place = byte;
            self.len += 1;
        }
        Ok(())
    }
}

/// Writes it to the standard output.
pub fn put_text(text: fmt::Arguments<'_>) {
    let _written = Console.write_fmt(text);
}

struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        board::put(text.as_bytes());
        Ok(())
    }
}
