//! Test vectors for the boards: the decoder's cases and some responses, each with the expected result. The
//! other tests run on 64-bit computers, the boards have 32 bits.
//!
//! The board gets a file with all vectors, one after another. A vector is a letter for its kind, its name, the
//! last event ID to begin with, its streams, the lengths of its chunks, and the expected result. Each part but
//! the letter, and each stream, has its length before it, in four bytes. Each field of the result ends with
//! the byte 0xFF, which occurs in no text.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use tinyjson::JsonValue;

use crate::firmware::{self, AN385, AN386, Board};
use crate::qemu::Run;
use crate::responses::responses;
use crate::screen::Screen;

/// The file that the crate's own tests read, too.
const CASES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/data/decoder-cases.jsonl"
);

/// Where the firmware looks for the vectors.
const ADDRESS: &str = "0x21000000";

const LIMIT: Duration = Duration::from_secs(120);

pub fn vectors() -> Result<(), String> {
    let vectors = all()?;
    for board in [AN386, AN385] {
        let firmware = firmware::build("firmware", "vectors", "release", board)?;
        // A control: the board must notice a wrong expected result.
        let mut wrong = vectors.iter().map(Vector::bytes).collect::<Vec<_>>();
        if let Some(bytes) = wrong.last_mut() {
            bytes.truncate(bytes.len() - 2);
            bytes.extend(b"?\xFF");
        }
        match run(board, &firmware, &wrong.concat())? {
            (1, _) => {}
            (status, said) => {
                return Err(format!("a wrong vector: status {status}, {said:?}"));
            }
        }
        let right = vectors.iter().map(Vector::bytes).collect::<Vec<_>>();
        match run(board, &firmware, &right.concat())? {
            (0, said) => println!("{} {} vectors, {said}", board.name, vectors.len()),
            (_, said) => return Err(format!("{}: {said}", board.name)),
        }
    }
    Ok(())
}

/// Returns the exit status and the last line.
fn run(board: Board, firmware: &Path, vectors: &[u8]) -> Result<(i32, String), String> {
    let file = firmware.with_extension("bin");
    fs::write(&file, vectors).map_err(|error| format!("{}: {error}", file.display()))?;
    let name = file.display().to_string().replace(',', ",,");
    let loader = format!("loader,file={name},addr={ADDRESS},force-raw=on");
    let screen = Screen::default();
    let run = Run {
        board,
        firmware,
        arguments: vec![format!("len={}", vectors.len())],
        options: vec!["-device".to_owned(), loader],
        port: None,
        limit: Some(LIMIT),
        show: false,
    };
    let status = run.go(&screen)?;
    let last = screen.lines().last().cloned();
    Ok((status, last.unwrap_or_default()))
}

fn all() -> Result<Vec<Vector>, String> {
    let cases = fs::read_to_string(CASES).map_err(|error| format!("{CASES}: {error}"))?;
    let mut vectors = Vec::new();
    for line in cases.lines() {
        let case = line.parse().map_err(|error| format!("{CASES}: {error}"))?;
        vectors.push(Vector::of_case(&case).ok_or(format!("{CASES}: not a case: {line:.80}"))?);
    }
    vectors.extend(responses().map(|(response, expected)| Vector {
        kind: b'h',
        name: format!("{response:.120?}"),
        id: String::new(),
        streams: vec![response.into_bytes()],
        chunks: Vec::new(),
        expected: expected.split('|').map(str::to_owned).collect(),
    }));
    Ok(vectors)
}

struct Vector {
    kind: u8,
    name: String,
    id: String,
    streams: Vec<Vec<u8>>,
    chunks: Vec<u8>,
    expected: Vec<String>,
}

impl Vector {
    /// `None` if the JSON is not a case.
    fn of_case(case: &JsonValue) -> Option<Self> {
        let config = child(case, "config");
        let streams = match child(config, "streams_b64") {
            JsonValue::Array(streams) => streams.iter().map(base64).collect::<Option<_>>()?,
            _ => vec![base64(child(case, "input_b64"))?],
        };
        let chunks = match child(config, "chunks") {
            JsonValue::Array(lens) => lens.iter().map(length).collect::<Option<_>>()?,
            _ => Vec::new(),
        };
        let id = text(child(config, "initial_last_event_id"));
        let mut expected = Vec::new();
        if let JsonValue::Null = child(config, "streams_b64") {
            expected.extend(["connect".to_owned(), id.clone()]);
        }
        for row in child(case, "expected").get::<Vec<_>>()? {
            expected.extend(fields(row)?);
        }
        let end = child(case, "final");
        let retry = number(child(end, "retry")).unwrap_or("none".to_owned());
        let last_id = text(child(end, "last_event_id"));
        expected.extend(["final".to_owned(), last_id, retry]);
        Some(Self {
            kind: b'd',
            name: text(child(case, "name")),
            id,
            streams,
            chunks,
            expected,
        })
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.kind];
        let streams: Vec<u8> = self.streams.iter().flat_map(|s| with_len(s)).collect();
        let fields = self.expected.iter();
        let expected: Vec<u8> = fields
            .flat_map(|f| [f.as_bytes(), b"\xFF"].concat())
            .collect();
        for part in [
            self.name.as_bytes(),
            self.id.as_bytes(),
            &streams,
            &self.chunks,
            &expected,
        ] {
            bytes.extend(with_len(part));
        }
        bytes
    }
}

fn with_len(bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len()).expect("no vector has gigabytes");
    [&len.to_le_bytes(), bytes].concat()
}

/// The fields that the board derives from what this row describes.
fn fields(row: &JsonValue) -> Option<Vec<String>> {
    let named = |name| match child(row, name) {
        JsonValue::Null => None,
        value => Some(value),
    };
    Some(if named("connect").is_some() {
        vec![
            "connect".to_owned(),
            text(child(row, "last_event_id_header")),
        ]
    } else if let Some(data) = named("data") {
        let (event_type, id) = (text(named("event")?), text(named("id")?));
        vec!["event".to_owned(), event_type, text(data), id]
    } else if let Some(comment) = named("comment") {
        vec!["comment".to_owned(), text(comment)]
    } else {
        let time = named("retry_digits").or(named("retry"))?;
        vec!["retry".to_owned(), number(time)?]
    })
}

/// The member of this name, or null.
fn child<'j>(json: &'j JsonValue, name: &str) -> &'j JsonValue {
    match json {
        JsonValue::Object(children) => children.get(name).unwrap_or(&JsonValue::Null),
        _ => &JsonValue::Null,
    }
}

/// Null is an empty text.
fn text(json: &JsonValue) -> String {
    json.get::<String>().cloned().unwrap_or_default()
}

/// A number, or a text of digits. A number beyond 64 bits becomes the largest one, as in the decoder.
fn number(json: &JsonValue) -> Option<String> {
    let number = match json {
        JsonValue::String(digits) => digits.parse().unwrap_or(u64::MAX),
        _ => *json.get::<f64>()? as u64,
    };
    Some(number.to_string())
}

/// A length that fits in a byte.
fn length(json: &JsonValue) -> Option<u8> {
    let len = *json.get::<f64>()?;
    (len <= u8::MAX.into()).then_some(len as u8)
}

fn base64(json: &JsonValue) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(json.get::<String>()?).ok()
}
