//! The project's decoder cases, cut in every way and at many capacities; and what the decoder
//! promises beside its items.

use std::sync::Mutex;
use std::time::Duration;

use crate::model::{Item, Model, decode, open_decoder};
use base64::prelude::{BASE64_STANDARD, Engine};
use embedded_sse::{Decoder, InvalidId, TooLong};
use serde_json::Value;

/// As much as the longest texts of the cases need, to the byte.
const ENOUGH_DATA: usize = 100_000;
const ENOUGH_META: usize = 2_000;

// ---- the cases, against what their file expects ----

#[test]
fn the_model_agrees_with_the_cases() {
    for case in cases() {
        assert_eq!(
            case.modelled(usize::MAX, usize::MAX),
            case.expected,
            "{}",
            case.name
        );
    }
}

#[test]
fn cases_whole() {
    for case in cases() {
        case.check("whole", &|stream| vec![stream]);
    }
}

#[test]
fn cases_in_the_chunks_they_name() {
    for case in cases() {
        case.check("in its chunks", &|stream| chunks(stream, &case.chunks));
    }
}

#[test]
fn cases_byte_by_byte() {
    for case in cases() {
        case.check("byte by byte", &|stream| stream.chunks(1).collect());
    }
}

#[test]
fn cases_with_empty_pushes_between() {
    for case in cases() {
        case.check("with empty pushes", &|stream| {
            stream
                .chunks(1)
                .flat_map(|byte| [&[], byte, &[], &[]])
                .collect()
        });
    }
}

/// In a debug build not quite at every place of the few long ones, to end in seconds there too.
#[test]
fn cases_cut_at_every_place() {
    for case in cases() {
        let len = case.longest_stream();
        let cuts = match cfg!(debug_assertions) {
            true => some_cuts(len),
            false => (0..=len).collect(),
        };
        for at in cuts {
            case.check(&format!("cut at {at}"), &|stream| cut(stream, at));
        }
    }
}

// ---- the cases, against the model ----

/// A debug build has some of those of a release.
#[cfg(debug_assertions)]
const CAPACITIES: [fn(&Case); 12] = [
    at::<0>, at::<1>, at::<2>, at::<3>, at::<5>, at::<8>, at::<13>, at::<20>, at::<24>, at::<39>,
    at::<1999>, at::<2000>,
];

/// Not every capacity, as each is a type of its own: all from 0 to 20, where nearly all texts of
/// the cases end, and then those about the lengths of the longer ones.
#[cfg(not(debug_assertions))]
const CAPACITIES: [fn(&Case); 32] = [
    at::<0>, at::<1>, at::<2>, at::<3>, at::<4>, at::<5>, at::<6>, at::<7>, at::<8>, at::<9>,
    at::<10>, at::<11>, at::<12>, at::<13>, at::<14>, at::<15>, at::<16>, at::<17>, at::<18>,
    at::<19>, at::<20>, at::<23>, at::<24>, at::<25>, at::<26>, at::<38>, at::<39>, at::<44>,
    at::<45>, at::<1998>, at::<1999>, at::<2000>,
];

#[test]
fn cases_at_many_capacities() {
    for case in cases() {
        for at_capacity in CAPACITIES {
            at_capacity(&case);
        }
    }
}

/// Either kind of memory. `exhaustive.rs` has both short at once.
fn at<const CAPACITY: usize>(case: &Case) {
    with_memory::<CAPACITY, 64>(case);
    with_memory::<64, CAPACITY>(case);
}

fn with_memory<const DATA: usize, const META: usize>(case: &Case) {
    let showing = open_decoder::<DATA, META>;
    let hiding = Decoder::<DATA, META>::new;
    let shown = case.modelled(DATA, META);
    let not_hidden = shown.clone().without_comments_and_retry();
    let check = |manner: &str, pushes: Pushes| {
        let place = format!("{} {manner}, Decoder<{DATA}, {META}>", case.name);
        assert_eq!(case.decoded(showing(), pushes), shown, "{place}");
        assert_eq!(case.decoded(hiding(), pushes), not_hidden, "{place}");
    };
    check("whole", &|stream| vec![stream]);
    check("byte by byte", &|stream| stream.chunks(1).collect());
    for at in some_cuts(case.longest_stream()) {
        check(&format!("cut at {at}"), &|stream| cut(stream, at));
    }
}

