//! What the server does on a connection, and when.

use crate::plan::Ms;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    Send(Vec<u8>),
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
    pub fn send(at: Ms, bytes: impl Into<Vec<u8>>) -> Self {
        let deed = Deed::Send(bytes.into());
        Self { at, deed }
    }

    pub fn fin(at: Ms) -> Self {
        let deed = Deed::Fin;
        Self { at, deed }
    }

    pub fn cut(at: Ms) -> Self {
        let deed = Deed::Cut;
        Self { at, deed }
    }

    pub fn rst(at: Ms) -> Self {
        let deed = Deed::Rst;
        Self { at, deed }
    }
}

/// All that the server does on one connection after it has got the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub deeds: Vec<Timed>,
    /// Whether a byte was changed. An event may be lost then, and even its ID wrong.
    pub is_damaged: bool,
    /// The faults that had an effect.
    pub fired: Vec<usize>,
}

impl Answer {
    /// Makes the times ascend: a late deed holds up those after it.
    pub fn in_order(mut self) -> Self {
        let mut latest = 0;
        for timed in &mut self.deeds {
            latest = latest.max(timed.at);
            timed.at = latest;
        }
        self
    }
}
