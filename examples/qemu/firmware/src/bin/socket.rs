//! No client: what a firmware with a TCP socket takes, and the stack under it.
#![no_std]
#![no_main]

use core::hint::black_box;

use embassy_net::Stack;
use firmware::footprint::{connect, read, report, socket, write};

#[cortex_m_rt::entry]
fn main() -> ! {
    firmware::run(|spawner, stack| spawner.spawn(follow(stack).expect("it is spawned once")))
}

#[embassy_executor::task]
async fn follow(stack: Stack<'static>) {
    let mut socket = socket(stack);
    connect(stack, &mut socket).await;
    write(
        &mut socket,
        b"GET /events HTTP/1.1\r\nHost: 10.0.2.2\r\n\r\n",
    )
    .await;
    read(&mut socket, |bytes| {
        black_box(bytes);
    })
    .await;
    report()
}
