//! Fields: what each one changes, and the dispatch of events.

use core::time::Duration;

use super::data::DataBuffer;
use super::line::Line;
use super::{Found, Parser};
use crate::bytes::has;
use crate::event::TooLong;

/// The first three are in the order of `Block::values`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Data,
    EventType,
    Id,
    Retry,
    Comment,
}

/// The field and value of a line, or `None` for an unknown field.
#[inline]
pub(super) fn field_and_value(line: &[u8]) -> Option<(Field, &[u8])> {
    match after_data(line) {
        Some(value) => Some((Field::Data, without_space(value))),
        None => any_field_and_value(line),
    }
}

/// What follows `data:`.
#[inline]
pub(super) fn after_data(line: &[u8]) -> Option<&[u8]> {
    match line.split_first_chunk()? {
        (name, [b':', value @ ..]) if word(*name) == word(*b"data") => Some(value),
        _ => None,
    }
}

fn any_field_and_value(line: &[u8]) -> Option<(Field, &[u8])> {
    let (field, rest) = match line {
        [b':', comment @ ..] => return Some((Field::Comment, comment)),
        [b'i', b'd', rest @ ..] => (Field::Id, rest),
        _ => {
            let (start, rest) = line.split_first_chunk()?;
            let start = word(*start);
            match rest {
                [b't', rest @ ..] if start == word(*b"even") => (Field::EventType, rest),
                [b'y', rest @ ..] if start == word(*b"retr") => (Field::Retry, rest),
                _ if start == word(*b"data") => (Field::Data, rest),
                _ => return None,
            }
        }
    };
    match rest {
        [b':', value @ ..] => Some((field, without_space(value))),
        [] => Some((field, rest)),
        _ => None,
    }
}

/// Four bytes of a name are compared at once.
#[inline]
fn word(name: [u8; 4]) -> u32 {
    u32::from_ne_bytes(name)
}

/// One space before the value is not part of it.
#[inline]
pub(super) fn without_space(value: &[u8]) -> &[u8] {
    let ([b' ', value @ ..] | value) = value;
    value
}

impl<D: DataBuffer, const META: usize> Parser<D, META> {
    /// Begins a field with the first part of its value.
    pub(super) fn begin(&mut self, field: Field, value: &[u8]) {
        match field {
            Field::Data => self.begin_data_line(),
            Field::EventType => {
                self.state.has_kept = true;
                self.event_type.clear();
            }
            Field::Id => {
                self.state.has_kept = true;
                self.state.has_nul = false;
                self.value.clear();
            }
            Field::Retry => self.state.digits = Digits::NONE,
            Field::Comment => {
                self.state.mark = self.data.len();
                self.state.comment_too_long = false;
            }
        }
        self.append(field, value);
    }

    /// Begins a `data` line.
    pub(super) fn begin_data_line(&mut self) {
        // The standard appends LF to each line and removes the last LF. Adding LF before each line but the
        // first gives the same text and needs no room for the removed LF.
        if self.state.has_data {
            self.push_data(b"\n");
        }
        self.state.has_data = true;
        self.state.has_kept = true;
    }

    pub(super) fn append(&mut self, field: Field, value: &[u8]) {
        match field {
            Field::Data => self.push_data(value),
            Field::EventType => {
                self.state.bits |= self.event_type.as_view().push(value);
            }
            Field::Id => {
                self.state.has_nul |= has(value, 0);
                self.state.bits |= self.value.as_view().push(value);
            }
            Field::Retry => self.state.digits.push(value),
            Field::Comment => {
                if let Some(comment) = self.comment {
                    let _no_item_yet = comment(self, Some(value));
                }
            }
        }
    }

    #[inline]
    pub(super) fn push_data(&mut self, value: &[u8]) {
        self.state.bits |= self.data.push(value);
    }

    /// Finishes a field.
    pub(super) fn finish(&mut self, field: Field) -> Option<Found<&'static str>> {
        match field {
            Field::Data | Field::EventType => {}
            Field::Id => {
                // An ID with NUL is ignored. An earlier ID of this event stays valid.
                if !self.state.has_nul {
                    self.state.has_id = true;
                    self.id.copy_from(&self.value);
                }
            }
            Field::Retry => {
                let ms = self.state.digits.value()?;
                self.state.retry = Some(ms);
                self.state.retry_is_new = true;
                let is_shown = self.state.show_retry;
                return is_shown.then(|| Found::Retry(Duration::from_millis(ms)));
            }
            Field::Comment => match self.comment {
                Some(comment) => return comment(self, None),
                // `show_comments` has changed within the comment.
                None => self.data.truncate(self.state.mark),
            },
        }
        None
    }

    /// The standard's "dispatch the event", of the values in memory.
    #[inline(never)]
    pub(super) fn dispatch(&mut self) -> Option<Found<&'static str>> {
        if !self.state.has_data {
            let has_id = self.state.has_id;
            let id = self.commit_id();
            self.clear_block();
            self.state.line = Line::Clean;
            return match id {
                Err(part) => Some(Found::TooLong(part)),
                Ok(()) => (self.state.show_ids && has_id).then_some(Found::Id),
            };
        }
        self.state.line = Line::AfterEvent;
        if let Err(len) = self.data.decode(self.state.bits) {
            // If the event is parsed again in pieces, its ID is committed with the last piece.
            if !self.will_be_split() {
                // Ignore an ID that is too long too: each event is reported once.
                let _too_long = self.commit_id();
            }
            return Some(Found::TooLong(TooLong::Data { len }));
        }
        let id = self.commit_id();
        let event_type = self.event_type.as_view().decode(self.state.bits);
        let event_type = event_type.map_err(|len| TooLong::EventType { len });
        Some(match id.and(event_type) {
            Ok(()) => Found::Joined,
            Err(part) => Found::TooLong(part),
        })
    }

    /// Makes the event's ID the last event ID.
    fn commit_id(&mut self) -> Result<(), TooLong> {
        if self.state.has_id {
            self.state.has_id = false;
            let id = self.id.as_view().decode(self.state.bits);
            id.map_err(|len| TooLong::Id { len })?;
            self.last_event_id.set(self.id.as_str());
        }
        Ok(())
    }

    pub(super) fn clear_block(&mut self) {
        self.state.has_kept = false;
        self.state.has_data = false;
        self.state.is_in_pieces = false;
        self.state.cut_at = 0;
        self.data.clear();
        self.state.bits = 0;
        self.event_type.clear();
        self.state.has_id = false;
    }
}

/// The value of an unfinished `retry` field.
#[derive(Clone, Copy)]
pub(super) struct Digits {
    ms: u64,
    any: bool,
    invalid: bool,
}

impl Digits {
    pub(super) const NONE: Self = Self {
        ms: 0,
        any: false,
        invalid: false,
    };

    pub(super) fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.any = true;
            self.invalid |= !byte.is_ascii_digit();
            let digit = u64::from(byte.wrapping_sub(b'0'));
            self.ms = self.ms.saturating_mul(10).saturating_add(digit);
        }
    }

    pub(super) fn value(&self) -> Option<u64> {
        (self.any && !self.invalid).then_some(self.ms)
    }
}
