//! The server side: encoding events.

use core::fmt;
use core::iter;
use core::time::Duration;

use crate::bytes::{digits, split_at_any};
use crate::time::millis;

/// An event to send, for servers. All parts are optional.
///
/// ```
/// use embedded_sse::Outgoing;
///
/// let event = Outgoing {
///     event_type: Some("temperature"),
///     id: Some("17"),
///     ..Outgoing::data("21.5\n22.0")
/// };
/// let text = event.encode()?.to_string();
/// assert_eq!(text, "event: temperature\nid: 17\ndata: 21.5\ndata: 22.0\n\n");
/// # Ok::<(), embedded_sse::InvalidOutgoing>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Outgoing<'a> {
    /// A comment, which clients ignore. Each line of the text becomes one comment line.
    pub comment: Option<&'a str>,
    /// The reconnection time to request, in whole milliseconds. It saturates at `u64::MAX`
    /// milliseconds.
    pub retry: Option<Duration>,
    /// The event type. `None` and an empty type mean `message`.
    pub event_type: Option<&'a str>,
    /// The event's ID. An empty ID resets the client's last event ID.
    pub id: Option<&'a str>,
    /// The data. Without data the client dispatches no event, even if there is a type. Line ends of
    /// any kind (LF, CR or CR LF) arrive as LF: the format has no other.
    pub data: Option<&'a str>,
}

impl<'a> Outgoing<'a> {
    /// An empty comment. Send it every 15 seconds or so, or proxies and idle timeouts close a
    /// silent stream.
    pub const HEARTBEAT: Self = Self {
        comment: Some(""),
        ..Self::EMPTY
    };

    const EMPTY: Self = Self {
        comment: None,
        retry: None,
        event_type: None,
        id: None,
        data: None,
    };

    /// An event with only data.
    pub const fn data(data: &'a str) -> Self {
        Self {
            data: Some(data),
            ..Self::EMPTY
        }
    }

    /// Validates the event, so that it can be written.
    ///
    /// # Errors
    /// Fails if the event type contains CR or LF, or the ID contains CR, LF or NUL.
    pub fn encode(self) -> Result<Encoded<'a>, InvalidOutgoing> {
        let breaks = |text: &str| text.bytes().any(|byte| matches!(byte, b'\r' | b'\n'));
        if self.event_type.is_some_and(breaks) {
            return Err(InvalidOutgoing::EventType);
        }
        if self
            .id
            .is_some_and(|id| breaks(id) || id.bytes().any(|byte| byte == 0))
        {
            return Err(InvalidOutgoing::Id);
        }
        Ok(Encoded(self))
    }
}

/// A validated [`Outgoing`], ready to be written.
///
/// Write it to a [`fmt::Write`] with `write!`, to an `embedded_io_async::Write` with `write_to`
/// (feature `embedded-io-async`), or to any other writer [piece by piece](Self::pieces).
///
/// ```
/// use embedded_sse::Outgoing;
/// use std::io::Write;
///
/// let mut tcp = Vec::new(); // your connection
/// let event = Outgoing::data("21.5").encode()?;
/// write!(tcp, "{event}").unwrap();
/// write!(tcp, "{}", Outgoing::HEARTBEAT.encode()?).unwrap();
/// assert_eq!(tcp, b"data: 21.5\n\n:\n\n");
/// # Ok::<(), embedded_sse::InvalidOutgoing>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Encoded<'a>(Outgoing<'a>);

impl<'a> Encoded<'a> {
    /// The encoded text as a sequence of short pieces, for any kind of writer.
    pub fn pieces(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let Outgoing {
            comment,
            retry,
            event_type,
            id,
            data,
        } = self.0;
        let each_line = |name: &'a str, value: Option<&'a str>| {
            let lines = value.into_iter().flat_map(lines);
            lines.flat_map(move |line| [name, line, "\n"])
        };
        let ms = retry.map(millis);
        let retry = ms.into_iter().flat_map(|ms| {
            let digits = digits(ms).map(|digit| -> &'a str { digit });
            iter::once("retry: ").chain(digits).chain(iter::once("\n"))
        });
        each_line(":", comment)
            .chain(retry)
            .chain(each_line("event: ", event_type))
            .chain(each_line("id: ", id))
            .chain(each_line("data: ", data))
            .chain(iter::once("\n"))
    }

    /// Writes the event in short pieces, without a flush. Put a buffer in front of the connection.
    ///
    /// If this fails or its future is dropped, a part of the event may have been sent: close the
    /// connection.
    ///
    /// # Errors
    /// Returns the error of the writer.
    #[cfg(feature = "embedded-io-async")]
    pub async fn write_to<W: embedded_io_async::Write>(&self, out: &mut W) -> Result<(), W::Error> {
        for piece in self.pieces() {
            out.write_all(piece.as_bytes()).await?;
        }
        Ok(())
    }
}

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().try_for_each(|piece| f.write_str(piece))
    }
}

/// The lines of a text. An empty text has one line.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    iter::from_fn(move || {
        let (line, end) = split_at_any(rest?, b"\r\n");
        rest = end
            .strip_prefix("\r\n")
            .or_else(|| end.strip_prefix(['\r', '\n']));
        Some(line)
    })
}

/// The error of [`Outgoing::encode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidOutgoing {
    /// The event type contains CR or LF.
    EventType,
    /// The ID contains CR, LF or NUL.
    Id,
}

impl fmt::Display for InvalidOutgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EventType => "an event type cannot contain CR or LF",
            Self::Id => "an event's ID cannot contain CR, LF or NUL",
        })
    }
}

impl core::error::Error for InvalidOutgoing {}
