//! Runs the decoder and the client on test vectors, which QEMU has loaded into memory, and compares the results
//! with the expected ones. Each vector is cut in many ways. `src/vectors.rs` on the host's side describes the
//! format. The argument `len=` is the number of bytes in memory. The exit status is 1 if a result differs.
#![no_std]
#![no_main]

mod expected;

use core::time::Duration;

use board::{argument, exit, put, put_number, status};
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Step, Url};
use expected::{Expected, put_text};
use static_cell::ConstStaticCell;

/// The boards' PSRAM, which nothing else uses.
const VECTORS: *const u8 = 0x2100_0000 as *const u8;

/// A stream that is longer is not cut at every place.
const SHORT: usize = 1024;

#[cortex_m_rt::entry]
fn main() -> ! {
    static SMALL: ConstStaticCell<Decoder<512>> = ConstStaticCell::new(Decoder::new());
    static LARGE: ConstStaticCell<Decoder<100_000, 2_000>> = ConstStaticCell::new(Decoder::new());

    let Some(len) = argument("len", |len| len?.parse().ok()) else {
        exit(status::ARGUMENTS)
    };
    // SAFETY: QEMU has loaded `len` bytes there before the start, and nothing writes to them.
    let mut file = Reader(unsafe { core::slice::from_raw_parts(VECTORS, len) });
    let (small, large) = (SMALL.take(), LARGE.take());
    let mut runs = 0;
    while !file.0.is_empty() {
        let vector = Vector::read(&mut file);
        for cut in vector.cuts() {
            let mut expected = Expected::new(vector.expected);
            match vector.kind {
                b'd' => decode(large, &vector, cut, &mut expected),
                _ => follow(small, &vector, cut, &mut expected),
            }
            expected.end();
            if let Some((wrong, right)) = expected.problem() {
                put(vector.name);
                put_text(format_args!(", {cut:?}: {wrong}, not {right}\n"));
                exit(1);
            }
            runs += 1;
        }
    }
    put_number("runs", runs);
    exit(0)
}

/// Decodes the streams, one after another.
fn decode(
    decoder: &mut Decoder<100_000, 2_000>,
    vector: &Vector<'_>,
    cut: Cut,
    expected: &mut Expected<'_>,
) {
    *decoder = Decoder::new();
    decoder.show_comments(true);
    decoder.show_retry(true);
    if decoder.set_last_event_id(text(vector.id)).is_err() {
        expected.field("the ID is invalid");
    }
    let mut streams = Reader(vector.streams);
    while !streams.0.is_empty() {
        let stream = streams.bytes();
        decoder.new_stream();
        expected.field("connect");
        expected.field(decoder.last_event_id());
        cut.each(stream, vector.chunks, |mut piece| {
            while let Some(item) = decoder.decode(&mut piece) {
                look_at(item, expected);
            }
            true
        });
    }
    expected.field("final");
    expected.field(decoder.last_event_id());
    match decoder.reconnection_time() {
        Some(time) => expected.display(time.as_millis()),
        None => expected.field("none"),
    }
}

/// Follows a response, after which the server closes the connection.
fn follow(decoder: &mut Decoder<512>, vector: &Vector<'_>, cut: Cut, expected: &mut Expected<'_>) {
    const NOW: Duration = Duration::ZERO;

    *decoder = Decoder::new();
    let policy = Policy {
        jitter_percent: 0,
        ..Policy::DEFAULT
    };
    let mut chunk = [0; 256];
    let url = Url::parse("http://h/").ok().map(Request::get);
    let source = url.and_then(|request| EventSource::new(request, policy, 1, decoder).ok());
    let Some(mut source) = source else {
        return expected.field("that is no request");
    };
    let mut streams = Reader(vector.streams);
    let response = streams.bytes();
    loop {
        match source.step(NOW) {
            Step::Connect { .. } => source.connected(NOW),
            Step::Write { .. } => {
                let written = source.request(&mut chunk).len();
                source.wrote(written);
            }
            Step::Read { .. } => {
                cut.each(response, vector.chunks, |mut piece| {
                    while let Some(item) = source.receive(&mut piece, NOW) {
                        look_at(item, expected);
                    }
                    matches!(source.step(NOW), Step::Read { .. })
                });
                if matches!(source.step(NOW), Step::Read { .. }) {
                    source.ended(NOW);
                }
            }
            Step::Wait(wait) => {
                expected.field("lost");
                expected.debug(wait.cause);
                return expected.display(wait.delay.as_millis());
            }
            Step::Stop(stop) => {
                expected.field("stopped");
                return expected.debug(stop.reason);
            }
        }
    }
}

