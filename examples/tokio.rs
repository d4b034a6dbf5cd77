//! A `Stream` of owned events over tokio.

use std::ops::ControlFlow;
use std::time::Duration;

use embedded_io_adapters::tokio_1::FromTokio;
use embedded_sse::io::{Clock, Connect, sse};
use embedded_sse::{Decoder, EventSource, Item, Origin, Policy, Reconnect, Request, Url};
use futures_util::{Stream, StreamExt, stream::poll_fn};
use tokio::io::BufWriter;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

struct Event {
    event_type: String,
    data: String,
    last_event_id: String,
}

/// The events of a URL, until the source stops. Dropping the stream closes it.
fn events(url: String) -> impl Stream<Item = Event> {
    let (sender, mut receiver) = mpsc::channel(16);
    tokio::task::spawn_local(async move {
        let url = Url::parse(&url).expect("the URL is valid");
        let mut decoder: Decoder<16384> = Decoder::new();
        let policy = Policy {
            // Two or three of the server's heartbeats: else a dead link is never found.
            idle_timeout: Some(Duration::from_secs(100)),
            ..Policy::DEFAULT
        };
        let reconnect = Reconnect::new(policy, std::process::id());
        let mut source = EventSource::new(Request::get(url), reconnect, &mut decoder)
            .expect("there is no header that could be wrong");
        let on_item = async |item: Item<'_>| {
            let Item::Event(event) = item else {
                return ControlFlow::Continue(());
            };
            let event = Event {
                event_type: event.event_type.into(),
                data: event.data.into(),
                last_event_id: event.last_event_id.into(),
            };
            match sender.send(event).await {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        };
        let clock = Since(Instant::now());
        let stop = sse(&mut Tcp, &clock, &mut source, &mut [0; 4096], on_item).await;
        eprintln!("{}", stop.reason);
    });
    poll_fn(move |context| receiver.poll_recv(context))
}

struct Tcp;

/// With tokio-rustls, say `const TLS: bool = true`, and look at `origin.scheme`.
impl Connect for Tcp {
    type Error = std::io::Error;
    type Io<'c> = FromTokio<BufWriter<TcpStream>>;

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        _: Option<Duration>,
    ) -> Result<Self::Io<'_>, std::io::Error> {
        let tcp = TcpStream::connect((origin.host, origin.port)).await?;
        Ok(FromTokio::new(BufWriter::new(tcp)))
    }
}

struct Since(Instant);

impl Clock for Since {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep_until(&self, time: Duration) {
        sleep_until(self.0 + time).await;
    }
}

#[tokio::main(flavor = "local")]
async fn main() {
    let url = std::env::args().nth(1).expect("usage: tokio http://…");
    let mut events = std::pin::pin!(events(url));
    while let Some(event) = events.next().await {
        println!(
            "{} ({}): {}",
            event.event_type, event.last_event_id, event.data
        );
    }
}
