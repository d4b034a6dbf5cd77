//! The whole client, as in `sse.rs` of the firmware, over TLS with a pinned key.
#![no_std]
#![no_main]

use embassy_net::Stack;
use embedded_sse::embassy::{TcpBuffers, TcpConnector};
use embedded_sse::tls::{PinnedKeys, Tls};
use firmware::footprint::{RX, TX, port};
use https::Memory;
use static_cell::ConstStaticCell;

#[cortex_m_rt::entry]
fn main() -> ! {
    let (port, pins) = (port(), https::pins());
    firmware::run(|spawner, stack| {
        spawner.spawn(follow(stack, port, pins).expect("it is spawned once"));
    })
}

#[embassy_executor::task]
async fn follow(stack: Stack<'static>, port: u16, pins: PinnedKeys) {
    static RESOURCES: ConstStaticCell<TcpBuffers<RX, TX>> = ConstStaticCell::new(TcpBuffers::new());
    static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

    let tcp = TcpConnector::new(stack, RESOURCES.take());
    let mut tls = Tls::new(tcp, MEMORY.take(), pins, https::random());
    https::follow(&mut tls, port).await;
}
