//! Counts the instructions of a connection over TLS. It trusts a pinned key if it is told `pin=`, else
//! an authority.
#![no_std]
#![no_main]

use board::{argument, exit, status};
use embassy_net::Stack;
use embedded_sse::embassy::{TcpBuffers, TcpConnector};
use embedded_sse::tls::{PrivateCa, Tls};
use firmware::footprint::{RX, TX, port};
use https::counter::Counter;
use https::{Memory, is_pinned};
use static_cell::ConstStaticCell;

#[cortex_m_rt::entry]
fn main() -> ! {
    let counter = Counter::start();
    let port = port();
    let Some(events) = argument("events", |events| events?.parse().ok()) else {
        exit(status::ARGUMENTS)
    };
    firmware::run(|spawner, stack| {
        spawner.spawn(follow(stack, counter, port, events).expect("it is spawned once"));
    })
}

#[embassy_executor::task]
async fn follow(stack: Stack<'static>, counter: Counter, port: u16, events: u32) {
    static RESOURCES: ConstStaticCell<TcpBuffers<RX, TX>> = ConstStaticCell::new(TcpBuffers::new());
    static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

    let tcp = TcpConnector::new(stack, RESOURCES.take());
    let memory = MEMORY.take();
    if is_pinned() {
        let mut tls = Tls::new(tcp, memory, https::pins(), https::random());
        https::count(&counter, &mut tls, port, events).await;
    } else {
        let roots = [https::root()];
        let trust = PrivateCa::new(&roots, https::now).expect("the host has made it");
        let mut tls = Tls::new(tcp, memory, trust, https::random());
        https::count(&counter, &mut tls, port, events).await;
    }
}
