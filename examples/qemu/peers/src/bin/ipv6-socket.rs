//! The firmware `socket` with IPv6, which nanofish turns on in embassy-net: what `nanofish` is compared with.
#![no_std]
#![no_main]

use core::hint::black_box;

use embassy_net::Stack;
use firmware::footprint;

#[cortex_m_rt::entry]
fn main() -> ! {
    let port = footprint::port();
    firmware::run(|spawner, stack| spawner.spawn(follow(stack, port).expect("it is spawned once")))
}

#[embassy_executor::task]
async fn follow(stack: Stack<'static>, port: u16) {
    let take = |bytes: &[u8]| {
        black_box(bytes);
    };
    footprint::follow(stack, port, take).await;
}
