//! A deterministic simulation of the client in a bad world.
//!
//! A seed selects a [`Plan`]: the policy, the request, the events of the server, and the faults, each with its
//! time. A driver runs the real client through the plan, in simulated time, and writes a trace. The checker
//! reads the trace and knows what must hold. Nothing else is random, so a seed always gives the same trace.
//!
//! # The world
//!
//! First, things go wrong: [`plan::Kind`] lists the faults of the server, its responses, the link, DNS, the
//! device and the application. Each seed also selects which of these classes are active. Then nothing goes
//! wrong any more ([`Plan::calm`]). By [`Plan::settled`], which follows from the policy, the stream is open
//! again, and all that the server has kept arrives.
//!
//! The server has no state: what it does on a connection follows from the plan, the time and the request. So
//! the same server answers over scripted transports, embassy-net and TLS.
//!
//! # The drivers
//!
//! Each seed runs in all of them: the canonical loop by hand, `io::sse`, sessions whose futures are dropped,
//! and the blocking loop, all over scripted transports; and one of the async loops over four embassy-net
//! stacks, and over TLS with rustls as the server. Faults of single packets exist only with embassy-net.
//!
//! # The checker
//!
//! It has its own reader of HTTP, its own decoder (the model of `tests/it`), and its own count of failures
//! and delays. From what the network did, it derives what must come of each connection: nothing yet, a
//! redirect, a stop with a reason, or a loss with a cause.
//!
//! * The application gets exactly the events of the bytes that were read, in order, and `TooLong` for those
//!   that do not fit. These bytes are what the server sent on this connection.
//! * Each loss and each stop is reported once, in time, with its true cause, to the application and the hooks.
//! * Each request goes to the right place, with the ID of the last event, and with the token only there. A
//!   POST is sent again only if it may be.
//! * No wait is shorter than requested, none is longer than the policy allows, and attempts are limited. Over
//!   all seeds, the waits are spread over their ranges.
//! * The client allocates nothing, so its memory is its type.
//! * The flash restores what was stored. At the end, the stream is open and nothing is missing.
//!
//! The control puts known bugs between the client and the world, one at a time, and each must be found.
//!
//! Not simulated:
//!
//! * `Budget`, changes of the path and the ID in a draft, `Collect` and `Finish`, and the memory on the stack.
//! * Policies without a timeout to connect or to get a response.
//! * The drivers of `std_net` and `tokio_net`, whose sockets have no simulated time, and `Stream`.
//! * Over scripted transports: faults of single packets, and several addresses of a name. There, the transport
//!   has a keep-alive if the policy has no idle timeout.
//! * A loop without end inside one call of the source. Only loops that read the clock, wait, or use the
//!   transport are found.
//!
//! # The files
//!
//! ```text
//! main            the commands
//! control many    known bugs; many seeds
//! runner reduce   one seed; a failing plan with fewer faults
//! checker         what must hold
//! drivers         the real client, in the ways in which it can run
//! device          the flash, the application, the bugs of the control
//! network         scripted transports
//! trace server    what happened; what a server does after a request
//! plan random     what a seed selects
//! memory          what the client allocates
//! ```

mod checker;
mod control;
mod device;
mod drivers;
mod many;
mod memory;
mod network;
mod plan;
mod random;
mod reduce;
mod runner;
mod server;
mod trace;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use drivers::Driver;
use many::Job;
use plan::Plan;
use runner::Run;

const HELP: &str = "\
usage: cargo run --release -- COMMAND

run COUNT [DRIVER] [--from SEED]     run this many seeds
night [--hours H] [--from SEED]      run seeds for this long (default: 8 hours, from a new seed)
replay SEED [DRIVER [FAULTS]]        print the plan and the trace; FAULTS as 0,2,5 or none
control                              check that known bugs are found

