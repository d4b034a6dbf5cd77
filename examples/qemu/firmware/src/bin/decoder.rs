//! `socket` with the decoder behind it.
#![no_std]
#![no_main]

use embassy_net::Stack;
use embedded_sse::Decoder;
use firmware::footprint::{DATA, META, connect, look_at, read, report, socket, write};
use static_cell::ConstStaticCell;

#[cortex_m_rt::entry]
fn main() -> ! {
    firmware::run(|spawner, stack| spawner.spawn(follow(stack).expect("it is spawned once")))
}

#[embassy_executor::task]
async fn follow(stack: Stack<'static>) {
    static DECODER: ConstStaticCell<Decoder<DATA, META>> = ConstStaticCell::new(Decoder::new());

    let decoder = DECODER.take();
    let mut socket = socket(stack);
    connect(stack, &mut socket).await;
    write(
        &mut socket,
        b"GET /events HTTP/1.1\r\nHost: 10.0.2.2\r\n\r\n",
    )
    .await;
    read(&mut socket, |mut bytes| {
        while let Some(item) = decoder.decode(&mut bytes) {
            look_at(item);
        }
    })
    .await;
    report()
}
