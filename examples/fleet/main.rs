//! What a fleet of devices does to its server, and what the server does to the fleet: the crate's
//! `Reconnect` against two other clients. Prints a table, and draws the picture in the documentation of
//! `Policy`.
//!
//! ```sh
//! cargo run --release --example fleet -- [--clients N] [--svg FILE]
//! ```

mod cases;
mod policies;
mod svg;
mod table;
mod world;

use std::error::Error;
use std::path::PathBuf;

use cases::{CUTS, LIVES, Outage};
use lexopt::{Arg, ValueExt};
use policies::Kind;

/// In the order of the table's columns.
const KINDS: [Kind; 3] = [Kind::Crate, Kind::Fixed, Kind::LaunchDarkly];

/// The results for one kind of client.
pub struct Results {
    short: Outage,
    long: Outage,
    crash_loop: f64,
    overload_loops: [Option<f64>; LIVES.len()],
    availability: [f64; CUTS.len()],
    polling: f64,
}

impl Results {
    fn of(kind: Kind, clients: u32) -> Self {
        // If the server has room for all, clients do not affect each other, so fewer are enough.
        let few = clients.min(1000);
        Self {
            short: cases::outage(kind, clients, 1),
            long: cases::outage(kind, clients, 600),
            crash_loop: cases::crash_loop(kind, few),
            overload_loops: LIVES.map(|seconds| cases::overload_loop(kind, clients, seconds)),
            availability: CUTS.map(|seconds| cases::availability(kind, few, seconds)),
            polling: cases::polling(kind, clients),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut clients = 100_000;
    let mut svg = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/fleet.svg"));
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("clients") => clients = args.value()?.parse()?,
            Arg::Long("svg") => svg = args.value()?.into(),
            _ => return Err(arg.unexpected().into()),
        }
    }
    if !(100..=10_000_000).contains(&clients) {
        return Err("--clients has to be between 100 and 10000000".into());
    }
    let results = KINDS.map(|kind| {
        eprintln!("simulating {clients} clients: {kind:?} ...");
        Results::of(kind, clients)
    });
    print!("{}", table::table(clients, &results));
    std::fs::write(&svg, svg::svg(&results))?;
    eprintln!("{} is written", svg.display());
    Ok(())
}
