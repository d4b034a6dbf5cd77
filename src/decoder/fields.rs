//! Fields: what each one changes, and the dispatch of events.

use core::mem;
use core::time::Duration;

use super::{Decoder, Found, HandedOut, replace};
use crate::event::TooLong;
use crate::utf8;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Data,
    EventType,
    Id,
    Retry,
    Comment,
}

impl Field {
    pub(super) const fn name(self) -> &'static [u8] {
        match self {
            Self::Data => b"data",
            Self::EventType => b"event",
            Self::Id => b"id",
            Self::Retry => b"retry",
            Self::Comment => b"",
        }
    }
}

/// Values of the unfinished event that lie in the current input and have not been copied.
#[derive(Default)]
pub(super) struct Block<'i> {
    pub(super) data: Option<&'i [u8]>,
    pub(super) event_type: Option<&'i [u8]>,
    pub(super) id: Option<&'i [u8]>,
}

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    pub(super) fn begin(&mut self, field: Field) {
        match field {
            Field::Data => {
                // The standard appends LF to each line and removes the last LF. Adding LF before
                // each line but the first gives the same text and needs no room for the removed LF.
                if self.has_data {
                    self.data.push(b"\n");
                }
                self.has_data = true;
            }
            Field::EventType => self.event_type.clear(),
            Field::Id => {
                self.id_value.clear();
                self.id_has_nul = false;
            }
            Field::Retry => self.digits = Digits::NONE,
            Field::Comment => {
                // The comment is stored after the data of the unfinished event.
                self.mark = self.data.bytes().len();
                self.comment_too_long = false;
            }
        }
    }

    pub(super) fn append(&mut self, field: Field, value: &[u8]) {
        match field {
            Field::Data => self.data.push(value),
            Field::EventType => self.event_type.push(value),
            Field::Id => {
                self.id_has_nul |= has_nul(value);
                self.id_value.push(value);
            }
            Field::Retry => self.digits.push(value),
            Field::Comment => {
                if !self.comment_too_long {
                    let memory = self.data.memory();
                    self.comment_too_long = memory.extend_from_slice(value).is_err();
                }
            }
        }
    }

    pub(super) fn finish(&mut self, field: Field) -> Option<Found<&'static str>> {
        match field {
            Field::Data | Field::EventType => None,
            Field::Id => {
                // An ID with NUL is ignored. An earlier ID of this event stays valid.
                if !self.id_has_nul {
                    self.has_id = true;
                    self.id.copy_from(&self.id_value);
                }
                None
            }
            Field::Retry => {
                let ms = self.digits.value()?;
                self.retry = Some(ms);
                self.retry_is_new = true;
                self.show_retry
                    .then(|| Found::Retry(Duration::from_millis(ms)))
            }
            Field::Comment => {
                self.handed_out = HandedOut::Comment;
                let memory = self.data.memory();
                if self.comment_too_long || utf8::decode(memory.as_view(), self.mark).is_err() {
                    return Some(Found::TooLong(TooLong::Comment));
                }
                Some(Found::Comment)
            }
        }
    }

    /// The standard's "dispatch the event". `block` contains the values that were not copied.
    pub(super) fn dispatch<'i>(&mut self, block: Block<'i>) -> Option<Found<&'i str>> {
        if !self.has_data && block.data.is_none() {
            let has_id = self.has_id || block.id.is_some();
            let id = self.commit_id(block.id);
            self.clear_block();
            return match id {
                Err(part) => Some(Found::TooLong(part)),
                Ok(()) => (self.show_ids && has_id).then_some(Found::Id),
            };
        }
        self.handed_out = HandedOut::Event;
        let data = match self.data.decode(block.data) {
            Ok(data) => data,
            Err(len) => return Some(self.data_is_too_long(len, block.id)),
        };
        let id = self.commit_id(block.id);
        let event_type = self.event_type.decode(block.event_type);
        let event_type = event_type.map_err(|len| TooLong::EventType { len });
        Some(match (id, event_type) {
            (Ok(()), Ok(event_type)) => Found::Event { data, event_type },
            (Err(part), _) | (_, Err(part)) => Found::TooLong(part),
        })
    }

    #[cold]
    fn data_is_too_long<T>(&mut self, len: usize, id: Option<&[u8]>) -> Found<T> {
        // If the event is parsed again in pieces, its ID is committed with the last piece.
        if !self.will_be_split() {
            // Ignore an ID that is too long too: each event is reported once.
            let _too_long = self.commit_id(id);
        }
        Found::TooLong(TooLong::Data { len })
    }

    /// Makes the event's ID the last event ID. `borrowed` is the ID if it was not copied.
    #[inline]
    fn commit_id(&mut self, borrowed: Option<&[u8]>) -> Result<(), TooLong> {
        if mem::take(&mut self.has_id) || borrowed.is_some() {
            let id = self.id.decode(borrowed);
            let id = id.map_err(|len| TooLong::Id { len })?;
            let id = id.unwrap_or(self.id.as_str());
            self.id_has_come = true;
            self.id_has_moved |= id != self.last_event_id;
            replace(&mut self.last_event_id, id);
        }
        Ok(())
    }

    pub(super) fn clear_handed_out(&mut self) {
        match mem::replace(&mut self.handed_out, HandedOut::Nothing) {
            HandedOut::Nothing => {}
            HandedOut::Comment => self.data.memory().truncate(self.mark),
            HandedOut::Event => self.clear_block(),
        }
    }

    pub(super) fn clear_block(&mut self) {
        self.handed_out = HandedOut::Nothing;
        self.has_data = false;
        self.is_in_pieces = false;
        self.cut_at = 0;
        self.data.clear();
        self.event_type.clear();
        self.has_id = false;
    }
}

/// Whether the ID contains NUL. `slice::contains` is optimized for long slices; IDs are short.
pub(super) fn has_nul(id: &[u8]) -> bool {
    id.iter().fold(false, |any, byte| any | (*byte == 0))
}

/// The value of an unfinished `retry` field.
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
