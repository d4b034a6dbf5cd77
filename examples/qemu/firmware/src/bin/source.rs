//! `socket` with the sans-IO client behind it, in a loop of its own.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::time::Duration;

use embassy_net::Stack;
use embassy_time::{Duration as Ticks, Instant, Timer, with_timeout};
use embedded_sse::{Decoder, EventSource, Policy, Request, Scheme, Step, Stop, Url};
use firmware::footprint::{DATA, HOST, META, chunk, connect, look_at, port, report, socket};
use static_cell::ConstStaticCell;

#[cortex_m_rt::entry]
fn main() -> ! {
    let port = port();
    firmware::run(|spawner, stack| spawner.spawn(follow(stack, port).expect("it is spawned once")))
}

#[embassy_executor::task]
async fn follow(stack: Stack<'static>, port: u16) {
    static DECODER: ConstStaticCell<Decoder<DATA, META>> = ConstStaticCell::new(Decoder::new());

    let Ok(url) = Url::from_parts(Scheme::Http, HOST, Some(port), "/events") else {
        return;
    };
    let request = Request::get(url);
    let Ok(mut source) = EventSource::new(request, Policy::DEFAULT, 1, DECODER.take()) else {
        return;
    };
    black_box(drive(stack, port, &mut source).await);
    report()
}

async fn drive(stack: Stack<'static>, port: u16, source: &mut EventSource<'_, DATA, META>) -> Stop {
    let chunk = chunk();
    let mut socket = socket(stack);
    loop {
        match source.step(now()) {
            Step::Connect { .. } => {
                socket.abort();
                connect(stack, port, &mut socket).await;
                source.connected(now());
            }
            Step::Write { .. } => match socket.write(source.request(chunk)).await {
                Ok(written) => source.wrote(written),
                Err(_) => source.failed(now()),
            },
            Step::Read { deadline } => {
                let left = until(deadline.unwrap_or(Duration::MAX));
                match with_timeout(left, socket.read(chunk)).await {
                    Ok(Ok(0)) => source.ended(now()),
                    Ok(Ok(read)) => {
                        let mut bytes = &chunk[..read];
                        while let Some(item) = source.receive(&mut bytes, now()) {
                            look_at(item);
                        }
                    }
                    Ok(Err(_)) => source.failed(now()),
                    Err(_) => source.timed_out(now()),
                }
            }
            Step::Wait(wait) => {
                socket.abort();
                Timer::after(until(wait.until)).await;
            }
            Step::Stop(stop) => return stop,
        }
    }
}

fn now() -> Duration {
    Duration::from_micros(Instant::now().as_micros())
}

/// How long it is until then. An alarm cannot be for ever.
fn until(at: Duration) -> Ticks {
    let left = at.saturating_sub(now()).as_millis();
    Ticks::from_millis(left.min(u32::MAX.into()) as u64)
}
