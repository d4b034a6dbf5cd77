//! The whole client, as in `sse.rs`, with hooks: it renews a token, judges responses, and counts.
#![no_std]
#![no_main]

use core::cell::Cell;
use core::ops::ControlFlow;
use core::time::Duration;

use embassy_net::Stack;
use embedded_sse::embassy::{EmbassyTime, TcpBuffers, TcpConnector};
use embedded_sse::hooks::{Counters, Hooks};
use embedded_sse::io::sse;
use embedded_sse::{Decoder, Draft, EventSource, Head, Policy, Request, Scheme, Url, Verdict};
use firmware::footprint::{DATA, HOST, META, RX, TX, chunk, look_at, port, report};
use static_cell::ConstStaticCell;

struct Login {
    token: u32,
    is_refused: bool,
}

impl Hooks for Login {
    fn before_connect(&mut self, draft: &mut Draft<'_>) {
        self.token += u32::from(self.is_refused);
        let _fits = draft.add_header("Authorization", format_args!("Bearer {}", self.token));
    }

    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        self.is_refused = head.status() == 401;
        match self.is_refused {
            true => Verdict::Retry,
            false => verdict,
        }
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let port = port();
    firmware::run(|spawner, stack| spawner.spawn(follow(stack, port).expect("it is spawned once")))
}

#[embassy_executor::task]
async fn follow(stack: Stack<'static>, port: u16) {
    static RESOURCES: ConstStaticCell<TcpBuffers<RX, TX>> = ConstStaticCell::new(TcpBuffers::new());
    static DECODER: ConstStaticCell<Decoder<DATA, META>> = ConstStaticCell::new(Decoder::new());

    let policy = Policy {
        reconnection_time: Duration::from_millis(100),
        ..Policy::DEFAULT
    };
    let Ok(url) = Url::from_parts(Scheme::Http, HOST, Some(port), "/events") else {
        return;
    };
    let Ok(source) = EventSource::new(Request::get(url), policy, 1, DECODER.take()) else {
        return;
    };
    let counters = Cell::new(Counters::default());
    let login = Login {
        token: 1,
        is_refused: false,
    };
    let mut source = source.with_hooks((login, &counters));
    let mut tcp = TcpConnector::new(stack, RESOURCES.take());
    let stop = sse(&mut tcp, &EmbassyTime, &mut source, chunk(), async |item| {
        look_at(item);
        ControlFlow::Continue(())
    });
    core::hint::black_box((stop.await, counters.get()));
    report()
}
