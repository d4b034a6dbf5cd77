//! What the parts of a client take of RAM beside their capacities.
#![no_std]
#![no_main]

use core::mem::size_of_val;
use core::ops::ControlFlow;

use board::{exit, put_number};
use embassy_net::Stack;
use embedded_sse::embassy::{EmbassyTime, TcpBuffers, TcpConnector};
use embedded_sse::io::sse;
use embedded_sse::{Decoder, EventSource, Policy, Request, Url};
use firmware::footprint::{DATA, META, RX, TX, chunk};
use static_cell::ConstStaticCell;

#[cortex_m_rt::entry]
fn main() -> ! {
    firmware::run(|_, stack| measure(stack))
}

fn measure(stack: Stack<'static>) -> ! {
    static RESOURCES: ConstStaticCell<TcpBuffers<RX, TX>> = ConstStaticCell::new(TcpBuffers::new());
    static DECODER: ConstStaticCell<Decoder<DATA, META>> = ConstStaticCell::new(Decoder::new());

    let decoder = DECODER.take();
    put_number("Decoder", (size_of_val(decoder) - DATA - 4 * META) as u32);
    let url = Url::parse("http://10.0.2.2/").expect("it is one");
    let source = EventSource::new(Request::get(url), Policy::DEFAULT, 1, decoder);
    let mut source = source.expect("it is a request");
    put_number("EventSource", size_of_val(&source) as u32);
    let mut tcp = TcpConnector::new(stack, RESOURCES.take());
    put_number("Tcp", size_of_val(&tcp) as u32);
    let following = sse(&mut tcp, &EmbassyTime, &mut source, chunk(), async |_| {
        ControlFlow::Continue(())
    });
    put_number("sse()", size_of_val(&following) as u32);
    exit(0)
}
