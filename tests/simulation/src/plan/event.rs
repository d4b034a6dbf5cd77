//! The events that the server publishes.

use super::Ms;
use crate::device::{DATA, META};
use crate::random::Random;

/// An event of the server's log. Its number is its place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    pub at: Ms,
    pub shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An ID and one line of data.
    Plain,
    /// An ID, a type, and several lines of data with characters of several bytes.
    Lines,
    /// The lines end in CR.
    Cr,
    /// No ID: the client resumes before it.
    NoId,
    /// An ID without data, which is no event.
    IdOnly,
    /// Data that do not fit in the client's memory.
    Long,
    /// A `retry` field before the event.
    Retry(u64),
    /// A comment before the event.
    Comment,
    /// An ID that cannot be sent in a header.
    ControlId,
    /// An ID with NUL, which is ignored: the client resumes before it.
    NulId,
    /// Data of this length, which is about what the client's memory takes.
    FullData(usize),
    /// A type of this length, likewise.
    FullType(usize),
}

/// What the server knows an event by.
pub fn id_of(number: usize) -> String {
    match number % 5 {
        // Several bytes in UTF-8.
        0 => format!("é{number}"),
        _ => format!("e{number}"),
    }
}

/// The number of the event with this ID.
pub fn number_of(id: &str) -> Option<usize> {
    let digits = id.trim_start_matches(['e', 'é']);
    let number = digits.parse().ok()?;
    (id_of(number) == id).then_some(number)
}

/// The number of the event with this data.
pub fn number_in(data: &str) -> Option<usize> {
    let number = data.lines().next()?.strip_prefix("n=")?;
    number.split(' ').next()?.parse().ok()
}

impl Shape {
    pub fn random(random: &mut Random) -> Self {
        match random.below(22) {
            0 | 1 => Self::Lines,
            2 => Self::Cr,
            3 => Self::NoId,
            4 => Self::IdOnly,
            5 => Self::Long,
            6 => Self::Retry(random.of(&[0, 100, 700, 2_000, 5_000, 20_000])),
            7 => Self::Comment,
            8 if random.percent(30) => Self::ControlId,
            8 => Self::NulId,
            9 => Self::FullData(random.between(DATA as u64 - 1, DATA as u64 + 1) as usize),
            10 => Self::FullType(random.between(META as u64 - 1, META as u64 + 1) as usize),
            _ => Self::Plain,
        }
    }

    pub fn is_event(self) -> bool {
        match self {
            Self::IdOnly | Self::Long => false,
            Self::FullData(len) => len <= DATA,
            Self::FullType(len) => len <= META,
            _ => true,
        }
    }

    /// The bytes of the event in a stream.
    pub fn text(self, number: usize) -> String {
        let id = id_of(number);
        match self {
            Self::Plain => format!("id: {id}\ndata: n={number}\n\n"),
            Self::Lines => {
                format!("event: größe\r\nid:{id}\r\ndata:n={number}\r\ndata\r\ndata:  ä🙂 \r\n\r\n")
            }
            Self::Cr => format!("data: n={number} cr\rid: {id}\r\r"),
            Self::NoId => format!("data: n={number}\n\n"),
            Self::IdOnly => format!("event: nothing\nid: {id}\n\n"),
            Self::Long => {
                let data = "x".repeat(400 + number * 37 % 900);
                format!("id: {id}\ndata: n={number} {data}\ndata: {data}\n\n")
            }
            Self::Retry(ms) => format!("retry: {ms}\nid: {id}\ndata: n={number}\n\n"),
            Self::Comment => {
                let comment = ".".repeat(number * 91 % 700);
                format!(":{comment}\ndata: n={number}\nid: {id}\n\n")
            }
            Self::NulId => format!("id: {id}\0\ndata: n={number}\n\n"),
            Self::FullData(len) => {
                let data = format!("n={number} ");
                format!("id: {id}\ndata: {data:x<len$}\n\n")
            }
            Self::FullType(len) => {
                format!("event: {:t<len$}\ndata: n={number}\nid: {id}\n\n", "")
            }
            Self::ControlId => format!("id: {id}\u{1}\ndata: n={number}\n\n"),
        }
    }
}
