//! Events that lie in the input as a whole.
//!
//! They are borrowed: their texts are ranges of the input, and nothing is copied.

use super::data::DataBuffer;
use super::fields::{Field, after_data, without_space};
use super::line::Line;
use super::scan::split_line;
use super::{Found, Parser};
use crate::bytes::has;
use crate::utf8::from_utf8;

impl<D: DataBuffer, const META: usize> Parser<D, META> {
    /// The data of the next event if it has no other field and nothing is pending: the shortest way for the
    /// most common event. Otherwise returns `Err(searched)`: so many bytes at the start of the input contain no line end,
    /// and need not be searched again.
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
        let searched = input.len() - value.len() + data.len();
        if let [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] = rest
            && let Some(data) = checked(data, self.data.most())
        {
            *input = rest;
            return Ok(data);
        }
        Err(searched)
    }

    /// Returns the event of a block that ends before `rest`, if all of it can be borrowed.
    #[inline]
    pub(super) fn borrow<'i>(&mut self, block: &Block<'i>, rest: &[u8]) -> Option<Found<&'i str>> {
        let [data, event_type, id] = block.values;
        let data = data?;
        // One check of all is faster than one of each.
        let text = block.input.get(..block.input.len() - rest.len())?;
        let text = from_utf8(text).ok()?;
        let data = part(text, data, self.data.most())?;
        let event_type = match event_type {
            None => "",
            Some(event_type) => part(text, event_type, META)?,
        };
        if let Some(id) = id {
            self.last_event_id.set(part(text, id, META)?);
        }
        Some(Found::Event { data, event_type })
    }
}

/// A block that begins in the input: the fields of its lines so far.
pub(super) struct Block<'i> {
    /// The input from the start of the block on.
    input: &'i [u8],
    /// The values of `data`, `event` and `id`.
    pub(super) values: [Option<&'i [u8]>; 3],
}

impl<'i> Block<'i> {
    #[inline]
    pub(super) fn at(input: &'i [u8]) -> Self {
        Self {
            input,
            values: [None; 3],
        }
    }

    /// Notes a field. Returns `false` for a second `data` line, and for fields that are not noted.
    #[inline]
    pub(super) fn note(&mut self, field: Field, value: &'i [u8]) -> bool {
        let Some(noted) = self.values.get_mut(field as usize) else {
            return false;
        };
        match field {
            Field::Data if noted.is_some() => return false,
            // An ID with NUL is ignored. An earlier ID of this event stays valid.
            Field::Id if has(value, 0) => {}
            _ => *noted = Some(value),
        }
        true
    }
}

/// The text, unless it is longer than `most` or ill-formed.
#[inline]
fn checked(bytes: &[u8], most: usize) -> Option<&str> {
    match bytes.len() <= most {
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