/// All cuts of what is short. Of the five cases over 1 KB, which are repetitive, the first and the
/// last and a few between; `cases_cut_at_every_place` makes all of them.
fn some_cuts(len: usize) -> Vec<usize> {
    if len <= 1024 {
        return (0..=len).collect();
    }
    let between = (32..len - 32).step_by(len / 16);
    (0..32).chain(between).chain(len - 32..=len).collect()
}

// ---- comments and `retry` ----

#[test]
fn a_comment_that_is_not_shown_needs_no_memory() {
    let comment = [":", &"c".repeat(9000), "\n"].concat();
    let stream = ["data\n", &comment, "\n"].concat();
    for pushes in [vec![stream.as_bytes()], cut(stream.as_bytes(), 100)] {
        let mut decoder = Decoder::<0, 0>::new();
        assert_eq!(decode(&mut decoder, pushes), [message("", "")]);
    }
}

#[test]
fn a_comment_that_is_shown_shares_memory_with_the_unfinished_event() {
    let mut decoder = open_decoder::<8, 0>();
    let items = decode(
        &mut decoder,
        [&b"data:12345\n:678\n:6789\ndata:7\n:\n\n"[..]],
    );
    let expected = [
        Item::Comment("678".to_owned()),
        Item::TooLong(TooLong::Comment),
        Item::Comment(String::new()),
        message("12345\n7", ""),
    ];
    assert_eq!(items, expected);
}

#[test]
fn retry_counts_on_its_line_though_it_is_not_shown() {
    let mut decoder = Decoder::<8>::new();
    assert_eq!(decoder.reconnection_time(), None);
    assert_eq!(decode(&mut decoder, [&b"retry:12\r"[..]]), []);
    assert_eq!(decoder.reconnection_time(), Some(Duration::from_millis(12)));
}

#[test]
fn a_reconnection_time_that_was_kept_is_as_one_that_came() {
    let mut decoder = Decoder::<8>::new();
    decoder.set_reconnection_time(Duration::from_micros(12_999));
    decoder.new_stream();
    assert_eq!(decoder.reconnection_time(), Some(Duration::from_millis(12)));
    assert_eq!(decode(&mut decoder, [&b"retry:34\n"[..]]), []);
    assert_eq!(decoder.reconnection_time(), Some(Duration::from_millis(34)));
}

// ---- rules that no other test names ----

/// The same at every cut.
fn decoded(stream: &[u8]) -> Vec<Item> {
    let whole = decode(&mut open_decoder::<64, 64>(), [stream]);
    for at in 0..=stream.len() {
        let pieces = cut(stream, at);
        assert_eq!(decode(&mut open_decoder::<64, 64>(), pieces), whole);
    }
    whole
}

#[test]
fn bom_is_exactly_one_at_offset_0_in_any_split() {
    assert_eq!(decoded("\u{feff}data:a\n\n".as_bytes()), [message("a", "")]);
    for other in ["\u{feff}\u{feff}data:a\n\n", "\n\u{feff}data:a\n\n"] {
        assert_eq!(decoded(other.as_bytes()), []);
    }
}

#[test]
fn text_has_a_replacement_for_each_maximal_ill_formed_sequence() {
    let stream = b"event:\xFF\nid:\xE2\x82\ndata:a\xF0\x9F\x98b\xC3\n\n";
    let event = Item::Event {
        event_type: "\u{fffd}".to_owned(),
        data: "a\u{fffd}b\u{fffd}".to_owned(),
        last_event_id: "\u{fffd}".to_owned(),
    };
    assert_eq!(decoded(stream), [event]);
}

#[test]
fn data_less_block_commits_the_id_clears_the_type_and_dispatches_nothing() {
    let stream = b"event:x\nid:1\n\ndata:a\n\n";
    assert_eq!(decoded(stream), [message("a", "1")]);
}

