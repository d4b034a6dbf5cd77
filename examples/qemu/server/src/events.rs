//! The event stream: four events, and an end, behind which the client is to come back.

use core::convert::Infallible;
use core::time::Duration;

use embassy_time::Timer;
use embedded_sse::Outgoing;
use heapless::format;
use picoserve::extract::FromRequestParts;
use picoserve::io::Write;
use picoserve::request::RequestParts;
use picoserve::response::custom::CustomBody;

const EVENTS: usize = 4;

/// What a client is asked to wait before it comes back.
const RETRY: Duration = Duration::from_millis(200);

/// The events behind this one, which is 0 if there was none.
///
/// It is no `EventSource` of picoserve: that has no IDs and no retry.
pub struct Events {
    after: u32,
}

impl<State> FromRequestParts<'_, State> for Events {
    type Rejection = Infallible;

    async fn from_request_parts(_: &State, request: &RequestParts<'_>) -> Result<Self, Infallible> {
        let id = request.headers().get("Last-Event-ID");
        let after = id.and_then(|id| id.as_str().ok()?.parse().ok());
        Ok(Self {
            after: after.unwrap_or(0),
        })
    }
}

impl CustomBody for Events {
    async fn write_response_body<W: Write>(self, mut writer: W) -> Result<(), W::Error> {
        board::put_number("the events after", self.after);
        for (place, number) in (self.after.saturating_add(1)..=u32::MAX)
            .take(EVENTS)
            .enumerate()
        {
            let id = text(format!("{number}"));
            let (event_type, data) = if number.is_multiple_of(3) {
                let data = text(format!("event {number}\n\n  grüezi \"😀\""));
                (Some("lines"), data)
            } else {
                (None, text(format!("event {number}")))
            };
            let event = Outgoing {
                retry: (place == 0).then_some(RETRY),
                event_type,
                id: Some(&id),
                ..Outgoing::data(&data)
            };
            for outgoing in [event, Outgoing::HEARTBEAT] {
                let encoded = outgoing.encode().expect("no type or ID has a line end");
                encoded.write_to(&mut writer).await?;
                writer.flush().await?;
                Timer::after_millis(20).await;
            }
        }
        Ok(())
    }
}

fn text(formatted: Result<heapless::String<64>, core::fmt::Error>) -> heapless::String<64> {
    formatted.expect("it fits")
}
