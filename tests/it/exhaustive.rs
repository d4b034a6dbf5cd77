//! All short streams over a few small alphabets, compared with the model.
//!
//! Each alphabet is made for one topic, so that a few tokens reach all its cases. Some tests add a start or
//! an end to each stream that shows the effect of its tokens.

use crate::model::{Model, decode, open_decoder};

/// CR, LF and CR LF inside, between and after the parts of a line, and at the end of the stream.
#[test]
fn line_ends() {
    let alphabet: [&[u8]; 7] = [b"\r", b"\n", b"\r\n", b"data", b"id", b":", b"a"];
    every_stream(&alphabet, at_most(7), |stream, cut| {
        check::<32, 32>(stream, cut);
    });
}

/// Names and values: unknown names, spaces, colons, NUL, and values that are almost numbers.
#[test]
fn fields() {
    let alphabet: [&[u8]; 10] = [
        b"data", b"event", b"id", b"retry", b":", b" ", b"a", b"1", b"\0", b"\n",
    ];
    every_stream(&alphabet, at_most(6), |stream, cut| {
        check::<32, 32>(&[stream, b"\ndata\n\n"].concat(), cut);
    });
}

/// Whole lines: which of them a blank line commits, dispatches or drops.
#[test]
fn blocks() {
    let alphabet: [&[u8]; 9] = [
        b"data:a\n",
        b"data\n",
        b"event:a\n",
        b"event\n",
        b"id:a\n",
        b"id\n",
        b"retry:1\n",
        b":a\n",
        b"\n",
    ];
    every_stream(&alphabet, at_most(6), |stream, cut| {
        check::<32, 32>(stream, cut);
    });
}

/// One, two or no byte order mark, and the beginning of one.
#[test]
fn byte_order_marks() {
    let alphabet: [&[u8]; 7] = [b"\xEF", b"\xBB", b"\xBF", b"data", b":", b"\r", b"\n"];
    every_stream(&alphabet, at_most(7), |stream, cut| {
        check::<32, 32>(&[stream, b"\ndata\n\n"].concat(), cut);
    });
}

/// Well-formed, overlong, truncated and surrogate sequences, in each kind of text.
#[test]
fn ill_formed_utf8() {
    let alphabet: [&[u8]; 11] = [
        b"a", b"\x80", b"\xA0", b"\xC0", b"\xC3", b"\xE2", b"\xED", b"\xF0", b"\x9F", b"\xF4",
        b"\xFF",
    ];
    every_stream(&alphabet, at_most(5), |text, cut| {
        for field in [
            &b"data:"[..],
            b"data\nevent:",
            b"data\nid:",
            b"data:\xE2\n:",
        ] {
            check::<32, 32>(&[field, text, b"\n\n"].concat(), cut);
        }
    });
}

/// Texts that fit or do not fit, some of them only before they are decoded.
#[test]
fn capacities() {
    let alphabet: [&[u8]; 10] = [
        b"data\n",
        b"data:ab\n",
        b"data:\xFF\n",
        b"event:ab\n",
        b"event:\xFF\n",
        b"id:ab\n",
        b"id:\xFF\n",
        b":a\n",
        b":\xFF\n",
        b"\n",
    ];
    every_stream(&alphabet, at_most(5), |stream, cut| {
        let stream = &[stream, b"\n"].concat();
        check::<0, 0>(stream, cut);
        check::<1, 1>(stream, cut);
        check::<2, 2>(stream, cut);
        check::<3, 3>(stream, cut);
        check::<4, 2>(stream, cut);
        check::<5, 1>(stream, cut);
        check::<6, 3>(stream, cut);
    });
}

/// A debug build uses two tokens less, so that it ends within seconds. CI also runs a release build.
fn at_most(tokens: u32) -> u32 {
    if cfg!(debug_assertions) {
        tokens - 2
    } else {
        tokens
    }
}

/// Calls `check` with each stream of at most `longest` tokens, and with a number that varies.
fn every_stream(alphabet: &[&[u8]], longest: u32, check: impl Fn(&[u8], usize)) {
    for length in 0..=longest {
        for number in 0..alphabet.len().pow(length) {
            let mut stream = Vec::new();
            let mut digits = number;
            for _ in 0..length {
                stream.extend_from_slice(alphabet[digits % alphabet.len()]);
                digits /= alphabet.len();
            }
            // Multiplied, because the remainders of `number` itself would depend on the tokens.
            check(&stream, number.wrapping_mul(0x9E37_79B1) >> 8);
        }
    }
}

/// The stream whole, byte by byte, in two pieces, and as two connections.
fn check<const DATA: usize, const META: usize>(stream: &[u8], cut: usize) {
    let (first, second) = stream.split_at(cut % (stream.len() + 1));
    one_connection::<DATA, META>(stream, &[first, second]);
    two_connections::<DATA, META>(first, second);
}

fn one_connection<const DATA: usize, const META: usize>(stream: &[u8], two_pieces: &[&[u8]]) {
    let mut model = Model::new(DATA, META, "");
    let items = model.interpret(stream);
    let expected = (items, &*model.last_event_id, model.retry);
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    for pushes in [&[stream], two_pieces, &bytes] {
        let mut decoder = open_decoder::<DATA, META>();
        let items = decode(&mut decoder, pushes.iter().copied());
        let decoded = (items, decoder.last_event_id(), decoder.reconnection_time());
        assert_eq!(decoded, expected, "{}", Shown(DATA, META, pushes));
    }
}

fn two_connections<const DATA: usize, const META: usize>(first: &[u8], second: &[u8]) {
    let mut model = Model::new(DATA, META, "");
    let mut decoder = open_decoder::<DATA, META>();
    for stream in [first, second] {
        let items = model.interpret(stream);
        let expected = (items, &*model.last_event_id, model.retry);
        decoder.new_stream();
        let items = decode(&mut decoder, [stream]);
        let decoded = (items, decoder.last_event_id(), decoder.reconnection_time());
        let shown = Shown(DATA, META, &[first, second]);
        assert_eq!(decoded, expected, "as two connections: {shown}");
    }
}

/// The description of a failed case.
struct Shown<'a>(usize, usize, &'a [&'a [u8]]);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(data, meta, pushes) = self;
        write!(f, "Decoder<{data}, {meta}>")?;
        for push in *pushes {
            write!(f, " \"{}\"", push.escape_ascii())?;
        }
        Ok(())
    }
}