#[test]
fn data_alone_is_an_event_with_empty_data() {
    for stream in ["data:\n\n", "data\n\n", "data: \n\n"] {
        assert_eq!(decoded(stream.as_bytes()), [message("", "")]);
    }
}

#[test]
fn end_of_stream_drops_an_unfinished_block_with_its_id_and_keeps_a_retry() {
    let mut decoder = open_decoder::<64, 64>();
    decode(&mut decoder, [&b"retry:5\nid:1\ndata:a\n"[..]]);
    decoder.new_stream();
    assert_eq!(
        decode(&mut decoder, [&b"data:b\n\n"[..]]),
        [message("b", "")]
    );
    assert_eq!(decoder.reconnection_time(), Some(Duration::from_millis(5)));
}

// ---- the moment of an item ----

#[test]
fn a_cr_ends_its_line_at_once() {
    let mut decoder = open_decoder::<8, 8>();
    assert_eq!(
        decode(&mut decoder, [&b"data:1\r\r"[..]]),
        [message("1", "")]
    );
    // The LF of the CR LF that it turns out to be, and a comment with another.
    assert_eq!(
        decode(&mut decoder, [&b"\n:\r"[..]]),
        [Item::Comment(String::new())]
    );
    assert_eq!(
        decode(&mut decoder, [&b"\ndata:2\r\n\r"[..]]),
        [message("2", "")]
    );
}

#[test]
fn the_last_event_id_changes_with_the_item() {
    let mut decoder = Decoder::<8, 8>::new();
    let mut input = &b"id:1\ndata:a\n\nid:2\ndata:b\n\nid:3\n"[..];
    assert!(decoder.decode(&mut input).is_some());
    assert_eq!(decoder.last_event_id(), "1");
    assert!(decoder.decode(&mut input).is_some());
    assert_eq!(decoder.last_event_id(), "2");
    assert!(decoder.decode(&mut input).is_none());
    assert_eq!(decoder.last_event_id(), "2");
    assert!(decoder.decode(&mut &b"\n"[..]).is_none());
    assert_eq!(decoder.last_event_id(), "3");
}

// ---- what is too long ----

#[test]
fn an_event_that_is_too_long_is_reported_once_and_its_id_counts() {
    let mut decoder = open_decoder::<4, 4>();
    let stream = b"id:1\ndata:12345\ndata:6\ndata:7\nevent:12345\n\ndata:1234\n\n";
    let expected = [
        Item::TooLong(TooLong::Data { len: 9 }),
        message("1234", "1"),
    ];
    assert_eq!(decode(&mut decoder, [&stream[..]]), expected);
}

#[test]
fn an_id_that_is_too_long_leaves_the_old_one() {
    let mut decoder = open_decoder::<4, 4>();
    let stream = b"id:1234\ndata:a\n\nid:12345\ndata:b\n\nid:12345\n\ndata:c\n\n";
    let expected = [
        message("a", "1234"),
        Item::TooLong(TooLong::Id { len: 5 }),
        Item::TooLong(TooLong::Id { len: 5 }),
        message("c", "1234"),
    ];
    assert_eq!(decode(&mut decoder, [&stream[..]]), expected);
}

#[test]
fn only_the_last_type_and_the_last_id_must_fit() {
    let mut decoder = open_decoder::<4, 4>();
    let stream = b"event:12345\nevent:ping\nid:12345\nid:1\ndata:a\n\n";
    let expected = [Item::Event {
        event_type: "ping".to_owned(),
        data: "a".to_owned(),
        last_event_id: "1".to_owned(),
    }];
    assert_eq!(decode(&mut decoder, [&stream[..]]), expected);
}

// ---- what the cases do not have ----

#[test]
fn an_id_with_a_nul_leaves_an_earlier_one() {
    let mut decoder = Decoder::<8>::new();
    let stream = &b"id:1\nid:\0\nid:2\0\nid:\0x\ndata\n\n"[..];
    for pushes in [vec![stream], stream.chunks(1).collect()] {
        decoder.new_stream();
        assert_eq!(decode(&mut decoder, pushes), [message("", "1")]);
    }
}

