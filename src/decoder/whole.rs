//! Events that lie in the input as a whole.
//!
//! They are borrowed: their texts are ranges of the input, and nothing is copied. What cannot be borrowed is
//! left to `line.rs`.

use super::fields::{Field, after_data, field_and_value, has_nul, without_space};
use super::line::Line;
use super::scan::split_line;
use super::{Decoder, Found};
use crate::utf8::from_utf8;

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// The data of the next event if it has no other field and nothing is pending: the shortest way for the
    /// most common event. Otherwise returns how many bytes at the start of the input have no line end.
    #[inline]
    pub(super) fn data_event<'i>(&self, input: &mut &'i [u8]) -> Result<&'i str, usize> {
        if self.state.line != Line::Clean {
            return Err(0);
        }
        let Some(value) = after_data(input) else {
            return Err(0);
        };
        let value = without_space(value);
        let Some((data, rest)) = split_line(value, 0) else {
            return Err(input.len());
        };
        let clear = input.len() - value.len() + data.len();
        if let [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] = rest
            && let Some(data) = checked::<DATA>(data)
        {
            *input = rest;
            return Ok(data);
        }
        Err(clear)
    }

    /// Returns the next event if all of it can be borrowed. Otherwise `input` stays as it was, and its lines
    /// have to be parsed one by one.
    ///
    /// Call it only if the line is `Clean`. There is no line end in the first `clear` bytes.
    #[inline(never)]
    pub(super) fn whole_event<'i>(
        &mut self,
        input: &mut &'i [u8],
        mut clear: usize,
    ) -> Option<Found<&'i str>> {
        let mut rest = *input;
        let (mut data, mut event_type, mut id) = (None, None, None);
        loop {
            let line;
            (line, rest) = split_line(rest, clear)?;
            clear = 0;
            if line.is_empty() {
                break;
            }
            match field_and_value(line) {
                Some((Field::Data, value)) if data.is_none() => data = Some(value),
                Some((Field::EventType, value)) => event_type = Some(value),
                // An ID with NUL is ignored. An earlier ID of this event stays valid.
                Some((Field::Id, value)) if has_nul(value) => {}
                Some((Field::Id, value)) => id = Some(value),
                // It takes effect even if the event cannot be borrowed. Then it is parsed again, with the
                // same result.
                Some((Field::Retry, value)) if !self.state.show_retry => {
                    self.begin(Field::Retry, value);
                    let _no_item = self.finish(Field::Retry);
                }
                Some((Field::Comment, _)) if self.comment.is_none() => {}
                None => {}
                Some(_) => return None,
            }
        }
        let data = data?;
        // One check of all is faster than one of each.
        let text = from_utf8(input.get(..input.len() - rest.len())?).ok()?;
        let data = part(text, data, DATA)?;
        let event_type = match event_type {
            None => "",
            Some(event_type) => part(text, event_type, META)?,
        };
        if let Some(id) = id {
            self.last_event_id.set(part(text, id, META)?);
        }
        *input = rest;
        Some(Found::Event { data, event_type })
    }
}

/// The text, unless it is longer than `MOST` or ill-formed.
#[inline]
fn checked<const MOST: usize>(bytes: &[u8]) -> Option<&str> {
    match bytes.len() <= MOST {
        true => from_utf8(bytes).ok(),
        false => None,
    }
}

/// The part of the text that consists of these bytes, unless it is longer than `most`.
fn part<'i>(text: &'i str, bytes: &[u8], most: usize) -> Option<&'i str> {
    if bytes.len() > most {
        return None;
    }
    let start = bytes.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    let (_, text) = text.split_at_checked(start)?;
    Some(text.split_at_checked(bytes.len())?.0)
}
