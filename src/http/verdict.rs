//! Judging a response.

use super::head::Head;

/// What to do with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Verdict {
    /// Its body is an event stream: read it.
    Open,
    /// It is a redirect: follow its `Location`.
    Follow,
    /// It is a temporary failure: connect again after a delay, as after a lost connection.
    Retry,
    /// It is final: stop.
    Stop,
}

impl Verdict {
    /// The verdict that [`Hooks::verdict`](crate::hooks::Hooks::verdict) is first given:
    ///
    /// * 200 with `Content-Type: text/event-stream`, whatever its parameters and case, and not
    ///   compressed: [`Open`](Self::Open);
    /// * 301, 302, 303, 307, 308: [`Follow`](Self::Follow);
    /// * 408, 421, 425, 429, and 5xx except 501, 505, 506, 510 and 511: [`Retry`](Self::Retry);
    /// * all others: [`Stop`](Self::Stop), as the standard requires.
    pub fn default_for(head: &Head<'_>) -> Self {
        match head.status() {
            200 if head.is_event_stream() && !head.is_compressed() => Self::Open,
            301 | 302 | 303 | 307 | 308 => Self::Follow,
            // What the server does not support, it will not support in a minute either.
            501 | 505 | 506 | 510 | 511 => Self::Stop,
            408 | 421 | 425 | 429 | 500..=599 => Self::Retry,
            _ => Self::Stop,
        }
    }
}
