//! Vectors that each board runs: what the decoder's cases and some responses have to become. Their memory
//! has 32 bits, that of other tests 64.
//!
//! The board gets a file that is all vectors, one after another: a letter for its kind, and its name, its
//! first last event ID, its streams, the lengths of its chunks, and what has to come of it, each with its
//! length before it, in four bytes. The same holds for each stream. Each field of what has to come has a
//! byte behind it that is no text.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::Value;

use crate::firmware::{self, AN385, AN386, Board};
use crate::qemu::Run;
use crate::responses::responses;
use crate::screen::Screen;

/// Of the crate's own tests.
const CASES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/data/decoder-cases.jsonl"
);

/// Where the board looks for them.
const ADDRESS: &str = "0x21000000";

const LIMIT: Duration = Duration::from_secs(120);

pub fn vectors() -> Result<(), String> {
    let vectors = all()?;
    for board in [AN386, AN385] {
        let firmware = firmware::build("firmware", "vectors", "release", board)?;
        // A control: the board has to see it if what has to come is something else.
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

/// The status, and the last line.
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
        let case = serde_json::from_str(line).map_err(|error| format!("{CASES}: {error}"))?;
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
    /// `None` if it is none.
    fn of_case(case: &Value) -> Option<Self> {
        let config = &case["config"];
        let streams = match &config["streams_b64"] {
            Value::Array(streams) => streams.iter().map(base64).collect::<Option<_>>()?,
            _ => vec![base64(&case["input_b64"])?],
        };
        let chunks = config["chunks"].as_array().into_iter().flatten();
        let id = config["initial_last_event_id"].as_str().unwrap_or_default();
        let mut expected = Vec::new();
        if streams.len() == 1 && case["expected"][0]["connect"].is_null() {
            expected.extend(["connect".to_owned(), id.to_owned()]);
        }
        for row in case["expected"].as_array()? {
            expected.extend(fields(row)?);
        }
        let end = &case["final"];
        let retry = number(&end["retry"]).unwrap_or("none".to_owned());
        expected.extend(["final".to_owned(), text(&end["last_event_id"]), retry]);
        Some(Self {
            kind: b'd',
            name: text(&case["name"]),
            id: id.to_owned(),
            streams,
            chunks: chunks
                .map(|len| len.as_u64()?.try_into().ok())
                .collect::<Option<_>>()?,
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

/// What the board makes of such a row.
fn fields(row: &Value) -> Option<Vec<String>> {
    let row = row.as_object()?;
    Some(if row.contains_key("connect") {
        vec!["connect".to_owned(), text(&row["last_event_id_header"])]
    } else if let Some(data) = row.get("data") {
        let event_type = text(row.get("event")?);
        vec![
            "event".to_owned(),
            event_type,
            text(data),
            text(row.get("id")?),
        ]
    } else if let Some(comment) = row.get("comment") {
        vec!["comment".to_owned(), text(comment)]
    } else {
        let digits = row.get("retry_digits").or(row.get("retry"))?;
        vec!["retry".to_owned(), number(digits)?]
    })
}

/// No text is none.
fn text(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

/// As a number, or as its digits, of which 64 bits hold no more than the most.
fn number(json: &Value) -> Option<String> {
    let number = match json {
        Value::String(digits) => digits.parse().unwrap_or(u64::MAX),
        _ => json.as_u64()?,
    };
    Some(number.to_string())
}

fn base64(json: &Value) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(json.as_str()?).ok()
}
