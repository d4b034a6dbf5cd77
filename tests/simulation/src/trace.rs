//! What happened, in order. The checker sees nothing else.

use std::fmt;
use std::time::Duration;

use embedded_sse::{Item, Stop, Wait};

use crate::checker::model;

#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    // ---- the device ----
    /// A new source begins, with what the flash has kept.
    Boot {
        id: String,
        reconnection_time: Option<Duration>,
    },
    PowerLost,
    /// The application has stored an ID in flash.
    Stored(String),
    /// The power was lost while this ID was written.
    Torn(String),
    /// The device did nothing until now.
    Slept,
    /// The device had no link until now, and knew it.
    Plugged,
    /// The client has allocated this many bytes.
    Allocated(usize),

    // ---- the connection, as the client sees it ----
    Dial(String),
    Dialled(bool),
    Wrote(Vec<u8>),
    /// Bytes were read, or nothing at the end of the stream.
    Read(Vec<u8>),
    /// A read or write failed.
    Failed,

    // ---- the server ----
    /// Everything that the server sends on the connection of this number.
    Served {
        connection: usize,
        bytes: Vec<u8>,
        is_damaged: bool,
        /// Whether the server ends the connection on purpose.
        has_end: bool,
    },
    /// How many connections the server has, if it can tell.
    Connections(usize),

    // ---- the application ----
    /// The hooks were told of an item: a loss, a stop, or another one.
    Heard {
        is_end: bool,
    },
    Told(Told),
    /// The application takes this long over the item.
    Busy(Duration),
    /// The application drops the future.
    Dropped,
    /// The application closes the source.
    Broke,
    Restarted,
}

/// What the application was told.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Open(u16),
    Item(model::Item),
    Lost(Wait),
    Stopped(Stop),
}

impl Told {
    /// `to_world` converts a time of the device's clock.
    pub fn new(item: Item<'_>, to_world: impl Fn(Duration) -> Duration) -> Self {
        match item {
            Item::Open(head) => Self::Open(head.status()),
            Item::Lost(mut wait) => {
                wait.until = to_world(wait.until);
                Self::Lost(wait)
            }
            Item::Stopped(stop) => Self::Stopped(stop),
            other => Self::Item(other.into()),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace(pub Vec<(Duration, Entry)>);

impl Trace {
    /// Joins reads and writes at the same time.
    pub fn push(&mut self, at: Duration, entry: Entry) {
        match (self.0.last_mut(), &entry) {
            (Some((last, Entry::Read(bytes))), Entry::Read(more))
            | (Some((last, Entry::Wrote(bytes))), Entry::Wrote(more))
                if *last == at && !bytes.is_empty() && !more.is_empty() =>
            {
                bytes.extend(more);
            }
            _ => self.0.push((at, entry)),
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, entry) in &self.0 {
            write!(f, "{:10.3} ", at.as_secs_f64())?;
            match entry {
                Entry::Wrote(bytes) => writeln!(f, "Wrote \"{}\"", bytes.escape_ascii())?,
                Entry::Read(bytes) => writeln!(f, "Read \"{}\"", bytes.escape_ascii())?,
                Entry::Served {
                    connection, bytes, ..
                } => {
                    let len = bytes.len();
                    writeln!(f, "Served {len} bytes on connection {connection}")?;
                }
                Entry::Told(told) => writeln!(f, "{told:?}")?,
                other => writeln!(f, "{other:?}")?,
            }
        }
        Ok(())
    }
}