DRIVER is sansio, sse, sessions, blocking, embassy or tls. Without one, all run.
Ctrl-C ends a run or a night, and prints what was found so far.";

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| matches!(&**arg, "-h" | "--help")) {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    runner::keep_panics();
    match command(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether all is well.
fn command(mut args: Vec<String>) -> Result<bool, String> {
    let command = args.first().ok_or("a command is missing")?.clone();
    let takes: &[&str] = match &*command {
        "run" => &["--from"],
        "night" => &["--from", "--hours"],
        "replay" | "control" => &[],
        _ => return Err(format!("unknown command {command}")),
    };
    let is_other = |arg: &&String| arg.starts_with("--") && !takes.contains(&arg.as_str());
    if let Some(other) = args.iter().find(is_other) {
        return Err(format!("{command} does not take {other}"));
    }
    let from = option::<u64>(&mut args, "--from")?;
    let hours = option::<f64>(&mut args, "--hours")?.unwrap_or(8.0);
    let words: Vec<_> = args.iter().map(String::as_str).collect();
    match words[1..] {
        [] if command == "run" => Err("run needs the number of seeds".to_owned()),
        [count, ref driver @ ..] if command == "run" => {
            let (from, count) = (from.unwrap_or_default(), number(count)?);
            let end = from.checked_add(count).filter(|end| *end > from);
            end.ok_or("run needs at least one seed, and no seed is greater than 2^64 - 1")?;
            Ok(many::run(&Job {
                from,
                count: Some(count),
                time: None,
                drivers: drivers_of(driver)?,
            }))
        }
        [] if command == "night" => {
            let now = UNIX_EPOCH.elapsed().unwrap_or_default();
            let time = Duration::try_from_secs_f64(hours * 3600.0).ok();
            let time = time.filter(|time| !time.is_zero());
            let from = from.unwrap_or(now.as_secs() * 1000);
            if from > u64::MAX / 2 {
                return Err("a night begins at most at seed 2^63".to_owned());
            }
            Ok(many::run(&Job {
                from,
                count: None,
                time: Some(time.ok_or("--hours must be a finite number greater than 0")?),
                drivers: Driver::ALL.to_vec(),
            }))
        }
        [] if command == "replay" => Err("replay needs a seed".to_owned()),
        [seed] if command == "replay" => replay(Plan::new(number(seed)?), &[]),
        [seed, driver] if command == "replay" => replay(Plan::new(number(seed)?), &[driver]),
        [seed, driver, faults] if command == "replay" => {
            let plan = Plan::new(number(seed)?);
            let faults = faults.split(',').filter(|fault| *fault != "none");
            let kept: BTreeSet<usize> = faults.map(number).collect::<Result<_, _>>()?;
            let kept: Vec<_> = kept.into_iter().collect();
            let count = plan.faults.len();
            if let Some(number) = kept.iter().find(|number| **number >= count) {
                return Err(format!(
                    "seed {seed} has {count} faults, and no fault {number}"
                ));
            }
            replay(plan.with_faults(&kept), &[driver])
        }
        [] => Ok(control::run()),
        _ => Err(format!("too many arguments for {command}")),
    }
}

fn replay(mut plan: Plan, driver: &[&str]) -> Result<bool, String> {
    println!("{plan}");
    let mut is_good = true;
    for driver in drivers_of(driver)? {
        println!("---- {driver:?}");
        let Run { mut trace, result } = runner::try_plan(&mut plan, driver, "");
        if let Err(violation) = &result {
            trace.0.retain(|(at, _)| *at <= violation.at);
        }
        print!("{trace}");
        match result {
            Ok(_) => println!("all rules hold"),
            Err(violation) => {
                println!("VIOLATED: {violation}");
                is_good = false;
            }
        }
    }
    Ok(is_good)
}

/// Takes an option with its value out of the arguments.
fn option<T: std::str::FromStr>(args: &mut Vec<String>, name: &str) -> Result<Option<T>, String> {
    let Some(place) = args.iter().position(|arg| arg == name) else {
        return Ok(None);
    };
    let taken: Vec<_> = args.drain(place..args.len().min(place + 2)).collect();
    let value = taken
        .get(1)
        .ok_or_else(|| format!("{name} needs a value"))?;
    number(value).map(Some)
}

fn drivers_of(words: &[&str]) -> Result<Vec<Driver>, String> {
    match words {
        [] => Ok(Driver::ALL.to_vec()),
        [driver] => Ok(vec![driver.parse()?]),
        _ => Err("too many arguments".to_owned()),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{text} is not a valid number"))
}
