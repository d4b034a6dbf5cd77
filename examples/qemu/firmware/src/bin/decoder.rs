//! `socket` with the decoder behind it.
#![no_std]
#![no_main]

use embassy_net::Stack;
use embedded_sse::Decoder;
use firmware::footprint::{self, DATA, META, look_at};
use static_cell::ConstStaticCell;

#[cortex_m_rt::entry]
fn main() -> ! {
    let port = footprint::port();
    firmware::run(|spawner, stack| spawner.spawn(follow(stack, port).expect("it is spawned once")))
}

#[embassy_executor::task]
async fn follow(stack: Stack<'static>, port: u16) {
    static DECODER: ConstStaticCell<Decoder<DATA, META>> = ConstStaticCell::new(Decoder::new());

    let decoder = DECODER.take();
    let take = |mut bytes: &[u8]| {
        while let Some(item) = decoder.decode(&mut bytes) {
            look_at(item);
        }
    };
    footprint::follow(stack, port, take).await;
}
