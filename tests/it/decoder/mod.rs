//! The decoder: the rules on the stream in `tests/rules.md`, and what `Decoder` promises beyond its items.

mod case;
mod cases;
mod fields;
mod ids;
mod limits;
mod memory;
mod pieces;
mod streams;

use crate::model::Item;

fn message(data: &str, last_event_id: &str) -> Item {
    Item::Event {
        event_type: "message".to_owned(),
        data: data.to_owned(),
        last_event_id: last_event_id.to_owned(),
    }
}

fn cut(stream: &[u8], at: usize) -> Vec<&[u8]> {
    chunks(stream, &[at])
}

/// Splits the stream into pieces of these lengths. The rest of the stream is the last piece.
fn chunks<'s>(mut stream: &'s [u8], lengths: &[usize]) -> Vec<&'s [u8]> {
    let mut pieces = Vec::new();
    for &length in lengths {
        let (piece, rest) = stream.split_at(length.min(stream.len()));
        pieces.push(piece);
        stream = rest;
    }
    pieces.push(stream);
    pieces
}
