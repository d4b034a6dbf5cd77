//! Follows an event source over TCP. `firmware::client` says what it prints and what it is told.
#![no_std]
#![no_main]

use embassy_net::Stack;
use embedded_sse::embassy::{TcpBuffers, TcpConnector};
use firmware::client::{self, Told};
use static_cell::ConstStaticCell;

#[cortex_m_rt::entry]
fn main() -> ! {
    let told = client::told();
    firmware::run(|spawner, stack| spawner.spawn(follow(stack, told).expect("it is spawned once")))
}

#[embassy_executor::task]
async fn follow(stack: Stack<'static>, told: Told) {
    static RESOURCES: ConstStaticCell<TcpBuffers<4096, 512>> =
        ConstStaticCell::new(TcpBuffers::new());

    let mut tcp = TcpConnector::new(stack, RESOURCES.take());
    client::follow(&told, &mut tcp).await;
}
