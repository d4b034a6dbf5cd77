//! The oracle for the decoder: section 9.2.6 of the standard, "Interpreting an event stream", followed
//! literally and without regard to cost.
//!
//! The model gets each stream as a whole, decodes it before it splits it into lines, and stores
//! everything. Rules that exist only because the decoder's memory is limited stand apart, under "Limits".

use std::mem;
use std::time::Duration;

use embedded_sse::{Decoder, TooLong};

/// An [`embedded_sse::Item`] of the decoder, with owned text.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Event {
        event_type: String,
        data: String,
        last_event_id: String,
    },
    Comment(String),
    Retry(Duration),
    TooLong(TooLong),
}

pub struct Model {
    /// The decoder's `DATA`, or `usize::MAX` for no limit.
    data_limit: usize,
    /// The decoder's `META`, or `usize::MAX` for no limit.
    meta_limit: usize,
    pub last_event_id: String,
    pub retry: Option<Duration>,
    buffers: Buffers,
}

/// The three buffers of the standard. In `data`, an LF follows each line.
#[derive(Default)]
struct Buffers {
    data: String,
    event_type: String,
    last_event_id: String,
    /// How much longer `data` is than the bytes from which it was decoded.
    data_growth: usize,
    type_growth: usize,
    id_growth: usize,
}

impl Model {
    pub fn new(data_limit: usize, meta_limit: usize, last_event_id: &str) -> Self {
        Self {
            data_limit,
            meta_limit,
            last_event_id: last_event_id.to_owned(),
            retry: None,
            buffers: Buffers::default(),
        }
    }

    /// Interprets one whole stream. The next call is for the stream after a reconnect.
    pub fn interpret(&mut self, stream: &[u8]) -> Vec<Item> {
        // The ID buffer starts with the last event ID. The rest of an earlier stream is dropped.
        self.buffers = Buffers {
            last_event_id: self.last_event_id.clone(),
            ..Buffers::default()
        };
        let lines = decoded_lines(stream);
        lines.iter().filter_map(|line| self.line(line)).collect()
    }

    // ---- lines ----

    fn line(&mut self, line: &Line) -> Option<Item> {
        if line.text.is_empty() {
            self.dispatch()
        } else if let Some(comment) = line.text.strip_prefix(':') {
            Some(self.comment(comment))
        } else if let Some((name, value)) = line.text.split_once(':') {
            let value = value.strip_prefix(' ').unwrap_or(value);
            self.field(name, value, line.growth)
        } else {
            self.field(&line.text, "", line.growth)
        }
    }

    // ---- fields ----

    fn field(&mut self, name: &str, value: &str, growth: usize) -> Option<Item> {
        match name {
            "event" => {
                self.buffers.event_type = value.to_owned();
                self.buffers.type_growth = growth;
            }
            "data" => {
                self.buffers.data += value;
                self.buffers.data += "\n";
                self.buffers.data_growth += growth;
            }
            "id" if !value.contains('\0') => {
                self.buffers.last_event_id = value.to_owned();
                self.buffers.id_growth = growth;
            }
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                // Digits can only fail to parse if there are too many.
                let time = Duration::from_millis(value.parse().unwrap_or(u64::MAX));
                self.retry = Some(time);
                return Some(Item::Retry(time));
            }
            _ => {}
        }
        None
    }

    // ---- dispatch ----

    fn dispatch(&mut self) -> Option<Item> {
        let id = self.commit_id();
        let data = mem::take(&mut self.buffers.data);
        let event_type = mem::take(&mut self.buffers.event_type);
        let data_growth = mem::take(&mut self.buffers.data_growth);
        let type_growth = mem::take(&mut self.buffers.type_growth);

        let Some(data) = data.strip_suffix('\n') else {
            return id.err().map(Item::TooLong);
        };
        let fits = length(data, data_growth, self.data_limit)
            .map_err(|len| TooLong::Data { len })
            .and(id)
            .and_then(|()| {
                let len = length(&event_type, type_growth, self.meta_limit);
                len.map_err(|len| TooLong::EventType { len })
            });
        if let Err(part) = fits {
            return Some(Item::TooLong(part));
        }
        Some(Item::Event {
            event_type: if event_type.is_empty() {
                "message".to_owned()
            } else {
                event_type
            },
            data: data.to_owned(),
            last_event_id: self.last_event_id.clone(),
        })
    }

    /// Sets the last event ID to the buffer. If the buffer does not fit, resets it to the last event ID.
    fn commit_id(&mut self) -> Result<(), TooLong> {
        let growth = mem::take(&mut self.buffers.id_growth);
        let fits = length(&self.buffers.last_event_id, growth, self.meta_limit);
        if fits.is_ok() {
            self.last_event_id = self.buffers.last_event_id.clone();
        } else {
            self.buffers.last_event_id = self.last_event_id.clone();
        }
        fits.map_err(|len| TooLong::Id { len })
    }

    // ---- limits: not in the standard, but in the rule "too long" and the documentation of `TooLong` ----

    /// A comment shares the memory with the data of the unfinished event. That data is still raw bytes,
    /// and needs no memory any more if it is already too long.
    fn comment(&self, comment: &str) -> Item {
        let data = self.buffers.data.strip_suffix('\n').unwrap_or_default();
        let raw_data = data.len() - self.buffers.data_growth;
        let taken = if raw_data > self.data_limit {
            0
        } else {
            raw_data
        };
        if taken + comment.len() > self.data_limit {
            Item::TooLong(TooLong::Comment)
        } else {
            Item::Comment(comment.to_owned())
        }
    }
}

