//! Follows an event stream over blocking `std::net`, with an option for each setting.

#[path = "../common/mod.rs"]
mod common;
mod demo;
mod net;
mod options;
mod show;

use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::process::exit;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::MEMORY;
use embedded_sse::{EventSource, Item, StopReason, blocking};
use net::{Net, Since};
use options::Options;
use show::Show;

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
    let mut decoder = MEMORY.lock().expect("nobody else has it");
    let mut options = Options::from_args(&mut decoder);
    if options.url.is_empty() {
        options.url = demo::start()?;
    }
    let headers = options.headers();
    let request = options.request(&headers);
    let show = Show::new(options.json, decoder.last_event_id());
    let show = Arc::new(Mutex::new(show));
    let mut source = EventSource::new(request, options.policy, seed(), &mut decoder)
        .unwrap_or_else(|invalid| options::refuse(invalid));

    let shown = Arc::clone(&show);
    ctrlc::set_handler(move || close(&shown)).map_err(io::Error::other)?;
    match follow(&mut source, &show, options.count)? {
        StopReason::NoContent | StopReason::Ended | StopReason::Closed => Ok(()),
        _ => exit(1),
    }
}

/// Handles Ctrl-C. The loop may block for a long time, so this exits without it.
fn close(show: &Arc<Mutex<Show>>) {
    let show = Arc::clone(show);
    thread::spawn(move || {
        let mut show = show::lock(&show);
        let _ = show.close();
        exit(0);
    });
    // Do not wait longer: a line may be stuck in a pipe that nobody reads.
    thread::sleep(Duration::from_millis(500));
    exit(0);
}

/// Runs until the source stops, and returns why. An error means that the output failed.
fn follow<const DATA: usize, const META: usize>(
    source: &mut EventSource<'_, DATA, META>,
    show: &Mutex<Show>,
    count: Option<u64>,
) -> io::Result<StopReason> {
    let clock = Since::now();
    let mut net = Net {
        clock: &clock,
        show,
    };
    let mut chunk = Box::new([0; 64 * 1024]);
    let mut shown = Ok(());
    let mut events = 0;
    if count == Some(0) {
        source.close();
    }
    let stop = blocking::sse(&mut net, &clock, source, &mut chunk, |item| {
        shown = show::lock(show).item(&item);
        events += u64::from(matches!(item, Item::Event(_)));
        if shown.is_err() || count == Some(events) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    shown?;
    show::lock(show).stop(stop, source.response())?;
    Ok(stop.reason)
}

/// A number that differs in each run. Jitter needs no better randomness.
fn seed() -> u32 {
    let time = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    time.subsec_nanos() ^ std::process::id()
}
