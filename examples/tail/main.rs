//! Follows an event stream over blocking `std::net`, with all the knobs there are.

#[path = "../common/mod.rs"]
mod common;
mod demo;
mod net;
mod options;
mod show;

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;

use common::MEMORY;
use embedded_sse::{EventSource, Item, Reason, Reconnect, blocking};
use net::{Net, Since};
use options::Options;
use show::Show;

fn main() {
    let mut decoder = MEMORY.lock().expect("nobody else has it");
    let mut options = Options::from_args(&mut decoder);
    ctrlc::set_handler(|| std::process::exit(0)).expect("there is no other handler");
    if options.url.is_empty() {
        options.url = demo::start();
    }
    let headers = options.headers();
    let request = options.request(&headers);
    let reconnect = Reconnect::new(options.policy, seed());
    let show = RefCell::new(Show::new(options.json, decoder.last_event_id()));
    let mut source = EventSource::new(request, reconnect, &mut decoder)
        .unwrap_or_else(|invalid| options::refuse(invalid));

    match follow(&mut source, &show, options.count) {
        Ok(Reason::NoContent | Reason::Closed) => {}
        Ok(_) => std::process::exit(1),
        // Whoever reads us has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            eprintln!("error: {error}");
            std::process::exit(1);
        }
    }
}

/// Runs until the source stops, and returns why. An error is one of showing.
fn follow<const DATA: usize, const META: usize>(
    source: &mut EventSource<'_, DATA, META>,
    show: &RefCell<Show>,
    count: Option<u64>,
) -> io::Result<Reason> {
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
        shown = show.borrow_mut().item(&item);
        events += u64::from(matches!(item, Item::Event(_)));
        if shown.is_err() || count == Some(events) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    shown?;
    show.borrow_mut().stop(stop, source.response())?;
    Ok(stop.reason)
}

/// Different in each run, which is all that jitter asks for.
fn seed() -> u32 {
    let time = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    time.subsec_nanos() ^ std::process::id()
}
