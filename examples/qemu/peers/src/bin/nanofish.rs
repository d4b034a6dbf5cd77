//! nanofish over embassy-net, in place of `socket`.
#![no_std]
#![no_main]

use core::fmt::Write;

use embassy_net::Stack;
use firmware::footprint::{HOST, RX, TX, port, report};
use heapless::String;
use nanofish::client::BodySink;
use nanofish::{
    EmbassyHttpClient, Error, HttpClientOptions, HttpHeader, HttpMethod, HttpResponse,
    TimeoutDuration,
};
use peers::{End, Events};
use static_cell::ConstStaticCell;

#[cortex_m_rt::entry]
fn main() -> ! {
    let port = port();
    firmware::run(|spawner, stack| spawner.spawn(follow(stack, port).expect("it is spawned once")))
}

type Client<'a> = EmbassyHttpClient<'a, RX, TX, 0, 0, 512>;

#[embassy_executor::task]
async fn follow(stack: Stack<'static>, port: u16) {
    static EVENTS: ConstStaticCell<Events> = ConstStaticCell::new(Events::new());
    static HEAD: ConstStaticCell<[u8; 1024]> = ConstStaticCell::new([0; 1024]);

    let mut url = String::<64>::new();
    let _fits = write!(url, "http://{HOST}:{port}/events");
    let options = HttpClientOptions {
        // It counts all attempts to read, not only repeated ones.
        max_retries: 1,
        socket_timeout: TimeoutDuration::from_secs(30),
        ..HttpClientOptions::default()
    };
    let client = Client::with_options(&stack, options);
    let (events, head) = (EVENTS.take(), HEAD.take());
    while !matches!(
        connection(&client, &url, events, head).await,
        End::NoContent
    ) {
        events.wait().await;
    }
    report()
}

async fn connection(client: &Client<'_>, url: &str, events: &mut Events, head: &mut [u8]) -> End {
    let mut id = String::<64>::new();
    let _fits = id.push_str(events.last_event_id());
    let headers = [
        HttpHeader::new("Accept", "text/event-stream"),
        HttpHeader::new("Last-Event-ID", &id),
    ];
    let headers = headers
        .get(..1 + usize::from(!id.is_empty()))
        .unwrap_or_default();
    let mut sink = Sink { events, status: 0 };
    let _ended = client
        .request_streaming(HttpMethod::GET, url, headers, None, head, &mut sink)
        .await;
    if sink.status == 204 {
        End::NoContent
    } else {
        End::Lost
    }
}

struct Sink<'a> {
    events: &'a mut Events,
    status: u16,
}

impl BodySink for Sink<'_> {
    async fn head(&mut self, response: &HttpResponse<'_>) -> Result<(), Error> {
        self.status = response.status_code.as_u16();
        let is_stream = response.headers.iter().any(|header| {
            header.name.eq_ignore_ascii_case("content-type")
                && header.value.starts_with("text/event-stream")
        });
        if self.status != 200 || !is_stream {
            return Err(Error::InvalidResponse("no event stream"));
        }
        self.events.begin();
        Ok(())
    }

    async fn chunk(&mut self, data: &[u8]) -> Result<(), Error> {
        self.events.take(data);
        Ok(())
    }
}
