//! The event stream: section 9.2 of the HTML standard, and `tests/rules.md`.

use embedded_sse::TooLong;

use super::http::saturating_number;
use crate::case::{Setup, Wrong};

/// What an event stream says so far.
pub struct Parsed {
    /// Each item, with every form in which it may be reported.
    pub items: Vec<Vec<String>>,
    pub last_event_id: String,
    /// The last `retry`, in milliseconds.
    pub retry: Option<u64>,
    /// An event came, also one that did not fit, or the last event ID changed.
    pub has_progress: bool,
    pub has_id: bool,
}

/// A text of the stream, with its length before ill-formed bytes were replaced.
#[derive(Clone, Default)]
struct Text {
    text: String,
    raw_len: usize,
}

impl Text {
    fn push(&mut self, bytes: &[u8]) {
        self.text += &String::from_utf8_lossy(bytes);
        self.raw_len += bytes.len();
    }

    /// The lengths that a report may contain.
    fn lens(&self) -> std::ops::RangeInclusive<usize> {
        self.raw_len.min(self.text.len())..=self.raw_len.max(self.text.len())
    }
}

#[derive(Default)]
struct Block {
    event_type: Text,
    data: Option<Text>,
    id: Option<Text>,
}

/// Parses all complete lines of a stream that begins with this last event ID.
pub fn parse(bytes: &[u8], last_event_id: &str, setup: &Setup) -> Parsed {
    let wrong = setup.wrong;
    let last_event_id = if wrong == Some(Wrong::IdForgotten) {
        ""
    } else {
        last_event_id
    };
    let mut parsed = Parsed {
        items: Vec::new(),
        last_event_id: last_event_id.into(),
        retry: None,
        has_progress: false,
        has_id: false,
    };
    let mut block = Block::default();
    for line in lines(bytes, wrong) {
        if line.is_empty() {
            dispatch(std::mem::take(&mut block), &mut parsed, setup);
            continue;
        }
        let (name, value) = match line.iter().position(|&b| b == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (&line[..], &b""[..]),
        };
        if line[0] == b':' {
            if setup.show_comments {
                comment(value, &block, &mut parsed, setup);
            }
            continue;
        }
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let mut text = Text::default();
        text.push(value);
        match name {
            b"event" => block.event_type = text,
            b"id" if value.contains(&0) => {}
            b"id" => block.id = Some(text),
            b"data" => match &mut block.data {
                Some(data) => {
                    data.push(b"\n");
                    data.push(value);
                }
                none => *none = Some(text),
            },
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let retry = saturating_number(value);
                parsed.retry = Some(retry);
                if setup.show_retry {
                    parsed.items.push(vec![format!("retry {retry}")]);
                }
            }
            _ => {}
        }
    }
    parsed
}

/// The complete lines, without the byte order mark.
fn lines(bytes: &[u8], wrong: Option<Wrong>) -> Vec<Vec<u8>> {
    let mut bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if wrong == Some(Wrong::TwoMarks) {
        bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    }
    let mut lines = Vec::new();
    let mut line = Vec::new();
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if at > 0 && bytes[at - 1] == b'\r' => {}
            b'\r' | b'\n' => lines.push(std::mem::take(&mut line)),
            byte => line.push(byte),
        }
    }
    lines
}

fn dispatch(block: Block, parsed: &mut Parsed, setup: &Setup) {
    let mut reports = Vec::new();
    let mut new_id = None;
    if let Some(id) = &block.id {
        if id.text.len() > setup.meta_len && setup.wrong != Some(Wrong::LongIds) {
            reports.extend(id.lens().map(|len| format!("{:?}", TooLong::Id { len })));
        } else {
            new_id = Some(id.text.clone());
        }
    }
    let is_new = new_id
        .as_ref()
        .is_some_and(|id| *id != parsed.last_event_id);
    if let Some(id) = new_id.clone() {
        parsed.last_event_id = id;
        parsed.has_progress |= is_new;
        parsed.has_id = true;
    }
    let Some(data) = block.data else {
        if !reports.is_empty() {
            parsed.has_progress = true;
            parsed.items.push(reports);
        } else if let Some(id) = new_id
            && setup.show_ids
        {
            parsed.items.push(vec![format!("id {id:?}")]);
        }
        return;
    };
    let is_long = data.text.len() > setup.data_len;
    if is_long && !setup.split_long_events {
        reports.extend(
            data.lens()
                .map(|len| format!("{:?}", TooLong::Data { len })),
        );
    }
    if block.event_type.text.len() > setup.meta_len {
        let lens = block.event_type.lens();
        reports.extend(lens.map(|len| format!("{:?}", TooLong::EventType { len })));
    }
    if reports.is_empty() {
        let event_type = match block.event_type.text.as_str() {
            "" => "message",
            event_type => event_type,
        };
        let pieces = if is_long { " in pieces" } else { "" };
        let (data, id) = (data.text, &parsed.last_event_id);
        reports.push(format!("event{pieces} {event_type:?} {data:?} {id:?}"));
    }
    parsed.has_progress = true;
    parsed.items.push(reports);
}

/// A comment takes the room that the unfinished event leaves free.
fn comment(value: &[u8], block: &Block, parsed: &mut Parsed, setup: &Setup) {
    let text = String::from_utf8_lossy(value).into_owned();
    let shown = format!("comment {text:?}");
    let refused = format!("{:?}", TooLong::Comment);
    let pending = block.data.as_ref().map_or(0, |data| data.text.len());
    parsed.items.push(match text.len() {
        len if len > setup.data_len => vec![refused],
        len if pending + len < setup.data_len || pending == 0 => vec![shown],
        _ => vec![shown, refused],
    });
}
