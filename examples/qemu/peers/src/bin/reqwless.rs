//! reqwless over embassy-net, in place of `socket`.
#![no_std]
#![no_main]

use core::fmt::Write;

use embassy_net::Stack;
use embassy_net::dns::DnsSocket;
use embassy_net::tcp::client::{TcpClient, TcpClientState};
use embassy_time::{Duration, with_timeout};
use embedded_io_async::Read;
use firmware::footprint::{HOST, RX, TX, chunk, port, report};
use heapless::String;
use peers::{End, Events};
use reqwless::client::HttpClient;
use reqwless::request::{Method, RequestBuilder};
use static_cell::ConstStaticCell;

const LIMIT: Duration = Duration::from_secs(30);

#[cortex_m_rt::entry]
fn main() -> ! {
    let port = port();
    firmware::run(|spawner, stack| spawner.spawn(follow(stack, port).expect("it is spawned once")))
}

type Client<'a> = HttpClient<'a, TcpClient<'a, 1, TX, RX>, DnsSocket<'a>>;

#[embassy_executor::task]
async fn follow(stack: Stack<'static>, port: u16) {
    static STATE: ConstStaticCell<TcpClientState<1, TX, RX>> =
        ConstStaticCell::new(TcpClientState::new());
    static EVENTS: ConstStaticCell<Events> = ConstStaticCell::new(Events::new());
    static HEAD: ConstStaticCell<[u8; 1024]> = ConstStaticCell::new([0; 1024]);

    let mut url = String::<64>::new();
    let _fits = write!(url, "http://{HOST}:{port}/events");
    let mut tcp = TcpClient::new(stack, STATE.take());
    tcp.set_timeout(Some(Duration::from_secs(25)));
    let dns = DnsSocket::new(stack);
    let mut client = HttpClient::new(&tcp, &dns);
    let (events, head, chunk) = (EVENTS.take(), HEAD.take(), chunk());
    while !matches!(
        connection(&mut client, &url, events, head, chunk).await,
        Some(End::NoContent)
    ) {
        events.wait().await;
    }
    report()
}

async fn connection(
    client: &mut Client<'_>,
    url: &str,
    events: &mut Events,
    head: &mut [u8],
    chunk: &mut [u8],
) -> Option<End> {
    let mut id = String::<64>::new();
    let _fits = id.push_str(events.last_event_id());
    let headers = [
        ("Accept", "text/event-stream"),
        ("Last-Event-ID", id.as_str()),
    ];
    let headers = headers.get(..1 + usize::from(!id.is_empty()))?;
    let request = with_timeout(LIMIT, client.request(Method::GET, url));
    let mut request = request.await.ok()?.ok()?.headers(headers);
    let response = with_timeout(LIMIT, request.send(head)).await.ok()?.ok()?;
    match response.status.0 {
        200 => {}
        204 => return Some(End::NoContent),
        _ => return None,
    }
    let is_stream = response.headers().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type") && value.starts_with(b"text/event-stream")
    });
    if !is_stream {
        return None;
    }
    events.begin();
    let mut body = response.body().reader();
    while let Ok(Ok(len @ 1..)) = with_timeout(LIMIT, body.read(chunk)).await {
        events.take(chunk.get(..len)?);
    }
    Some(End::Lost)
}
