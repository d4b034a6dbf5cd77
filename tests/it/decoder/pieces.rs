//! Events that are longer than the memory, in pieces. The joined pieces must equal the event from a
//! decoder with enough memory.

use std::sync::Mutex;
use std::thread;

use embedded_sse::{Decoder, Item};

/// The items of a stream, with pieces joined.
#[derive(Debug, Default, PartialEq, Eq)]
struct Got {
    items: Vec<String>,
    unfinished: String,
}

impl Got {
    fn take(&mut self, item: Item<'_>, most: usize) {
        self.items.push(match item {
            Item::Piece(piece) => {
                assert!(!piece.is_empty() && piece.len() <= most.max(3), "{piece:?}");
                self.unfinished += piece;
                return;
            }
            Item::LastPiece(event) => {
                assert!(event.data.len() <= most);
                let data = std::mem::take(&mut self.unfinished) + event.data;
                assert!(data.len() > most, "in pieces, although it fits: {data:?}");
                format!("{}|{}|{data}", event.event_type, event.last_event_id)
            }
            Item::Event(event) => {
                assert!(self.unfinished.is_empty() && event.data.len() <= most);
                let (event_type, id) = (event.event_type, event.last_event_id);
                format!("{event_type}|{id}|{}", event.data)
            }
            Item::TooLong(part) => {
                self.unfinished.clear();
                format!("{part:?}")
            }
            Item::Comment(comment) => format!(":{comment}"),
            other => format!("{other:?}"),
        });
    }
}

fn decode<const DATA: usize>(stream: &[u8], pieces: bool, comments: bool, cut: usize) -> Got {
    let mut decoder: Decoder<DATA> = Decoder::new();
    if pieces {
        // Only here, because it needs a `DATA` of at least 12.
        decoder.split_long_events(true);
    }
    decoder.show_comments(comments);
    let mut got = Got::default();
    let (first, second) = stream.split_at(cut.min(stream.len()));
    for push in [first, second] {
        let mut input = push;
        while let Some(item) = decoder.decode(&mut input) {
            got.take(item, DATA);
        }
        assert!(input.is_empty());
    }
    // An event without its end is not compared.
    got.unfinished.clear();
    got
}

fn bytewise<const DATA: usize>(stream: &[u8], comments: bool) -> Got {
    let mut decoder: Decoder<DATA> = Decoder::new();
    decoder.split_long_events(true);
    decoder.show_comments(comments);
    let mut got = Got::default();
    for byte in stream {
        let mut input = &[*byte][..];
        while let Some(item) = decoder.decode(&mut input) {
            got.take(item, DATA);
        }
    }
    got.unfinished.clear();
    got
}

fn check<const DATA: usize>(stream: &[u8]) {
    let want = decode::<65536>(stream, false, false, 0);
    for cut in 0..=stream.len() {
        let got = decode::<DATA>(stream, true, false, cut);
        assert_eq!(
            got,
            want,
            "{:?} cut at {cut}",
            stream.escape_ascii().to_string()
        );
    }
    assert_eq!(
        bytewise::<DATA>(stream, false),
        want,
        "{:?}",
        stream.escape_ascii().to_string()
    );
    // Comments may be too long here, so only compare the cuts with each other.
    let want = bytewise::<DATA>(stream, true);
    for cut in 0..=stream.len() {
        assert_eq!(decode::<DATA>(stream, true, true, cut), want);
    }
}

#[test]
fn events_of_every_length_around_the_capacity_arrive() {
    // A debug build only tries the lengths around the capacities.
    let lens = (0..60).filter(|len| !cfg!(debug_assertions) || matches!(len, 0..=18 | 31..=35));
    for len in lens {
        for text in ["x", "é", "€", "🌍", "a🌍"] {
            let data: String = text.chars().cycle().take(len).collect();
            check::<12>(format!("data: {data}\n\ndata: after\n\n").as_bytes());
            check::<16>(
                format!("id: 7\ndata:{data}\r\ndata: {data}\r\n\r\ndata: x\r\n\r\n").as_bytes(),
            );
            check::<33>(format!("data\ndata: {data}\nevent: e\n: c\ndata\n\n").as_bytes());
        }
    }
}

/// Every kind of line before, between and after the lines of a long event.
#[test]
fn other_lines_around_a_long_event_have_the_usual_effect() {
    let pieces = [
        "data: 0123456789\n",
        "data:\n",
        "data\n",
        "data: 01234567890123456789\r\n",
        "id: 5\n",
        "event: e\n",
        ": comment\n",
        "retry: 5\n",
        "\n",
        "datax: y\n",
        "data: é\r",
        "\u{FEFF}",
    ];
    for number in 0..12_usize.pow(4) {
        let stream: String = (0..4)
            .map(|place| pieces[number / 12_usize.pow(place) % 12])
            .collect();
        if number % 7 == 0 {
            check::<12>((stream.clone() + "\n\ndata: end\n\n").as_bytes());
        }
        let stream = stream + "\n";
        let want = decode::<65536>(stream.as_bytes(), false, false, 0);
        assert_eq!(bytewise::<12>(stream.as_bytes(), false), want, "{stream:?}");
        assert_eq!(
            decode::<20>(stream.as_bytes(), true, false, 3),
            want,
            "{stream:?}"
        );
    }
}

