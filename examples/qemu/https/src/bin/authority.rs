//! The whole client, as in `sse.rs` of the firmware, over TLS with a private authority.
#![no_std]
#![no_main]

use embassy_net::Stack;
use embedded_sse::embassy::{TcpBuffers, TcpConnector};
use embedded_sse::tls::{PrivateCa, Tls};
use firmware::footprint::{RX, TX, port};
use https::Memory;
use static_cell::ConstStaticCell;

#[cortex_m_rt::entry]
fn main() -> ! {
    let (port, root) = (port(), https::root());
    firmware::run(|spawner, stack| {
        spawner.spawn(follow(stack, port, root).expect("it is spawned once"));
    })
}

#[embassy_executor::task]
async fn follow(stack: Stack<'static>, port: u16, root: &'static [u8]) {
    static RESOURCES: ConstStaticCell<TcpBuffers<RX, TX>> = ConstStaticCell::new(TcpBuffers::new());
    static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

    let roots = [root];
    let trust = PrivateCa::new(&roots, https::now).expect("the host has made it");
    let tcp = TcpConnector::new(stack, RESOURCES.take());
    let mut tls = Tls::new(tcp, MEMORY.take(), trust, https::random());
    https::follow(&mut tls, port).await;
}
