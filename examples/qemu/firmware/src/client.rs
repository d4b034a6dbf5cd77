//! Follows an event source and prints what comes, a JSON object a line. What it is told:
//!
//! * `url=`: which,
//! * `count=`: after how many events to close it; without, it never does,
//! * `idle=`, `response=`, `delay=`, `max-delay=`, `attempts=`: of the policy, in ms but for the last,
//! * `stack=report`: to say at the end how deep the stack has been, and end with status 0,
//! * `fault=panic` or `fault=hard`: what to do instead.
//!
//! QEMU's exit status says why the source has stopped.

mod print;

use core::ops::ControlFlow;
use core::time::Duration;

use board::{argument, exit, status};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::mutex::Mutex;
use embedded_sse::embassy::EmbassyTime;
use embedded_sse::io::{Connect, sse};
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, StopReason, Url};
use print::{print, print_stop};
use static_cell::ConstStaticCell;

use crate::footprint::report;

pub use print::line;

/// What the run was told.
pub struct Told {
    url: Url<'static>,
    count: Option<u32>,
    policy: Policy,
    stack: bool,
}

/// Read before anything runs: the memory for it is no stack of the client's.
pub fn told() -> Told {
    static URL: ConstStaticCell<[u8; 256]> = ConstStaticCell::new([0; 256]);

    argument("fault", |fault| match fault {
        Some("panic") => panic!("as it was told"),
        Some("hard") => hard_fault(),
        _ => {}
    });
    let Some(url) = argument("url", |value| keep(value?, URL.take())) else {
        board::put(b"url=http://... is missing, or too long\n");
        exit(status::ARGUMENTS)
    };
    let Ok(url) = Url::parse(url) else {
        board::put(b"that is no URL\n");
        exit(status::ARGUMENTS)
    };
    Told {
        url,
        count: number("count"),
        policy: policy(),
        stack: argument("stack", |value| value == Some("report")),
    }
}

/// Where other tasks can find the source while no `sse()` runs. This compiles only if it is `Send`.
static SOURCE: Mutex<CriticalSectionRawMutex, Option<EventSource<'static, DATA>>> =
    Mutex::new(None);

const DATA: usize = 2048;

/// Follows the source over this transport, and ends QEMU when it has stopped.
pub async fn follow(told: &Told, connect: &mut impl Connect) {
    static DECODER: ConstStaticCell<Decoder<DATA>> = ConstStaticCell::new(Decoder::new());
    static CHUNK: ConstStaticCell<[u8; 1460]> = ConstStaticCell::new([0; 1460]);

    let source = EventSource::new(Request::get(told.url), told.policy, 1, DECODER.take());
    let Ok(source) = source else {
        board::put(b"that is no request\n");
        exit(status::ARGUMENTS)
    };
    let mut shared = SOURCE.lock().await;
    let source = shared.insert(source);
    let mut left = told.count;
    let on_item = async |item: Item<'_>| {
        print(&item);
        if let (Item::Event(_), Some(left)) = (item, &mut left) {
            *left -= 1;
            if *left == 0 {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    let stop = sse(connect, &EmbassyTime, source, CHUNK.take(), on_item).await;
    print_stop(stop);
    if told.stack {
        report();
    }
    exit(match stop.reason {
        StopReason::Closed => 0,
        StopReason::NoContent => 10,
        StopReason::Status => 11,
        StopReason::ContentType => 12,
        StopReason::ContentEncoding => 13,
        StopReason::Redirect(_) => 14,
        StopReason::Attempts => 15,
        _ => 16,
    })
}

fn policy() -> Policy {
    let milliseconds = |name| number(name).map(|ms| Duration::from_millis(ms.into()));
    Policy {
        reconnection_time: milliseconds("delay").unwrap_or(Duration::from_millis(100)),
        max_reconnection_attempts: number("attempts"),
        max_delay: milliseconds("max-delay").unwrap_or(Duration::from_secs(1)),
        jitter_percent: 0,
        min_retry: Duration::ZERO,
        idle_timeout: milliseconds("idle"),
        response_timeout: milliseconds("response").or(Policy::DEFAULT.response_timeout),
        ..Policy::DEFAULT
    }
}

fn number(name: &str) -> Option<u32> {
    argument(name, |value| {
        let number = value?.parse();
        if number.is_err() {
            board::put(b"that is no number\n");
            exit(status::ARGUMENTS);
        }
        number.ok()
    })
}

fn keep<'m>(text: &str, memory: &'m mut [u8]) -> Option<&'m str> {
    let memory = memory.get_mut(..text.len())?;
    memory.copy_from_slice(text.as_bytes());
    str::from_utf8(memory).ok()
}

fn hard_fault() {
    // SAFETY: there is none: no board has anything at this address.
    unsafe { (0xF000_0000 as *const u32).read_volatile() };
}
