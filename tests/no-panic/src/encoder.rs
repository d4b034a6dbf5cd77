use core::hint::black_box;

use embedded_sse::Outgoing;

use crate::display::display;
use crate::input;

pub fn every_call() {
    let mut texts = [[0; 256]; 4];
    let [comment, event_type, id, data] = &mut texts;
    let outgoing = Outgoing {
        comment: input::option(input::text(comment)),
        retry: input::option(input::time()),
        event_type: input::option(input::text(event_type)),
        id: input::option(input::text(id)),
        data: input::option(input::text(data)),
    };
    match outgoing.encode() {
        Ok(encoded) => {
            display(encoded);
            for piece in encoded.pieces() {
                black_box(piece);
            }
        }
        Err(invalid) => display(invalid),
    }
}
