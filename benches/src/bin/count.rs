//! Decodes each stream once, so that valgrind can count instructions. See `count.sh`.

use embedded_sse::{Decoder, Item};
use embedded_sse_benches::inputs::inputs;
use embedded_sse_benches::seen::Seen;

fn main() {
    let letter = std::env::args().nth(1).expect("an argument: a letter");
    let push: usize = std::env::args()
        .nth(2)
        .and_then(|push| push.parse().ok())
        .expect("an argument: the size of a push");
    let input = inputs(128 * 1024)
        .into_iter()
        .find(|input| letter.starts_with(input.letter))
        .expect("a letter from a to g");
    let mut seen = Seen::default();
    decode_all(
        &mut Box::new(Decoder::new()),
        &input.stream,
        push,
        &mut seen,
    );
    assert_eq!(seen.events, input.right.events);
    assert_eq!(seen.bytes, input.right.bytes);
    println!("{}", input.stream.len());
}

/// Only instructions of this function are counted.
#[inline(never)]
fn decode_all(decoder: &mut Decoder<{ 65 * 1024 }>, stream: &[u8], push: usize, seen: &mut Seen) {
    for mut input in stream.chunks(push) {
        while let Some(item) = decoder.decode(&mut input) {
            if let Item::Event(event) = item {
                seen.event(event.event_type, event.data);
            }
        }
    }
}
