//! The cases in `tests/data/decoder-cases.jsonl`: how to read them, and how to run them.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use embedded_sse::{Decoder, TooLong};
use serde_json::Value;

use crate::model::{Item, Model, decode, open_decoder};

/// Exactly as much memory as the longest texts of the cases need.
const ENOUGH_DATA: usize = 100_000;
const ENOUGH_META: usize = 2_000;

/// A way to cut a stream.
pub type Pushes<'f> = &'f dyn Fn(&[u8]) -> Vec<&[u8]>;

/// One line of the file.
pub struct Case {
    pub name: String,
    initial_last_event_id: String,
    /// One stream for each connection.
    streams: Vec<Vec<u8>>,
    /// The lengths of the pieces into which this case is best cut. May be empty.
    pub chunks: Vec<usize>,
    pub expected: Outcome,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    connections: Vec<Connection>,
    last_event_id: String,
    retry: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// The last event ID with which the connection is opened. If it is empty, no header is sent.
    resumes_from: String,
    items: Vec<Item>,
}

impl Case {
    pub fn longest_stream(&self) -> usize {
        self.streams.iter().map(Vec::len).max().unwrap()
    }

    /// Decodes the streams, each cut by `pushes`, and compares the result with the file.
    pub fn check(&self, manner: &str, pushes: Pushes) {
        let decoder = open_decoder::<ENOUGH_DATA, ENOUGH_META>();
        assert_eq!(
            self.decoded(decoder, pushes),
            self.expected,
            "{} {manner}",
            self.name
        );
    }

    pub fn decoded<const DATA: usize, const META: usize>(
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

    pub fn modelled(&self, data: usize, meta: usize) -> Outcome {
        // An ID that does not fit is refused, so the ID stays empty.
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
    pub fn without_comments_and_retry(mut self) -> Self {
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

pub fn cases() -> impl Iterator<Item = Case> {
    include_str!("../../data/decoder-cases.jsonl")
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

/// The expected items of each connection. A case with only one stream has no row for the connection.
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

/// Parses milliseconds. A number of more than 64 bits is a string of digits in the file; it saturates.
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