/// Ill-formed bytes make the text longer than the stream: bytes that fit may not fit as text.
#[test]
fn ill_formed_text_is_replaced_in_pieces_too() {
    let alphabet: [&[u8]; 7] = [
        b"a",
        "🌍".as_bytes(),
        b"\xFF",
        b"\xE2\x82",
        b"\xF0\x9F\x98",
        b"\nda",
        b"\ndata:\x80",
    ];
    for number in 0..7_usize.pow(5) {
        let data: Vec<u8> = (0..5)
            .flat_map(|place| alphabet[number / 7_usize.pow(place) % 7])
            .copied()
            .collect();
        let long = [&data[..], b"0123456789ABC\xFF"].concat();
        for data in [data, long] {
            let stream = [
                b"data: ",
                &data[..],
                b"\nid:\xFF5\nevent: e\r\n\r\ndata: x\n\n",
            ]
            .concat();
            let want = decode::<65536>(&stream, false, false, 0);
            assert_eq!(bytewise::<12>(&stream, false), want);
            for cut in [0, 7, 11, 13, 17, 19, 40] {
                assert_eq!(decode::<12>(&stream, true, false, cut), want);
            }
        }
    }
    // Every cut, in each kind of line.
    for before in [
        "",
        "event: early\nid: 1\n",
        "id: 1\n\nretry: 5\r\n",
        "\u{FEFF}:\ndata\n",
    ] {
        let data: [&[u8]; 5] = [
            b"data:\xFF\xFF\xFF\xFF\xFF",
            b"data:\xF0\x9F\x8C\x8D\xFF\xFF\xFF",
            b"data:a\ndata:\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
            b"data:a\r\ndata:\xFF\xFF\xFF\xF0\x9F",
            b"data\xFF\ndata:bcd\xFF\xFF\xFF",
        ];
        for data in data {
            for behind in [
                "\n\n",
                "\r\nid: 7\r\n\r\n",
                "\revent: late\rid: 8\r\r",
                "\n:x\nretry: 7\n\n",
            ] {
                let stream = [before.as_bytes(), data, behind.as_bytes(), b"data: x\n\n"].concat();
                check::<12>(&stream);
                check::<14>(&stream);
                check::<24>(&stream);
            }
        }
    }
}