#[test]
fn a_retry_without_digits_is_ignored() {
    let mut decoder = open_decoder::<8, 8>();
    assert_eq!(decode(&mut decoder, [&b"retry\nretry:\nretry: \n"[..]]), []);
    assert_eq!(decoder.reconnection_time(), None);
}

// ---- between streams ----

#[test]
fn a_new_stream_keeps_the_id_and_the_retry() {
    let mut decoder = Decoder::<8>::new();
    decode(&mut decoder, [&b"retry:5\nid:1\n\n"[..]]);
    decoder.new_stream();
    assert_eq!(decoder.last_event_id(), "1");
    assert_eq!(decoder.reconnection_time(), Some(Duration::from_millis(5)));
    assert_eq!(
        decode(&mut decoder, [&b"data:a\n\n"[..]]),
        [message("a", "1")]
    );
}

#[test]
fn a_new_stream_drops_what_is_unfinished() {
    let unfinished: [&[u8]; 14] = [
        b"",
        b"data:x\n",
        b"data:x",
        b"dat",
        b"data",
        b"id:x\n",
        b"id:x",
        b"event:x\n",
        b"retry:1",
        b":comment",
        b"nonsense",
        b"data:x\r",
        b"\xEF",
        b"\xEF\xBB",
    ];
    // With a BOM; with a LF that is not that of an old CR; and with one where a decoder that took
    // it for that would show, as it would not end the line of the stray byte.
    let streams: [&[u8]; 3] = [
        b"\xEF\xBB\xBFdata:a\n\n",
        b"\ndata:a\n\n",
        b"\xEF\ndata:a\n\n",
    ];
    for old in unfinished {
        for new in streams {
            let mut decoder = open_decoder::<8, 8>();
            assert_eq!(decode(&mut decoder, [old]), []);
            decoder.new_stream();
            let items = decode(&mut decoder, [new]);
            assert_eq!(items, [message("a", "")], "{}", old.escape_ascii());
            assert_eq!(decoder.reconnection_time(), None);
        }
    }
}

#[test]
fn an_id_that_cannot_be_is_refused_and_the_old_one_stays() {
    let mut decoder = Decoder::<8, 4>::new();
    assert_eq!(decoder.set_last_event_id("1234"), Ok(()));
    for id in ["\0", "a\0", "\r", "a\rb", "\n", "a\nb", "too long\n"] {
        assert_eq!(decoder.set_last_event_id(id), Err(InvalidId::Character));
        assert_eq!(decoder.last_event_id(), "1234");
    }
    for id in ["12345", "ééé"] {
        assert_eq!(decoder.set_last_event_id(id), Err(InvalidId::TooLong));
        assert_eq!(decoder.last_event_id(), "1234");
    }
    assert_eq!(decoder.set_last_event_id("éé"), Ok(()));
    assert_eq!(
        decode(&mut decoder, [&b"data\n\n"[..]]),
        [message("", "éé")]
    );
    assert_eq!(decoder.set_last_event_id(""), Ok(()));
    assert_eq!(decoder.last_event_id(), "");
}

// ---- memory ----

#[test]
fn an_event_that_lies_whole_in_a_push_is_borrowed_from_it() {
    for stream in [
        "event:type\nid:1\ndata: text\n\ndata: more\n\n",
        "event:type\r\nid:1\r\ndata: text\r\n\r\ndata: more\r\n\r\n",
    ] {
        let mut decoder = Decoder::<8, 8>::new();
        let mut input = stream.as_bytes();
        let event = next_event(&mut decoder, &mut input);
        assert_eq!((event.event_type, event.data), ("type", "text"));
        assert!(lies_in(event.event_type, stream));
        assert!(lies_in(event.data, stream));
        let event = next_event(&mut decoder, &mut input);
        assert_eq!(event.data, "more");
        assert!(lies_in(event.data, stream));
    }
}

fn next_event<'e, 'i: 'e>(
    decoder: &'e mut Decoder<8, 8>,
    input: &mut &'i [u8],
) -> embedded_sse::Event<'e> {
    match decoder.decode(input) {
        Some(embedded_sse::Item::Event(event)) => event,
        other => panic!("{other:?} is no event"),
    }
}

