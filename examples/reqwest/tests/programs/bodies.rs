//! The bodies that a user of another HTTP client has.

use embedded_sse::stream::ByteStreamExt;
use futures_util::{FutureExt, StreamExt};
use http_body_util::{BodyExt, Full};

const TEXT: &str = "data: a\n\n";

#[test]
fn an_http_body_gives_events() {
    let mut events = Full::new(TEXT.as_bytes()).into_data_stream().event_stream();
    let event = events.next().now_or_never().unwrap().unwrap().unwrap();
    assert_eq!(event.data, "a");
}

#[test]
fn a_response_of_reqwest_gives_events_in_a_task_of_its_own() {
    let response: reqwest::Response = http::Response::new(TEXT).into();
    let events = response.bytes_stream().event_stream();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    // `spawn` accepts futures that are `Send`.
    let task = runtime.spawn(events.map(|event| event.unwrap().data).collect::<Vec<_>>());
    assert_eq!(runtime.block_on(task).unwrap(), ["a"]);
}
