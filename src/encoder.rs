//! The other direction: events as a server writes them.

use core::fmt;
use core::iter;
use core::time::Duration;

use crate::bytes::{digits, split_at_any};
use crate::time::millis;

/// An event, or whatever else a server can say in a stream, before it is written. The default says
/// nothing.
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
    /// A comment, which applications do not see. Of several lines each is one.
    pub comment: Option<&'a str>,
    /// The reconnection time that is asked for, in whole milliseconds; what is beyond 64 bits of
    /// them is the most.
    pub retry: Option<Duration>,
    /// The event type. None and empty are `message`.
    pub event_type: Option<&'a str>,
    /// The event's ID; empty resets the last event ID.
    pub id: Option<&'a str>,
    /// The data. Without it there is no event, also if there is a type. Each line end in it, be it
    /// LF, CR or both, arrives as LF: the format has no other.
    pub data: Option<&'a str>,
}

impl<'a> Outgoing<'a> {
    /// An empty comment: it keeps proxies and the client's watchdog from taking a silent stream for
    /// a dead one.
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

    /// Checks that it can be said in a stream.
    ///
    /// # Errors
    /// A type or an ID that would end its own line, and an ID that a client would not take.
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

/// An [`Outgoing`] that is valid. It can be written to any [`fmt::Write`] with `write!`, and with
/// the feature `embedded-io-async` to any `embedded_io_async::Write`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Encoded<'a>(Outgoing<'a>);

impl<'a> Encoded<'a> {
    /// The text, in the pieces that it is made of: for any other kind of writer.
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

    /// Writes it, in small pieces and without a flush: put a buffer before it. The stream is broken
    /// if this fails or is dropped: close the connection.
    ///
    /// # Errors
    /// Those of the writer.
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

/// At least one, also of an empty text.
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

/// Why something cannot be said in an event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidOutgoing {
    /// The event type has a CR or LF.
    EventType,
    /// The ID has a CR, LF or NUL.
    Id,
}

impl fmt::Display for InvalidOutgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EventType => "an event type cannot have a CR or LF",
            Self::Id => "an event's ID cannot have a CR, LF or NUL",
        })
    }
}

impl core::error::Error for InvalidOutgoing {}