#[test]
fn a_megabyte_passes_through_256_bytes() {
    let data: String = (0..150_000).map(|number| format!("{number}, é ")).collect();
    assert!(data.len() > 1 << 20);
    let stream = format!("id: 1\nevent: big\ndata: {data}\n\n");
    let mut decoder: Decoder<256> = Decoder::new();
    decoder.split_long_events(true);
    let (mut text, mut ends) = (String::new(), 0);
    for push in stream.as_bytes().chunks(1460) {
        let mut input = push;
        while let Some(item) = decoder.decode(&mut input) {
            match item {
                Item::Piece(piece) => text += piece,
                Item::LastPiece(event) => {
                    text += event.data;
                    assert_eq!((event.event_type, event.last_event_id), ("big", "1"));
                    ends += 1;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(ends, 1);
    assert!(text == data);
}

/// The ID takes effect at the end of the event, even if only its end shows that the event is too long.
#[test]
fn an_id_takes_effect_with_the_last_piece() {
    let pushes: [&[u8]; 2] = [
        b"id: 1\n",
        b"\nid:\xFF\ndata:\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\n\n",
    ];
    let whole = pushes.concat();
    for pushes in [&pushes[..], &[&whole[..]]] {
        let mut decoder: Decoder<24> = Decoder::new();
        decoder.split_long_events(true);
        let mut ids = Vec::new();
        for push in pushes {
            let mut input = *push;
            while let Some(item) = decoder.decode(&mut input) {
                let is_last = matches!(item, Item::LastPiece(_));
                ids.push((is_last, decoder.last_event_id().to_owned()));
            }
        }
        let (last, pieces) = ids.split_last().unwrap();
        assert_eq!(*last, (true, "\u{FFFD}".into()));
        assert!(!pieces.is_empty());
        assert!(
            pieces.iter().all(|piece| *piece == (false, "1".into())),
            "{ids:?}"
        );
    }
}

#[test]
fn a_new_stream_drops_the_old_pieces() {
    let mut decoder: Decoder<16> = Decoder::new();
    decoder.split_long_events(true);
    let mut input = &b"data: 0123456789ABCDEFGHIJ"[..];
    assert!(matches!(
        decoder.decode(&mut input),
        Some(Item::Piece("0123456789ABCDEF"))
    ));
    decoder.new_stream();
    let mut input = &b"data: short\n\n"[..];
    let Some(Item::Event(event)) = decoder.decode(&mut input) else {
        panic!("a whole event");
    };
    assert_eq!(event.data, "short");
}

/// An ID that does not fit is reported instead of the last piece, so the application drops the pieces.
#[test]
fn too_long_is_reported_instead_of_the_last_piece() {
    let id = "x".repeat(65);
    let stream = format!("data: 0123456789ABCDEFGHIJ\nid: {id}\n\ndata: x\n\n");
    let got = decode::<12>(stream.as_bytes(), true, false, 0);
    assert_eq!(got.items, ["Id { len: 65 }", "message||x"]);
}

/// The decoder is a `static` with a megabyte for each ID. The stack is smaller than one ID. The streams
/// contain every way to end, return or discard an event.
#[test]
fn nothing_of_the_size_of_meta_or_data_is_on_the_stack() {
    static DECODER: Mutex<Decoder<{ 1 << 20 }, { 1 << 20 }>> = Mutex::new(Decoder::new());
    static IN_PIECES: Mutex<Decoder<12, { 1 << 20 }>> = Mutex::new(Decoder::new());

    fn run<const DATA: usize, const META: usize>(decoder: &Mutex<Decoder<DATA, META>>) -> usize {
        let mut decoder = decoder.lock().unwrap();
        decoder.show_comments(true);
        decoder.set_last_event_id("0").unwrap();
        let streams: [&[u8]; 3] = [
            b"\xEF\xBB\xBFid: 1\n\nid: 2\r\nevent: e\r\ndata: 0123456789ABCDEF\n\n: c\ndata: x\n\n",
            b"id: 3\n\nid: \xFF\nevent: \xFF\ndata: \xFF\xFF\xFF\xFF\xFF\xFF\xFF\n\ndata: x\n\n",
            b"data: unfinished\nid: 4\nretry: 5\n",
        ];
        let mut items = 0;
        for stream in streams {
            for push in [1, stream.len()] {
                decoder.new_stream();
                for mut input in stream.chunks(push) {
                    while decoder.decode(&mut input).is_some() {
                        items += 1;
                    }
                }
            }
        }
        assert_eq!(decoder.last_event_id(), "\u{FFFD}");
        items
    }

    let small = thread::Builder::new().stack_size(256 << 10);
    let thread = small.spawn(|| {
        DECODER.lock().unwrap().split_long_events(true);
        IN_PIECES.lock().unwrap().split_long_events(true);
        [run(&DECODER), run(&IN_PIECES)]
    });
    let [whole, in_pieces] = thread.unwrap().join().unwrap();
    assert!(
        whole == 2 * (3 + 2) && in_pieces > whole,
        "{whole}, {in_pieces}"
    );
}

/// The ID of a block without data takes effect at once, even if the event after it in the same push is
/// then decoded again in pieces. That event's ID takes effect with its last piece.
#[test]
fn ids_take_effect_in_order() {
    let stream =
        b"id: 1\n\nid: 2\n\nid: 3\ndata: a\ndata:\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\n\nid: 4\n\n";
    for push in 1..=stream.len() {
        let mut decoder: Decoder<24> = Decoder::new();
        decoder.split_long_events(true);
        let mut ids = Vec::new();
        for mut input in stream.chunks(push) {
            while let Some(item) = decoder.decode(&mut input) {
                let is_last = matches!(item, Item::LastPiece(_));
                ids.push((is_last, decoder.last_event_id().to_owned()));
            }
        }
        let (last, pieces) = ids.split_last().unwrap();
        assert_eq!(*last, (true, "3".into()), "{push}");
        assert!(
            pieces.iter().all(|id| *id == (false, "2".into())),
            "{push}: {ids:?}"
        );
        assert_eq!(decoder.last_event_id(), "4");
    }
}

/// The text does not fit once ill-formed bytes are replaced, so it is parsed again, but not the ID.
#[test]
fn an_id_that_came_in_two_pushes_is_whole_if_the_event_is_split() {
    let mut decoder: Decoder<16> = Decoder::new();
    decoder.split_long_events(true);
    let pushes: [&[u8]; 3] = [
        b"data: aaaa\nid: 1",
        b"2\ndata: \xFF\xFF\xFF\xFF\xFF\n",
        b"\n",
    ];
    let mut ids = Vec::new();
    for mut push in pushes {
        while let Some(item) = decoder.decode(&mut push) {
            if let Item::LastPiece(event) = item {
                ids.push(event.last_event_id.to_owned());
            }
        }
    }
    assert_eq!(ids, ["12"]);
}
