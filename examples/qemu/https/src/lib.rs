//! What the firmwares share that follow an `https` source.
#![no_std]

pub mod counter;
mod told;

use core::ops::ControlFlow;
use core::pin::pin;
use core::time::Duration;

use board::{exit, peak_stack, put_number, repaint_stack};
use counter::Counter;
use embedded_sse::embassy::EmbassyTime;
use embedded_sse::io::{Connect, sse};
use embedded_sse::tls::{Now, TlsMemory};
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Scheme, Url};
use firmware::footprint::{DATA, HOST, META, chunk, look_at};
use static_cell::ConstStaticCell;

pub use told::{is_pinned, pins, random, root};

/// Enough for the records of every server.
pub type Memory = TlsMemory<16401>;

/// The board has no clock. This is a time in 2026.
pub fn now() -> Now {
    Now::AtLeast(1_796_000_000)
}

/// Follows the source at this port until it stops, and prints the peaks of the stack: in a handshake up to
/// the head of the response, and in a stream.
pub async fn follow(connect: &mut impl Connect, port: u16) {
    let Some(mut source) = source(port) else {
        return;
    };
    let (mut opening, mut stream) = (0, 0);
    let mut is_open = false;
    let stop = sse(connect, &EmbassyTime, &mut source, chunk(), async |item| {
        if let Item::Open(_) | Item::Lost(_) | Item::Stopped(_) = item {
            let peak = if is_open { &mut stream } else { &mut opening };
            *peak = peak_stack().max(*peak);
            repaint_stack();
            is_open = matches!(item, Item::Open(_));
        }
        look_at(item);
        ControlFlow::Continue(())
    });
    core::hint::black_box(stop.await);
    put_number("stream", stream);
    put_number("opening", opening);
    exit(0)
}

/// Follows the source at this port for so many events, over one connection. Prints the instructions until
/// the head of the response, and from then on.
pub async fn count(counter: &Counter, connect: &mut impl Connect, port: u16, events: u32) {
    let Some(mut source) = source(port) else {
        return;
    };
    let (mut left, mut opening) = (events, 0);
    let following = sse(connect, &EmbassyTime, &mut source, chunk(), async |item| {
        match item {
            Item::Open(_) => opening = counter.count(),
            Item::Event(_) => left -= 1,
            _ => {}
        }
        look_at(item);
        match left {
            0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    counter.run(pin!(following)).await;
    put_number("opening", opening as u32);
    put_number("stream", (counter.count() - opening) as u32);
    exit(0)
}

fn source(port: u16) -> Option<EventSource<'static, DATA, META>> {
    static DECODER: ConstStaticCell<Decoder<DATA, META>> = ConstStaticCell::new(Decoder::new());

    let url = Url::from_parts(Scheme::Https, HOST, Some(port), "/events");
    let policy = Policy {
        reconnection_time: Duration::from_millis(100),
        ..Policy::DEFAULT
    };
    EventSource::new(Request::get(url.ok()?), policy, 1, DECODER.take()).ok()
}