fn lies_in(part: &str, whole: &str) -> bool {
    whole.as_bytes().as_ptr_range().contains(&part.as_ptr())
}

#[test]
fn a_decoder_can_be_a_static() {
    static DECODER: Mutex<Decoder<65536>> = Mutex::new(Decoder::new());
    let mut decoder = DECODER.lock().unwrap();
    assert_eq!(
        decode(&mut decoder, [&b"data:a\n\n"[..]]),
        [message("a", "")]
    );
}

// ---- helpers ----

fn message(data: &str, last_event_id: &str) -> Item {
    Item::Event {
        event_type: "message".to_owned(),
        data: data.to_owned(),
        last_event_id: last_event_id.to_owned(),
    }
}

/// A way to cut a stream.
type Pushes<'f> = &'f dyn Fn(&[u8]) -> Vec<&[u8]>;

fn cut(stream: &[u8], at: usize) -> Vec<&[u8]> {
    chunks(stream, &[at])
}

/// Pieces of the given lengths as far as the stream goes, and then its rest.
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

/// One line of the file of cases.
struct Case {
    name: String,
    initial_last_event_id: String,
    /// One for each connection.
    streams: Vec<Vec<u8>>,
    /// An interesting way to cut them, if there is one.
    chunks: Vec<usize>,
    expected: Outcome,
}

#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    connections: Vec<Connection>,
    last_event_id: String,
    retry: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
struct Connection {
    /// The last event ID that it is opened with. Empty is "no header".
    resumes_from: String,
    items: Vec<Item>,
}

impl Case {
    fn longest_stream(&self) -> usize {
        self.streams.iter().map(Vec::len).max().unwrap()
    }

    /// Decodes the streams, each cut as `pushes` says, and compares with the file.
    fn check(&self, manner: &str, pushes: Pushes) {
        let decoder = open_decoder::<ENOUGH_DATA, ENOUGH_META>();
        assert_eq!(
            self.decoded(decoder, pushes),
            self.expected,
            "{} {manner}",
            self.name
        );
    }

    fn decoded<const DATA: usize, const META: usize>(
        &self,
        mut decoder: Decoder<DATA, META>,
        pushes: Pushes,
    ) -> Outcome {
        let seeded = decoder.set_last_event_id(&self.initial_last_event_id);
        assert_eq!(seeded.is_ok(), self.initial_last_event_id.len() <= META);
        let mut connections = Vec::new();
        for stream in &self.streams {
            decoder.new_stream();
            connections.push(Connection {
                resumes_from: decoder.last_event_id().to_owned(),
                items: decode(&mut decoder, pushes(stream)),
            });
        }
        Outcome {
            connections,
            last_event_id: decoder.last_event_id().to_owned(),
            retry: decoder.reconnection_time(),
        }
    }

    fn modelled(&self, data: usize, meta: usize) -> Outcome {
        // An ID that does not fit is refused, which leaves the empty one.
        let id = Some(&*self.initial_last_event_id).filter(|id| id.len() <= meta);
        let mut model = Model::new(data, meta, id.unwrap_or_default());
        let mut connections = Vec::new();
        for stream in &self.streams {
            connections.push(Connection {
                resumes_from: model.last_event_id.clone(),
                items: model.interpret(stream),
            });
        }
        Outcome {
            connections,
            last_event_id: model.last_event_id,
            retry: model.retry,
        }
    }
}

impl Outcome {
    fn without_comments_and_retry(mut self) -> Self {
        for connection in &mut self.connections {
            connection.items.retain(|item| match item {
                Item::Event { .. } => true,
                Item::TooLong(part) => *part != TooLong::Comment,
                Item::Comment(_) | Item::Retry(_) => false,
            });
        }
        self
    }
}

// ---- the file of cases ----