/// The error is the length of a text that does not fit: the length of its raw bytes, or, if these would
/// fit, of the decoded text.
fn length(text: &str, growth: usize, limit: usize) -> Result<(), usize> {
    let bytes = text.len() - growth;
    match text.len() {
        len if len <= limit => Ok(()),
        _ if bytes > limit => Err(bytes),
        len => Err(len),
    }
}

// ---- decoding and splitting ----

struct Line {
    text: String,
    /// How much longer the text is than the bytes from which it was decoded. Known names are ASCII, so
    /// only the value can have grown.
    growth: usize,
}

/// Decodes a stream and then splits it into lines.
fn decoded_lines(stream: &[u8]) -> Vec<Line> {
    let stream = stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream);
    let text = String::from_utf8_lossy(stream);
    let raw_lines = lines(stream);
    let text_lines = lines(text.as_bytes());
    assert_eq!(raw_lines.len(), text_lines.len());
    text_lines
        .iter()
        .zip(raw_lines)
        .map(|(text, raw)| Line {
            text: str::from_utf8(text).unwrap().to_owned(),
            growth: text.len() - raw.len(),
        })
        .collect()
}

/// Splits at CR LF, LF and CR. Text after the last line end is not a line.
fn lines(mut rest: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        let (line, ending) = rest.split_at(end);
        lines.push(line);
        rest = ending.strip_prefix(b"\r\n").unwrap_or(&ending[1..]);
    }
    lines
}

// ---- the decoder, in terms of the model ----

/// A decoder that shows the same items as the model.
pub fn open_decoder<const DATA: usize, const META: usize>() -> Decoder<DATA, META> {
    let mut decoder = Decoder::new();
    decoder.show_comments(true);
    decoder.show_retry(true);
    decoder
}

/// Pushes the pieces of a stream into `decoder`, one after the other.
pub fn decode<'i, const DATA: usize, const META: usize>(
    decoder: &mut Decoder<DATA, META>,
    pushes: impl IntoIterator<Item = &'i [u8]>,
) -> Vec<Item> {
    let mut items = Vec::new();
    for mut input in pushes {
        while let Some(item) = decoder.decode(&mut input) {
            items.push(item.into());
        }
        assert!(
            input.is_empty(),
            "`None` means that the whole input was taken"
        );
    }
    items
}

impl From<embedded_sse::Item<'_>> for Item {
    fn from(item: embedded_sse::Item<'_>) -> Self {
        match item {
            embedded_sse::Item::Event(event) => Self::Event {
                event_type: event.event_type.to_owned(),
                data: event.data.to_owned(),
                last_event_id: event.last_event_id.to_owned(),
            },
            embedded_sse::Item::Comment(text) => Self::Comment(text.to_owned()),
            embedded_sse::Item::Retry(time) => Self::Retry(time),
            embedded_sse::Item::TooLong(part) => Self::TooLong(part),
            other => panic!("not an item of a decoder: {other:?}"),
        }
    }
}
