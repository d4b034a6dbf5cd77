//! Servers, and a network without sockets.

pub mod by_hand;
pub mod chain;
pub mod keys;
pub mod net;
pub mod openssl;
pub mod rustls_server;

use core::cell::Cell;

/// What a server does after the request. It returns whether the connection ends then.
pub type Answer = Box<dyn FnOnce(&mut rustls::ServerConnection) -> bool>;

/// A source of random numbers that are different in each call. A test needs no secret.
pub fn random() -> impl FnMut(&mut [u8; 32]) {
    thread_local!(static COUNTER: Cell<u64> = const { Cell::new(1) });
    |seed| {
        COUNTER.set(COUNTER.get() + 1);
        seed[..8].copy_from_slice(&COUNTER.get().to_be_bytes());
    }
}

/// Follows the source until the third loss or until `events` of them have come. Returns the data of
/// the events, and the causes of the losses.
pub async fn follow(
    connect: &mut impl embedded_sse::io::Connect,
    clock: &impl embedded_sse::io::Clock,
    url: &str,
    events: usize,
) -> (Vec<String>, Vec<embedded_sse::LossCause>) {
    use core::ops::ControlFlow::{Break, Continue};
    use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Url, io};

    let mut decoder: Decoder<40_000> = Decoder::new();
    let request = Request {
        headers: &[("Authorization", "Bearer secret")],
        ..Request::get(Url::parse(url).unwrap())
    };
    let policy = Policy {
        jitter_percent: 0,
        reconnection_time: core::time::Duration::from_millis(1),
        min_retry: core::time::Duration::ZERO,
        ..Policy::DEFAULT
    };
    let mut source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
    let (mut data, mut causes) = (Vec::new(), Vec::new());
    let mut chunk = [0; 512];
    io::sse(
        connect,
        clock,
        &mut source,
        &mut chunk,
        async |item: Item<'_>| {
            match item {
                Item::Event(event) => data.push(event.data.to_string()),
                Item::Lost(wait) => causes.push(wait.cause),
                Item::Stopped(stop) => panic!("stopped: {stop}"),
                _ => {}
            }
            match data.len() == events || causes.len() == 3 {
                true => Break(()),
                false => Continue(()),
            }
        },
    )
    .await;
    (data, causes)
}