fn cases() -> impl Iterator<Item = Case> {
    include_str!("../data/decoder-cases.jsonl")
        .lines()
        .map(|line| {
            let json: Value = serde_json::from_str(line).unwrap();
            let config = &json["config"];
            let streams = match config["streams_b64"].as_array() {
                Some(streams) => streams.iter().map(base64).collect(),
                None => vec![base64(&json["input_b64"])],
            };
            let chunks = config["chunks"].as_array().into_iter().flatten();
            Case {
                name: string(&json["name"]),
                initial_last_event_id: optional_string(&config["initial_last_event_id"]),
                streams,
                chunks: chunks
                    .map(|length| length.as_u64().unwrap() as usize)
                    .collect(),
                expected: Outcome {
                    connections: connections(&json),
                    last_event_id: string(&json["final"]["last_event_id"]),
                    retry: time(&json["final"]["retry"]),
                },
            }
        })
}

/// The expected rows. A case of one stream does not mention its connection.
fn connections(json: &Value) -> Vec<Connection> {
    let mut connections = Vec::new();
    if json["config"]["streams_b64"].is_null() {
        connections.push(Connection {
            resumes_from: optional_string(&json["config"]["initial_last_event_id"]),
            items: Vec::new(),
        });
    }
    for row in json["expected"].as_array().unwrap() {
        if row["connect"] == true {
            connections.push(Connection {
                resumes_from: optional_string(&row["last_event_id_header"]),
                items: Vec::new(),
            });
        } else {
            connections.last_mut().unwrap().items.push(item(row));
        }
    }
    connections
}

fn item(row: &Value) -> Item {
    if let Some(comment) = row.get("comment") {
        Item::Comment(string(comment))
    } else if let Some(number) = row.get("retry_digits").or_else(|| row.get("retry")) {
        Item::Retry(time(number).unwrap())
    } else {
        Item::Event {
            event_type: string(&row["event"]),
            data: string(&row["data"]),
            last_event_id: string(&row["id"]),
        }
    }
}

/// Milliseconds. A number beyond 64 bits is there as a string of its digits; it saturates.
fn time(number: &Value) -> Option<Duration> {
    match number {
        Value::Null => None,
        Value::String(_) => Some(Duration::from_millis(u64::MAX)),
        number => Some(Duration::from_millis(number.as_u64().unwrap())),
    }
}

fn string(json: &Value) -> String {
    json.as_str().unwrap().to_owned()
}

fn optional_string(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

fn base64(json: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(json.as_str().unwrap()).unwrap()
}

/// What a decoder that shows IDs returns for a stream in pieces of this length.
fn items_with_ids(stream: &str, piece: usize) -> Vec<String> {
    let mut decoder = Decoder::<16, 8>::new();
    decoder.show_ids(true);
    let mut items = Vec::new();
    for mut push in stream.as_bytes().chunks(piece) {
        while let Some(item) = decoder.decode(&mut push) {
            items.push(match item {
                embedded_sse::Item::Id(id) => format!("id {id}"),
                embedded_sse::Item::Event(event) => format!("event {}", event.last_event_id),
                other => format!("{other:?}"),
            });
        }
    }
    items
}

#[test]
fn an_id_without_an_event_is_reported_on_request() {
    for (stream, want) in [
        ("id: 1\n\n", &["id 1"][..]),
        (
            "id: 1\r\rid: 2\ndata: a\n\nid\r\n\r\n",
            &["id 1", "event 2", "id "],
        ),
        // The same ID again, and one that comes with a type alone.
        (
            "id:1\n\nid:1\n\nevent:a\nid:2\n\n",
            &["id 1", "id 1", "id 2"],
        ),
        // Not finished, no ID, or no `id` field at all.
        ("id: 1\n", &[]),
        ("id: a\0b\n\n", &[]),
        ("event: a\n\n:\n\n\n", &[]),
        ("id: 1\ndata\n\nevent: a\n\n", &["event 1"]),
        ("id: 123456789\n\n", &["TooLong(Id { len: 9 })"]),
    ] {
        for piece in 1..=stream.len() {
            assert_eq!(items_with_ids(stream, piece), want, "{stream:?} {piece}");
        }
        let mut decoder = Decoder::<16, 8>::new();
        let mut input = stream.as_bytes();
        while let Some(item) = decoder.decode(&mut input) {
            assert!(!matches!(item, embedded_sse::Item::Id(_)), "not asked for");
        }
    }
}
