//! The whole client, as in `sse.rs`, for a server that never redirects and whose refusals need no reading.
#![no_std]
#![no_main]

use core::ops::ControlFlow;
use core::time::Duration;

use embassy_net::Stack;
use embedded_sse::embassy::{EmbassyTime, TcpBuffers, TcpConnector};
use embedded_sse::hooks::Hooks;
use embedded_sse::io::sse;
use embedded_sse::{Decoder, EventSource, Policy, Request, Scheme, Url};
use firmware::footprint::{DATA, HOST, META, RX, TX, chunk, look_at, port, report};
use static_cell::ConstStaticCell;

struct Small;

impl Hooks for Small {
    fn follows_redirects(&self) -> bool {
        false
    }

    fn keeps_bodies(&self) -> bool {
        false
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let port = port();
    firmware::run(|spawner, stack| spawner.spawn(follow(stack, port).expect("it is spawned once")))
}

#[embassy_executor::task]
async fn follow(stack: Stack<'static>, port: u16) {
    static RESOURCES: ConstStaticCell<TcpBuffers<RX, TX>> = ConstStaticCell::new(TcpBuffers::new());
    static DECODER: ConstStaticCell<Decoder<DATA, META>> = ConstStaticCell::new(Decoder::new());

    let policy = Policy {
        reconnection_time: Duration::from_millis(100),
        ..Policy::DEFAULT
    };
    let Ok(url) = Url::from_parts(Scheme::Http, HOST, Some(port), "/events") else {
        return;
    };
    let Ok(source) = EventSource::new(Request::get(url), policy, 1, DECODER.take()) else {
        return;
    };
    let mut source = source.with_hooks(Small);
    let mut tcp = TcpConnector::new(stack, RESOURCES.take());
    let stop = sse(&mut tcp, &EmbassyTime, &mut source, chunk(), async |item| {
        look_at(item);
        ControlFlow::Continue(())
    });
    core::hint::black_box(stop.await);
    report()
}
