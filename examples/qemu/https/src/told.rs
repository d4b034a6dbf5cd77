//! What a run is told, besides what `firmware` takes:
//!
//! * `pin=`: the hash of the server's key, or
//! * `root=`: the certificate of an authority in DER, in hexadecimal digits,
//! * `seed=`: a number.

use board::{argument, exit, put, status};
use embedded_sse::tls::PinnedKeys;
use static_cell::ConstStaticCell;

/// Whether the run was told a pin.
pub fn is_pinned() -> bool {
    argument("pin", |pin| pin.is_some())
}

/// The server's key.
pub fn pins() -> PinnedKeys {
    match argument("pin", |pin| PinnedKeys::parse(&[pin?])) {
        Some(pins) => pins,
        None => end(b"pin= is missing, or is not 64 hexadecimal digits\n"),
    }
}

/// The authority's certificate.
pub fn root() -> &'static [u8] {
    static MEMORY: ConstStaticCell<[u8; 600]> = ConstStaticCell::new([0; 600]);

    match argument("root", |root| decode(root?, MEMORY.take())) {
        Some(root) => root,
        None => end(b"root= is missing, too long, or is not hexadecimal digits\n"),
    }
}

fn decode<'m>(digits: &str, memory: &'m mut [u8]) -> Option<&'m [u8]> {
    let memory = memory.get_mut(..digits.len() / 2)?;
    for (byte, digits) in memory.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(memory)
}

/// A source of numbers that are different for each connection. The board has no generator, so they are not
/// random.
pub fn random() -> impl FnMut(&mut [u8; 32]) {
    let mut number: u64 = argument("seed", |seed| seed?.parse().ok()).unwrap_or_default();
    move |seed| {
        number += 1;
        seed[..8].copy_from_slice(&number.to_le_bytes());
    }
}

fn end(problem: &[u8]) -> ! {
    put(problem);
    exit(status::ARGUMENTS)
}
