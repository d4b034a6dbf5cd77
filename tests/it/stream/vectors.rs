//! The project's decoder cases: an event stream gives what a decoder gives.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use embedded_sse::stream::{EventStream, OwnedEvent};
use embedded_sse::{Decoder, Item};
use serde_json::Value;

use super::script::{Script, Step, all, script};

#[derive(Debug, PartialEq)]
struct Outcome {
    /// The events of each connection.
    connections: Vec<Vec<OwnedEvent>>,
    last_event_id: String,
    retry: Option<Duration>,
}

struct Case {
    name: String,
    last_event_id: String,
    /// One for each connection.
    streams: Vec<Vec<u8>>,
}

fn cases() -> Vec<Case> {
    let file = include_str!("../../data/decoder-cases.jsonl");
    let base64 = |json: &Value| BASE64_STANDARD.decode(json.as_str().unwrap()).unwrap();
    let cases = file.lines().map(|line| {
        let json: Value = serde_json::from_str(line).unwrap();
        let id = &json["config"]["initial_last_event_id"];
        Case {
            name: json["name"].as_str().unwrap().to_owned(),
            last_event_id: id.as_str().unwrap_or_default().to_owned(),
            streams: match json["config"]["streams_b64"].as_array() {
                Some(streams) => streams.iter().map(base64).collect(),
                None => vec![base64(&json["input_b64"])],
            },
        }
    });
    cases.collect()
}

impl Case {
    /// What a decoder with enough memory gives.
    fn expected(&self) -> Outcome {
        let mut decoder = Box::new(Decoder::<100_000, 2000>::new());
        decoder.set_last_event_id(&self.last_event_id).unwrap();
        let mut connections = Vec::new();
        for mut stream in self.streams.iter().map(Vec::as_slice) {
            decoder.new_stream();
            let mut events = Vec::new();
            while let Some(item) = decoder.decode(&mut stream) {
                let Item::Event(event) = item else {
                    panic!("{item:?}");
                };
                events.push(event.into());
            }
            connections.push(events);
        }
        Outcome {
            connections,
            last_event_id: decoder.last_event_id().to_owned(),
            retry: decoder.reconnection_time(),
        }
    }

    fn streamed(&self, steps: impl Fn(&[u8]) -> Vec<Step>) -> Outcome {
        let mut events = EventStream::<Script>::new();
        events.set_last_event_id(&self.last_event_id).unwrap();
        let mut connections = Vec::new();
        for stream in &self.streams {
            events.new_stream(script(steps(stream)).0);
            let items = all(&mut events).into_iter();
            connections.push(items.map(Result::unwrap).collect());
        }
        Outcome {
            connections,
            last_event_id: events.last_event_id().to_owned(),
            retry: events.reconnection_time(),
        }
    }
}

fn step(bytes: &[u8]) -> Step {
    Step::Chunk(bytes.to_vec())
}

#[test]
fn cases_whole_and_byte_by_byte() {
    for case in cases() {
        let expected = case.expected();
        let whole = |stream: &[u8]| vec![step(stream)];
        assert_eq!(case.streamed(whole), expected, "{}", case.name);
        let bytes = |stream: &[u8]| stream.chunks(1).map(step).collect();
        assert_eq!(case.streamed(bytes), expected, "{}", case.name);
    }
}

#[test]
fn cases_with_empty_chunks_and_pending_polls_between() {
    for case in cases() {
        let steps = |stream: &[u8]| {
            let bytes = stream.chunks(1);
            bytes
                .flat_map(|byte| [step(b""), step(byte), Step::Pending, step(b"")])
                .collect()
        };
        assert_eq!(case.streamed(steps), case.expected(), "{}", case.name);
    }
}

/// At every place. A debug build leaves out some of the places in the few long cases.
#[test]
fn cases_cut_at_every_place() {
    for case in cases() {
        let expected = case.expected();
        let len = case.streams.iter().map(Vec::len).max().unwrap();
        let places = match cfg!(debug_assertions) && len > 1024 {
            true => (0..=len).step_by(len / 64).collect::<Vec<_>>(),
            false => (0..=len).collect(),
        };
        for at in places {
            let cut = |stream: &[u8]| {
                let (before, after) = stream.split_at(at.min(stream.len()));
                vec![step(before), step(after)]
            };
            assert_eq!(case.streamed(cut), expected, "{} at {at}", case.name);
        }
    }
}

#[test]
fn cases_in_chunks_of_random_lengths() {
    let mut random = 0x9E37_79B9_u32;
    for case in cases() {
        let expected = case.expected();
        for most in [2, 5, 30, 500, 20_000] {
            for _ in 0..4 {
                let seed = random;
                let steps = |stream: &[u8]| {
                    let mut random = seed;
                    let (mut steps, mut rest) = (Vec::new(), stream);
                    while !rest.is_empty() {
                        let len = next_random(&mut random) as usize % (most + 1);
                        let (chunk, after) = rest.split_at(len.min(rest.len()));
                        steps.push(step(chunk));
                        rest = after;
                    }
                    steps
                };
                let place = format!("{} with seed {seed}, at most {most}", case.name);
                assert_eq!(case.streamed(steps), expected, "{place}");
                next_random(&mut random);
            }
        }
    }
}

/// Marsaglia's xorshift.
fn next_random(random: &mut u32) -> u32 {
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    *random
}
