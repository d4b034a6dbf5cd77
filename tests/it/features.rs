//! Features that only derive traits. Run these tests with `--all-features`.

#![cfg(all(feature = "defmt", feature = "embassy-net", feature = "serde"))]

use embedded_sse::io::NoSession;
use embedded_sse::{
    Event, Head, InvalidChunk, InvalidDraft, InvalidHead, InvalidId, InvalidRedirect,
    InvalidRequest, InvalidUrl, Item, Loss, LossCause, Origin, Policy, Reconnect, Request, Scheme,
    Step, Stop, StopReason, TooLong, Url, Verdict, Wait,
};

#[test]
fn an_event_can_be_serialized_by_serde() {
    let event = Event {
        event_type: "message",
        data: "a\nb",
        last_event_id: "1",
    };
    let json = r#"{"event_type":"message","data":"a\nb","last_event_id":"1"}"#;
    assert_eq!(serde_json::to_string(&event).unwrap(), json);
}

/// The test is that this compiles.
fn can_be_formatted<T: defmt::Format>() {}

#[test]
fn public_types_can_be_formatted_by_defmt() {
    can_be_formatted::<(Event<'_>, Item<'_>, TooLong, Head<'_>)>();
    can_be_formatted::<(Step<'_>, Wait, Stop, LossCause, StopReason, NoSession)>();
    can_be_formatted::<(Scheme, Origin<'_>, Url<'_>, Request<'_>, Verdict)>();
    can_be_formatted::<(Policy, Loss, Reconnect)>();
    can_be_formatted::<(InvalidId, InvalidUrl, InvalidRequest, InvalidDraft)>();
    can_be_formatted::<(InvalidHead, InvalidChunk, InvalidRedirect)>();
    can_be_formatted::<embedded_sse::embassy::CannotConnect>();
}
