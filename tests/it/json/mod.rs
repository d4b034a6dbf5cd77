//! `Event::json`. Run these tests with `--all-features`.

#![cfg(feature = "json")]

mod oracle;
mod skipped;
mod values;

use embedded_sse::{Event, InvalidJson};
use serde::Deserialize;

fn event(data: &str) -> Event<'_> {
    Event {
        event_type: "message",
        data,
        last_event_id: "",
    }
}

fn json_of<T: for<'a> Deserialize<'a>>(data: &str) -> Result<T, InvalidJson> {
    event(data).json()
}
