//! Decodes one stream whole and cut, with large and small memories, and in pieces. Compares the results with
//! each other and with a literal version of the standard's algorithm.

#![no_main]

use embedded_sse::{Decoder, Item, TooLong};
use libfuzzer_sys::fuzz_target;

const LARGE: usize = 1 << 12;
/// Large enough for everything that does not come in pieces.
const META: usize = 1 << 10;

fuzz_target!(|input: &[u8]| {
    let Some((&[shown, ref cuts @ ..], stream)) = input.split_first_chunk::<5>() else {
        return;
    };
    let large = cut_or_whole(show::<LARGE, LARGE>, shown, cuts, stream);
    if stream.len() < LARGE / 3 {
        let events: Vec<_> = large.events().cloned().collect();
        assert_eq!((events, large.retry_ms), plainly(stream));
    }
    if shown & 4 == 0 {
        compare_to_small(&large, &cut_or_whole(show::<0, 0>, shown, cuts, stream));
        compare_to_small(&large, &cut_or_whole(show::<7, 3>, shown, cuts, stream));
        compare_to_small(&large, &cut_or_whole(show::<64, 16>, shown, cuts, stream));
        return;
    }
    compare_to_small(
        &large,
        &cut_or_whole(show_pieces::<12, 3>, shown, cuts, stream),
    );
    let pieces = [
        cut_or_whole(show_pieces::<12, META>, shown, cuts, stream),
        cut_or_whole(show_pieces::<64, META>, shown, cuts, stream),
    ];
    for pieces in pieces {
        if stream.len() < META / 3 {
            assert!(
                pieces.events().eq(large.events()),
                "{pieces:?}, not {large:?}"
            );
            assert_eq!(pieces.last_event_id, large.last_event_id);
        }
        compare_to_small(&large, &pieces);
    }
});

/// Bit 0 of `shown` shows comments, bit 1 shows `retry`.
fn show<const DATA: usize, const META: usize>(shown: u8) -> Decoder<DATA, META> {
    let mut decoder = Decoder::new();
    decoder.show_comments(shown & 1 != 0);
    decoder.show_retry(shown & 2 != 0);
    decoder
}

/// Pieces need more memory than the smallest decoder has.
fn show_pieces<const DATA: usize, const META: usize>(shown: u8) -> Decoder<DATA, META> {
    let mut decoder = show(shown);
    decoder.split_long_events(true);
    decoder
}

#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Event([String; 3]),
    /// Compared only with runs that have the same memory.
    Other(String),
}

#[derive(Debug, PartialEq)]
struct Run {
    items: Vec<Seen>,
    last_event_id: String,
    retry_ms: Option<u128>,
}

impl Run {
    /// Type, data and last event ID of each event.
    fn events(&self) -> impl Iterator<Item = &[String; 3]> {
        self.items.iter().filter_map(|item| match item {
            Seen::Event(event) => Some(event),
            Seen::Other(_) => None,
        })
    }
}

fn cut_or_whole<const DATA: usize, const META: usize>(
    show: fn(u8) -> Decoder<DATA, META>,
    shown: u8,
    cuts: &[u8; 4],
    stream: &[u8],
) -> Run {
    let whole = run(show(shown), shown, [stream].into_iter());
    let bytes = run(show(shown), shown, stream.chunks(1));
    assert_eq!(whole, bytes);
    let mut rest = stream;
    let mut lens = cuts.iter().map(|len| usize::from(*len)).cycle();
    let pieces = std::iter::from_fn(|| {
        let len = lens.next()?.min(rest.len());
        let (piece, behind) = rest.split_at(len);
        rest = behind;
        Some(piece)
    });
    // Pieces may be empty, so limit their number.
    let cut: Vec<_> = pieces.take(64).collect();
    let taken = cut.iter().map(|piece| piece.len()).sum();
    let cut = cut.into_iter().chain([&stream[taken..]]);
    assert_eq!(whole, run(show(shown), shown, cut));
    whole
}

