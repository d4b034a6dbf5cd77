//! What the server does on a connection, and when.

use crate::plan::Ms;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    Send(Vec<u8>),
    /// Sends records of TLS.
    Records(Vec<u8>),
    /// Closes the sending side.
    Fin,
    /// The same, but not on purpose: over TLS, without a `close_notify`.
    Cut,
    /// Resets the connection.
    Rst,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed {
    pub at: Ms,
    pub deed: Deed,
}

impl Timed {
    pub const fn new(at: Ms, deed: Deed) -> Self {
        Self { at, deed }
    }

    pub fn send(at: Ms, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(at, Deed::Send(bytes.into()))
    }
}

/// All that the server does on one connection after it has got the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub deeds: Vec<Timed>,
    /// Whether a byte was changed. An event may be lost then, and even its ID wrong.
    pub is_damaged: bool,
}

/// Makes the times ascend: a late deed holds up those after it.
pub fn put_in_order(deeds: &mut [Timed]) {
    let mut latest = 0;
    for timed in deeds {
        latest = latest.max(timed.at);
        timed.at = latest;
    }
}