fn look_at(item: Item<'_>, expected: &mut Expected<'_>) {
    match item {
        Item::Open(head) => {
            expected.field("open");
            expected.display(head.status());
        }
        Item::Event(event) => {
            expected.field("event");
            expected.field(event.event_type);
            expected.field(event.data);
            expected.field(event.last_event_id);
        }
        Item::Comment(comment) => {
            expected.field("comment");
            expected.field(comment);
        }
        Item::Retry(time) => {
            expected.field("retry");
            expected.display(time.as_millis());
        }
        other => expected.debug(other),
    }
}

// ---- vectors ----

/// Numbers of four bytes, and bytes with their length before them.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let Some((taken, rest)) = self.0.split_at_checked(len) else {
            put(b"the vectors end too early\n");
            exit(status::ARGUMENTS)
        };
        self.0 = rest;
        taken
    }

    fn number(&mut self) -> usize {
        let bytes = self.take(4);
        bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | usize::from(*byte))
    }

    fn bytes(&mut self) -> &'a [u8] {
        let len = self.number();
        self.take(len)
    }
}

struct Vector<'a> {
    /// `d` for the decoder, `h` for the client.
    kind: u8,
    name: &'a [u8],
    /// The last event ID to begin with.
    id: &'a [u8],
    /// One for each connection, as `Reader` reads them.
    streams: &'a [u8],
    /// The lengths of chunks into which to cut them, one byte each.
    chunks: &'a [u8],
    expected: &'a [u8],
}

impl<'a> Vector<'a> {
    fn read(file: &mut Reader<'a>) -> Self {
        Self {
            kind: file.take(1).first().copied().unwrap_or_default(),
            name: file.bytes(),
            id: file.bytes(),
            streams: file.bytes(),
            chunks: file.bytes(),
            expected: file.bytes(),
        }
    }

    fn cuts(&self) -> impl Iterator<Item = Cut> {
        // Of several streams, the lengths together: a cut behind an end makes no difference.
        let len = self.streams.len();
        let step = if len <= SHORT { 1 } else { len / 16 };
        [
            Cut::Nowhere,
            Cut::InChunks,
            Cut::Everywhere,
            Cut::WithEmptyPieces,
        ]
        .into_iter()
        .chain((1..len).step_by(step).map(Cut::At))
    }
}

#[derive(Clone, Copy, Debug)]
enum Cut {
    Nowhere,
    InChunks,
    Everywhere,
    WithEmptyPieces,
    At(usize),
}

impl Cut {
    /// Calls `push` for each piece, while it returns true.
    fn each(self, stream: &[u8], chunks: &[u8], mut push: impl FnMut(&[u8]) -> bool) {
        match self {
            Self::Nowhere => _ = push(stream),
            Self::InChunks => {
                let mut rest = stream;
                for len in chunks {
                    let (chunk, behind) = rest
                        .split_at_checked(usize::from(*len))
                        .unwrap_or((rest, &[]));
                    if !push(chunk) {
                        return;
                    }
                    rest = behind;
                }
                push(rest);
            }
            Self::Everywhere => _ = stream.chunks(1).all(push),
            Self::WithEmptyPieces => {
                _ = stream
                    .chunks(1)
                    .all(|byte| push(&[]) && push(byte) && push(&[]));
            }
            Self::At(at) => {
                let (before, behind) = stream.split_at_checked(at).unwrap_or((stream, &[]));
                _ = push(before) && push(behind);
            }
        }
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or("that is no text")
}
