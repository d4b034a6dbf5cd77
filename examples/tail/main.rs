//! Follows an event stream over HTTP or HTTPS with blocking sockets, with an option for each setting.

#[path = "../common/mod.rs"]
mod common;
mod demo;
mod net;
mod options;
mod show;
mod tls;

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::process::exit;
use std::thread;
use std::time::Duration;

use common::MEMORY;
use embedded_sse::std_net::{StdTime, StopHandle};
use embedded_sse::{EventSource, Item, StopReason, blocking};
use net::Net;
use options::Options;
use show::Show;
use tls::Tls;

fn main() {
    if let Err(error) = run() {
        // The reader of our output has closed the pipe.
        if error.kind() == ErrorKind::BrokenPipe {
            return;
        }
        eprintln!("error: {error}");
        exit(1);
    }
}

fn run() -> io::Result<()> {
    let mut decoder = MEMORY.lock().expect("no other thread uses it");
    let mut options = Options::from_args(&mut decoder);
    if options.url.is_empty() {
        options.url = demo::start()?;
    }
    if options.is_insecure {
        eprintln!(
            "warning: --insecure: certificates are not checked. Anyone on the network path can read \
             and change what is sent and received, including the headers."
        );
    }
    let headers = options.headers();
    let request = options.request(&headers);
    let show = RefCell::new(Show::new(options.json, decoder.last_event_id()));
    let mut source = EventSource::new(request, options.policy, seed(), &mut decoder)
        .unwrap_or_else(|invalid| options::refuse(invalid));

    let clock = StdTime::new();
    let stop = clock.stop_handle();
    ctrlc::set_handler(move || interrupt(&stop)).map_err(io::Error::other)?;
    let mut net = Net::new(&clock, &show, Tls::new(options.is_insecure));
    let mut chunk = Box::new([0; 64 * 1024]);
    let mut shown = Ok(());
    let mut events = 0;
    if options.count == Some(0) {
        source.close();
    }
    let stop = blocking::sse(&mut net, &clock, &mut source, &mut chunk, |item| {
        shown = show.borrow_mut().item(&item);
        events += u64::from(matches!(item, Item::Event(_)));
        if shown.is_err() || options.count == Some(events) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    shown?;
    show.borrow_mut().stop(stop, source.response())?;
    match stop.reason {
        StopReason::NoContent | StopReason::Ended | StopReason::Closed => Ok(()),
        _ => exit(1),
    }
}

/// Handles Ctrl-C.
fn interrupt(stop: &StopHandle) {
    stop.stop();
    // Do not wait longer: a line may be stuck in a pipe that nobody reads.
    thread::sleep(Duration::from_secs(2));
    exit(0);
}

/// A number that differs in each run. Jitter needs no better randomness.
fn seed() -> u32 {
    let time = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    time.subsec_nanos() ^ std::process::id()
}
