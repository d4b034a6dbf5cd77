//! Events: what the application was told of a stream against the bytes of the stream.

use std::time::Duration;

use embedded_sse::TooLong;

use super::connection::Connection;
use super::model::{self, Model};
use super::{Checker, Violation};
use crate::device::{DATA, META};

/// What outlives a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    pub last_event_id: String,
    pub retry: Option<Duration>,
    /// Whether a stream has brought an ID.
    pub has_brought_id: bool,
}

/// What the server said on a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said {
    pub has_delivered: bool,
    pub has_sent_retry: bool,
}

impl Memory {
    pub fn new(id: &str, retry: Option<Duration>) -> Self {
        Self {
            last_event_id: id.to_owned(),
            retry,
            has_brought_id: false,
        }
    }

    pub fn forget_id(&mut self) {
        self.last_event_id.clear();
        self.has_brought_id = false;
    }

    /// The items of a payload that the client shows, its memory afterwards, and what the server said.
    fn interpret(&self, payload: &[u8]) -> (Vec<model::Item>, Self, Said) {
        let mut model = Model::new(DATA, META, &self.last_event_id);
        model.retry = self.retry;
        let mut items = model.interpret(payload);
        let has_sent_retry = items
            .iter()
            .any(|item| matches!(item, model::Item::Retry(_)));
        items.retain(|item| match item {
            model::Item::Comment(_) | model::Item::Retry(_) => false,
            item => *item != model::Item::TooLong(TooLong::Comment),
        });
        let has_moved = model.last_event_id != self.last_event_id;
        let said = Said {
            has_delivered: has_moved || !items.is_empty(),
            has_sent_retry,
        };
        // Any ID differs from this one.
        let mut other = Model::new(DATA, META, "\u{1}");
        let has_brought_id = self.has_brought_id || {
            other.interpret(payload);
            other.last_event_id != "\u{1}"
        };
        let memory = Self {
            last_event_id: model.last_event_id,
            retry: model.retry,
            has_brought_id,
        };
        (items, memory, said)
    }

    /// All memories of a client that has shown exactly these items of a payload. It may have processed less
    /// than it has read.
    fn after(&self, payload: &[u8], items: &[model::Item]) -> Vec<Self> {
        // Only line ends change something. The number of items grows with the payload.
        let is_end = |at: &usize| matches!(payload[*at], b'\r' | b'\n');
        let mut ends: Vec<_> = (0..payload.len()).filter(is_end).map(|at| at + 1).collect();
        ends.insert(0, 0);
        let shown = |end: &usize| self.interpret(&payload[..*end]);
        let first = ends.partition_point(|end| shown(end).0.len() < items.len());
        let mut memories = Vec::new();
        for (others, memory, _) in ends[first..].iter().map(shown) {
            if others.len() > items.len() {
                break;
            }
            if others == items && !memories.contains(&memory) {
                memories.push(memory);
            }
        }
        memories
    }
}

impl Checker<'_> {
    /// The application leaves the connection, and the source will not report it.
    pub(super) fn leave(&mut self) -> Result<(), Violation> {
        if self.connection.is_some() && !self.is_abandoned {
            self.abandon()?;
        }
        self.connection = None;
        self.is_abandoned = false;
        Ok(())
    }

    /// The application drops the connection.
    pub(super) fn abandon(&mut self) -> Result<(), Violation> {
        let Some(connection) = &self.connection else {
            return Ok(());
        };
        self.check_bytes(connection)?;
        let payload = connection.payload();
        let memories = self.memories.iter();
        let memories: Vec<_> = memories
            .flat_map(|memory| memory.after(&payload, &connection.items))
            .collect();
        let detail = || format!("{:?}", connection.items);
        self.rule(ORDER, !memories.is_empty(), detail)?;
        self.memories = memories;
        self.is_abandoned = true;
        Ok(())
    }

    /// The client says that the connection is over, so it has processed all of it.
    pub(super) fn finish(&mut self, connection: &Connection) -> Result<Said, Violation> {
        self.check_bytes(connection)?;
        let payload = connection.payload();
        let memories = self.memories.iter();
        let mut results: Vec<_> = memories.map(|memory| memory.interpret(&payload)).collect();
        let expected = results[0].0.clone();
        results.retain(|(items, ..)| *items == connection.items);
        let detail = || format!("{:?} in place of {expected:?}", connection.items);
        self.rule(ORDER, !results.is_empty(), detail)?;
        let mut all = Said::default();
        self.memories.clear();
        for (_, memory, said) in results {
            all.has_delivered |= said.has_delivered;
            all.has_sent_retry |= said.has_sent_retry;
            self.memories.push(memory);
        }
        Ok(all)
    }

    /// What was read is what the server of this connection has sent.
    fn check_bytes(&self, connection: &Connection) -> Result<(), Violation> {
        let head = connection.head();
        let number = head.header("X-Connection");
        let Some(number) = number.and_then(|text| text.parse::<usize>().ok()) else {
            return Ok(());
        };
        let served = self.served.get(&number);
        let served = served.filter(|served| served.bytes.starts_with(&connection.bytes));
        let detail = || format!("connection {number}");
        self.rule("no byte that was not sent", served.is_some(), detail)?;
        let has_end = served.is_some_and(|served| served.has_end);
        let is_true = !self.plan.has_tls || !connection.is_at_end() || has_end;
        self.rule("over TLS, a cut is not taken for an end", is_true, detail)
    }
}

const ORDER: &str = "the events are those that were sent, in order";
