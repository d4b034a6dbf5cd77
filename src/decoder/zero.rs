//! Test that a new decoder is all zero bytes, so that a `static` decoder lies in `.bss`.

use core::mem::offset_of;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::vec::Vec;

use super::*;

/// Otherwise a static decoder would take as much flash as RAM. `offset_of!` does not read memory
/// and `unsafe` is forbidden, so the test reads the bytes from Linux's `/proc/self/mem`.
#[test]
fn each_byte_of_a_new_decoder_is_zero() {
    static NEW: Decoder<40, 24> = Decoder::new();

    let mut bytes = [1; size_of::<Decoder<40, 24>>()];
    let memory = File::open("/proc/self/mem").unwrap();
    let address = (&raw const NEW).addr() as u64;
    memory.read_exact_at(&mut bytes, address).unwrap();
    let not_zero: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
    let fields: Vec<_> = not_zero.into_iter().map(field_at).collect();
    assert!(fields.is_empty(), "not zero: {fields:?}");
}

/// The name of the field at this offset, or of the field before it if the offset is padding.
fn field_at(at: usize) -> &'static str {
    macro_rules! offsets {
        ($($field:ident)*) => {{
            // This does not compile if a field is missing.
            let _all = |Decoder { parser: Parser { $($field: _),* } }: Decoder<40, 24>| {};
            [$((offset_of!(Decoder<40, 24>, parser.$field), stringify!($field))),*]
        }};
    }
    let offsets = offsets!(
        state advance_in_pieces comment last_event_id event_type id data value
    );
    let before = offsets.into_iter().filter(|(offset, _)| *offset <= at);
    before.max().map_or("none", |(_, name)| name)
}