fn run<'s, const DATA: usize, const META: usize>(
    decoder: Decoder<DATA, META>,
    shown: u8,
    pieces: impl Iterator<Item = &'s [u8]>,
) -> Run {
    let mut decoder = Box::new(decoder);
    let in_pieces = DATA < LARGE && shown & 4 != 0;
    let mut items = Vec::new();
    // The pieces of the unfinished event so far.
    let mut unfinished = String::new();
    for mut piece in pieces {
        while let Some(item) = decoder.decode(&mut piece) {
            items.push(match item {
                Item::Piece(piece) => {
                    assert!(in_pieces && !piece.is_empty() && piece.len() <= DATA);
                    unfinished += piece;
                    continue;
                }
                Item::Event(event) | Item::LastPiece(event) => {
                    assert!(event.data.len() <= DATA);
                    let data = std::mem::take(&mut unfinished) + event.data;
                    let is_whole = matches!(item, Item::Event(_));
                    assert!(is_whole == (data.len() <= DATA), "{item:?} of {data:?}");
                    assert!(event.event_type.len() <= META || event.event_type == "message");
                    assert!(event.last_event_id.len() <= META);
                    assert!(!event.event_type.is_empty());
                    let (event_type, id) = (event.event_type, event.last_event_id);
                    Seen::Event([event_type.into(), data, id.into()])
                }
                Item::Comment(text) => {
                    assert!(text.len() <= DATA && shown & 1 != 0);
                    Seen::Other(format!("{item:?}"))
                }
                Item::TooLong(part) => {
                    assert!(!(in_pieces && matches!(part, TooLong::Data { .. })));
                    if part != TooLong::Comment {
                        unfinished.clear();
                    }
                    Seen::Other(format!("{item:?}"))
                }
                other => Seen::Other(format!("{other:?}")),
            });
        }
        assert!(piece.is_empty(), "the whole piece is taken");
    }
    let last_event_id = decoder.last_event_id().to_owned();
    // Its own last event ID is valid.
    assert_eq!(decoder.set_last_event_id(&last_event_id), Ok(()));
    Run {
        items,
        last_event_id,
        retry_ms: decoder.reconnection_time().map(|time| time.as_millis()),
    }
}

/// The events from a small memory are some of those from a large one, in the same order.
fn compare_to_small(large: &Run, small: &Run) {
    let mut left = large.events();
    for [small_type, small_data, _] in small.events() {
        let same = |event: &[String; 3]| event[0] == *small_type && event[1] == *small_data;
        assert!(left.any(same), "{small_type:?}: {small_data:?}");
    }
    assert_eq!(large.retry_ms, small.retry_ms);
}

/// The algorithm of the standard, section 9.2.6.
fn plainly(stream: &[u8]) -> (Vec<[String; 3]>, Option<u128>) {
    let text = String::from_utf8_lossy(stream)
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let (lines, _unfinished) = text.rsplit_once('\n').unwrap_or_default();
    let ends = text.contains('\n');
    let (mut events, mut retry) = (Vec::new(), None);
    let (mut data, mut event_type) = (String::new(), String::new());
    let (mut id, mut last_id) = (String::new(), String::new());
    for line in lines.split('\n').filter(|_| ends) {
        if line.is_empty() {
            last_id.clone_from(&id);
            if let Some(data) = data.strip_suffix('\n') {
                let event_type = match event_type.as_str() {
                    "" => "message",
                    event_type => event_type,
                };
                events.push([event_type.into(), data.into(), last_id.clone()]);
            }
            data.clear();
            event_type.clear();
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => data = data + value + "\n",
            "event" => event_type = value.into(),
            "id" if !value.contains('\0') => id = value.into(),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                retry = Some(value.parse::<u64>().unwrap_or(u64::MAX).into());
            }
            _ => {}
        }
    }
    (events, retry)
}
