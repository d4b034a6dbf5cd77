//! A `Stream` of owned events over tokio, whose event source runs on any thread of the runtime.

use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use embedded_sse::io::sse;
use embedded_sse::tokio_net::{TcpConnector, TokioTime};
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, StopReason, Url};
use futures_util::{Stream, StreamExt, stream::poll_fn};
use tokio::sync::mpsc::{Sender, channel};

struct Event {
    event_type: String,
    data: String,
    last_event_id: String,
}

/// The events of a URL, until the server asks the client not to reconnect. If the source stops for
/// another reason, the last item is that reason. Dropping the stream closes the source.
fn events(url: String) -> impl Stream<Item = Result<Event, String>> {
    let (sender, mut receiver) = channel(16);
    tokio::spawn(async move {
        if let Err(error) = follow(url, sender.clone()).await {
            // The receiver may have been dropped.
            let _ = sender.send(Err(error)).await;
        }
    });
    poll_fn(move |context| receiver.poll_recv(context))
}

async fn follow(url: String, sender: Sender<Result<Event, String>>) -> Result<(), String> {
    let mut decoder: Decoder<16384> = Decoder::new();
    let policy = Policy {
        // Two or three times the interval of the server's heartbeat. Without it, a silent server is
        // never given up.
        idle_timeout: Some(Duration::from_secs(100)),
        ..Policy::DEFAULT
    };
    // A random seed, so that many clients do not all reconnect at the same moment.
    let seed = RandomState::new().hash_one(()) as u32;
    let url = Url::parse(&url).map_err(|invalid| invalid.to_string())?;
    let mut source = EventSource::new(Request::get(url), policy, seed, &mut decoder)
        .map_err(|invalid| invalid.to_string())?;
    // The closure owns what it uses and contains no `dyn` trait. Otherwise the compiler could not prove
    // that the future is `Send`.
    let on_item = async move |item: Item<'_>| {
        let event = match item {
            Item::Event(event) => Event {
                event_type: event.event_type.into(),
                data: event.data.into(),
                last_event_id: event.last_event_id.into(),
            },
            Item::Lost(wait) => {
                eprintln!("lost: {}; next attempt in {:?}", wait.cause, wait.delay);
                return ControlFlow::Continue(());
            }
            Item::TooLong(part) => {
                eprintln!("left out: {part}");
                return ControlFlow::Continue(());
            }
            _ => return ControlFlow::Continue(()),
        };
        match sender.send(Ok(event)).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    };
    let mut tcp = TcpConnector::new();
    tcp.set_on_error(|origin, error| eprintln!("{origin}: {error}"));
    let clock = TokioTime::new();
    let stop = sse(&mut tcp, &clock, &mut source, &mut [0; 4096], on_item).await;
    match stop.reason {
        StopReason::NoContent | StopReason::Closed => Ok(()),
        _ => Err(stop.to_string()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let (Some(url), None) = (args.next(), args.next()) else {
        eprintln!("usage: tokio http://…");
        return ExitCode::from(2);
    };
    let url = url.to_string_lossy().into_owned();
    let mut events = std::pin::pin!(events(url));
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => println!(
                "{} ({}): {}",
                event.event_type, event.last_event_id, event.data
            ),
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("the server asks not to come back");
    ExitCode::SUCCESS
}
