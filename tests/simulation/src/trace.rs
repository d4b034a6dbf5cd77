//! What happened, in order. The checker sees nothing else.

use std::fmt;
use std::time::Duration;

use embedded_sse::{Item, LossCause, StopReason};

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

    // ---- the connection, as the client sees it ----
    Dial(String),
    Dialled(bool),
    Wrote(Vec<u8>),
    /// Bytes were read, or nothing at the end of the stream.
    Read(Vec<u8>),
    /// A read or write failed.
    Failed,
    Closed,

    // ---- the server ----
    /// Everything that the server sends on the connection of this number.
    Served {
        connection: usize,
        bytes: Vec<u8>,
        is_damaged: bool,
        /// Whether the server ends the connection on purpose.
        has_end: bool,
    },

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
    Lost {
        cause: LossCause,
        delay: Duration,
        /// A time of the world, not of the device.
        until: Duration,
        failures: u32,
    },
    Stopped {
        reason: StopReason,
        cause: Option<LossCause>,
    },
}

impl Told {
    /// `to_world` converts a time of the device's clock.
    pub fn new(item: Item<'_>, to_world: impl Fn(Duration) -> Duration) -> Self {
        match item {
            Item::Open(head) => Self::Open(head.status()),
            Item::Lost(wait) => Self::Lost {
                cause: wait.cause,
                delay: wait.delay,
                until: to_world(wait.until),
                failures: wait.failures,
            },
            Item::Stopped(stop) => Self::Stopped {
                reason: stop.reason,
                cause: stop.cause,
            },
            other => Self::Item(other.into()),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace(pub Vec<(Duration, Entry)>);

/// One line for each entry. Reads and writes at the same time are joined.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut entries = self.0.iter().peekable();
        while let Some((at, entry)) = entries.next() {
            let seconds = at.as_secs_f64();
            write!(f, "{seconds:10.3} ")?;
            match entry {
                Entry::Wrote(bytes) => {
                    write!(f, "Wrote \"{}", bytes.escape_ascii())?;
                    while let Some((_, Entry::Wrote(bytes))) = entries
                        .next_if(|(next, entry)| next == at && matches!(entry, Entry::Wrote(_)))
                    {
                        write!(f, "{}", bytes.escape_ascii())?;
                    }
                    writeln!(f, "\"")?;
                }
                Entry::Read(bytes) if !bytes.is_empty() => {
                    write!(f, "Read \"{}", bytes.escape_ascii())?;
                    while let Some((_, Entry::Read(bytes))) = entries.next_if(|(next, entry)| {
                        next == at && matches!(entry, Entry::Read(bytes) if !bytes.is_empty())
                    }) {
                        write!(f, "{}", bytes.escape_ascii())?;
                    }
                    writeln!(f, "\"")?;
                }
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
