//! The decision about a response.

use super::head::Head;

/// What to do with a response. [`Hooks::verdict`](crate::hooks::Hooks::verdict) can change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Verdict {
    /// Read the body as an event stream.
    Open,
    /// Follow the redirect in `Location`.
    Follow,
    /// A temporary failure: connect again after a delay, as after a lost connection. If a hook
    /// returns this, the request is sent again even if it is not
    /// [`repeatable`](crate::Request::repeatable).
    Retry,
    /// A permanent failure: stop.
    Stop,
    /// Read the whole body and stop, because the response is not a stream but a document such as
    /// JSON. [`EventSource::response`](crate::EventSource::response) returns it.
    ///
    /// The head and the body must fit in `DATA`, together with the URL of a redirect and the headers
    /// of a [`Draft`](crate::Draft); otherwise the source stops with
    /// [`StopReason::BodyTooLong`](crate::StopReason::BodyTooLong). A body that is cut off is a
    /// lost connection. [`Policy::idle_timeout`](crate::Policy::idle_timeout) limits each silence.
    /// The response does not end an outage, so a limit on attempts goes on counting.
    Collect,
    /// Stop without reading the body, because the head says everything: for example a 202 that
    /// accepts a message.
    Finish,
}

impl Verdict {
    /// The default verdict for a request that may be sent again. In a hook, use the verdict that is
    /// passed to it: for other requests, that is `Stop` where this is `Retry`.
    ///
    /// * 200 with `Content-Type: text/event-stream`, ignoring parameters and case, and not
    ///   compressed: [`Open`](Self::Open).
    /// * 301, 302, 303, 307, 308: [`Follow`](Self::Follow).
    /// * 408, 421, 425, 429, and 5xx except 501, 505, 506, 510 and 511: [`Retry`](Self::Retry).
    /// * All others: [`Stop`](Self::Stop), as the standard requires.
    pub fn default_for(head: &Head<'_>) -> Self {
        match head.status() {
            200 if head.is_event_stream() && !head.is_compressed() => Self::Open,
            301 | 302 | 303 | 307 | 308 => Self::Follow,
            // The server does not support the request; a retry would not help.
            501 | 505 | 506 | 510 | 511 => Self::Stop,
            408 | 421 | 425 | 429 | 500..=599 => Self::Retry,
            _ => Self::Stop,
        }
    }
}
