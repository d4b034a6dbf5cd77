//! Events that own their texts.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::event::Event;

/// An [`Event`] that owns its texts.
///
/// ```
/// use embedded_sse::Event;
/// use embedded_sse::stream::OwnedEvent;
///
/// fn on_event(event: OwnedEvent) {
///     match &*event.event_type {
///         "temperature" => println!("{} °C", event.data),
///         other => println!("unknown event {other}"),
///     }
/// }
///
/// // All fields are public, so you can create events to test your own code.
/// on_event(OwnedEvent::from(Event {
///     event_type: "temperature",
///     data: "21.5",
///     last_event_id: "",
/// }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnedEvent {
    /// The event type: the value of the last `event` field, or `"message"` if it is empty or
    /// missing. The common type `"message"` is not allocated.
    pub event_type: Cow<'static, str>,
    /// The values of all `data` fields, joined by LF. It may be empty: `data:` alone is an event.
    pub data: String,
    /// The last event ID at the time of dispatch: this event's own `id`, else that of an earlier
    /// event, else the ID that was set before, else empty. An empty ID is not allocated.
    pub last_event_id: String,
}

impl OwnedEvent {
    /// A view of the event, for functions that take an [`Event`].
    pub fn as_event(&self) -> Event<'_> {
        Event {
            event_type: &self.event_type,
            data: &self.data,
            last_event_id: &self.last_event_id,
        }
    }
}

impl From<Event<'_>> for OwnedEvent {
    #[inline]
    fn from(event: Event<'_>) -> Self {
        Self {
            event_type: owned_event_type(event.event_type),
            data: event.data.into(),
            last_event_id: event.last_event_id.into(),
        }
    }
}

/// An empty type is `"message"`.
#[inline]
pub(super) fn owned_event_type(event_type: &str) -> Cow<'static, str> {
    match event_type {
        "" | "message" => Cow::Borrowed("message"),
        event_type => Cow::Owned(event_type.into()),
    }
}
