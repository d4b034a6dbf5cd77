//! What the crate reports, as lines.

use embedded_sse::hooks::Hooks;
use embedded_sse::{Head, Item, TooLong, Verdict};

use crate::model::response::show_head;
use crate::run::Compared;

pub fn owned(head: &Head<'_>) -> Vec<(String, Vec<u8>)> {
    head.headers()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// Hooks that take notes.
pub struct Ears {
    pub judge: Option<(u16, Verdict)>,
    pub told: Items,
}

impl Hooks for Ears {
    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        self.told
            .lines
            .push(format!("verdict {} {verdict:?}", head.status()));
        match self.judge {
            Some((status, verdict)) if status == head.status() => verdict,
            _ => verdict,
        }
    }

    fn told(&mut self, item: &Item<'_>) {
        self.told.push(item);
    }
}

/// Items as lines. The pieces of an event are joined.
#[derive(Default)]
pub struct Items {
    lines: Vec<String>,
    pieces: String,
}

impl Items {
    pub fn clear(&mut self) {
        self.lines.clear();
    }

    pub fn push(&mut self, item: &Item<'_>) {
        let event = |kind: &str, event_type: &str, data: &str, id: &str| {
            format!("{kind} {event_type:?} {data:?} {id:?}")
        };
        let line = match item {
            Item::Open(head) => {
                self.pieces.clear();
                let head_line = show_head(head.status(), head.wire_len(), &owned(head));
                format!("open {head_line} {:?}", head.last_event_id())
            }
            Item::Event(e) => event("event", e.event_type, e.data, e.last_event_id),
            Item::Piece(piece) => return self.pieces += piece,
            Item::LastPiece(e) => {
                let data = std::mem::take(&mut self.pieces) + e.data;
                event("event in pieces", e.event_type, &data, e.last_event_id)
            }
            Item::Id(id) => format!("id {id:?}"),
            Item::Comment(comment) => format!("comment {comment:?}"),
            Item::Retry(time) => format!("retry {}", time.as_millis()),
            Item::Lost(wait) => format!("lost {:?}", wait.cause),
            Item::Stopped(stop) => format!("stopped {:?} {:?}", stop.reason, stop.cause),
            Item::TooLong(part) => {
                if *part != TooLong::Comment {
                    self.pieces.clear();
                }
                format!("{part:?}")
            }
            other => format!("{other:?}"),
        };
        self.lines.push(line);
    }

    /// Each expected item comes in one of several forms.
    pub fn compare(&self, what: &str, expected: &[Vec<String>]) -> Compared {
        let fits = self.lines.len() == expected.len()
            && self
                .lines
                .iter()
                .zip(expected)
                .all(|(line, forms)| forms.contains(line));
        if fits {
            Ok(())
        } else {
            Err((
                format!("{what} {:#?}", self.lines),
                format!("{expected:#?}"),
            ))
        }
    }
}
