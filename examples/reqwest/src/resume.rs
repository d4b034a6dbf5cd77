//! Follows an event stream with reqwest. After a loss, it connects again with back-off and resumes
//! after the last event.

mod text;

use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use embedded_sse::stream::{EventStream, OwnedEvent, StreamError};
use embedded_sse::{Loss, Policy, Reconnect};
use futures_util::{Stream, StreamExt};
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, TRANSFER_ENCODING};
use reqwest::{Client, Response, Version};
use text::with_sources;
use tokio::time::{sleep, timeout};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Many servers send the response's head together with the first event.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(300);

/// Follows `url` until the server asks the client to stop.
///
/// # Errors
/// Fails if there is no point in trying again.
async fn follow(url: &str, idle: Duration, on_event: impl Fn(OwnedEvent)) -> Result<(), String> {
    let client = Client::builder().connect_timeout(CONNECT_TIMEOUT).build();
    let client = client.map_err(|error| with_sources(&error))?;
    let start = Instant::now();
    // A random seed, so that many clients do not all reconnect at the same moment.
    let seed = RandomState::new().hash_one(()) as u32;
    let mut reconnect = Reconnect::new(Policy::DEFAULT, seed);
    let mut events = EventStream::new().with_idle_timeout(idle, sleep);
    loop {
        reconnect.connecting(start.elapsed());
        let (loss, retry_after, cause) = match open(&client, url, events.last_event_id()).await {
            Opened::Stream(response) => {
                reconnect.opened(start.elapsed());
                let at_end = loss_at_end(&response);
                events.new_stream(response.bytes_stream());
                let (loss, cause) = read(&mut events, &mut reconnect, at_end, &on_event).await;
                events.end(); // Closes the connection before the wait.
                (loss, None, cause)
            }
            Opened::Retry { after, cause } => (Loss::Cut, after, cause),
            Opened::NoContent => return Ok(()),
            Opened::Stop(cause) => return Err(cause),
        };
        let Some(delay) = reconnect.lost(loss, retry_after, start.elapsed()) else {
            return Err(cause);
        };
        eprintln!("{cause}; next attempt in {} ms", delay.as_millis());
        sleep(delay).await;
    }
}

/// Reads one connection to its end. Returns how it was lost, and why.
async fn read<B: AsRef<[u8]>>(
    events: &mut EventStream<impl Stream<Item = reqwest::Result<B>>>,
    reconnect: &mut Reconnect,
    at_end: Loss,
    on_event: impl Fn(OwnedEvent),
) -> (Loss, String) {
    let old_id = events.last_event_id().to_owned();
    let lost = loop {
        match events.next().await {
            Some(Ok(event)) => {
                reconnect.delivered();
                on_event(event);
            }
            // Only this event is lost.
            Some(Err(error @ StreamError::TooLong(_))) => eprintln!("{error}"),
            // The connection failed, or is silent and probably dead.
            Some(Err(error)) => break (Loss::Cut, with_sources(&error)),
            None => break (at_end, "the stream ended".to_owned()),
        }
    };
    if events.last_event_id() != old_id {
        // An ID without an event is progress, too.
        reconnect.delivered();
    }
    if let Some(time) = events.take_retry() {
        reconnect.set_reconnection_time(time);
    }
    lost
}

/// What came of a request.
enum Opened {
    Stream(Response),
    /// The server asks the client not to come back.
    NoContent,
    Retry {
        after: Option<Duration>,
        cause: String,
    },
    Stop(String),
}

/// Sends the request, and judges the status by the rules of `Verdict::default_for`.
async fn open(client: &Client, url: &str, last_event_id: &str) -> Opened {
    let mut request = client.get(url).header(ACCEPT, "text/event-stream");
    if !last_event_id.is_empty() {
        request = request.header("Last-Event-ID", last_event_id);
    }
    let response = match timeout(RESPONSE_TIMEOUT, request.send()).await {
        Ok(Ok(response)) => response,
        // Not a URL, or an ID that is not a header value.
        Ok(Err(error)) if error.is_builder() => {
            return Opened::Stop(with_sources(&error.without_url()));
        }
        Ok(Err(error)) => {
            return Opened::Retry {
                after: None,
                cause: with_sources(&error.without_url()),
            };
        }
        Err(_) => {
            return Opened::Retry {
                after: None,
                cause: "no response".to_owned(),
            };
        }
    };
    let header = |name| response.headers().get(name)?.to_str().ok();
    match response.status().as_u16() {
        200 if header(CONTENT_TYPE).is_some_and(is_event_stream) => Opened::Stream(response),
        200 => Opened::Stop("the response is not text/event-stream".to_owned()),
        204 => Opened::NoContent,
        status @ (501 | 505 | 506 | 510 | 511) => Opened::Stop(format!("status {status}")),
        status @ (408 | 421 | 425 | 429 | 500..=599) => Opened::Retry {
            after: header(RETRY_AFTER)
                .and_then(|seconds| seconds.parse().ok())
                .map(Duration::from_secs),
            cause: format!("status {status}"),
        },
        status => Opened::Stop(format!("status {status}")),
    }
}

fn is_event_stream(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("text/event-stream")
}

/// What the end of the body means. Without a length or chunks, a server that crashes looks like one
/// that has sent everything.
fn loss_at_end(response: &Response) -> Loss {
    let headers = response.headers();
    let has_end = response.version() >= Version::HTTP_2
        || headers.contains_key(CONTENT_LENGTH)
        || headers.contains_key(TRANSFER_ENCODING);
    if has_end { Loss::End } else { Loss::Close }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (url, idle) = match &arguments[..] {
        [url] => (url, Some(100)),
        [url, idle] => (url, idle.parse().ok()),
        _ => (&String::new(), None),
    };
    let Some(idle) = idle else {
        eprintln!(
            "usage: resume URL [SECONDS]\n\n\
             Prints the events of URL, which is http:// or https://, and connects again after each\n\
             loss. A connection without a byte for SECONDS is lost, too (default: 100). Choose two or\n\
             three times the interval of the server's heartbeat."
        );
        return ExitCode::from(2);
    };
    let on_event = |event: OwnedEvent| println!("{:?}: {:?}", event.event_type, event.data);
    match follow(url, Duration::from_secs(idle), on_event).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("{cause}");
            ExitCode::FAILURE
        }
    }
}
