//! A deterministic simulation of the client in a bad world.
//!
//! A seed selects a [`Plan`]: the policy, the events of the server, and the faults, each with its time. A
//! driver runs the real client through the plan, in simulated time, and writes a trace. The checker reads
//! the trace and knows what must hold. Nothing else is random, so a seed always gives the same trace.
//!
//! # The world
//!
//! First, things go wrong: the server stalls, resets, restarts, redirects, refuses, floods, drips, closes
//! inside an event, sends broken bytes, forgets its log, or moves. The link is cut, unplugged, slow, or loses,
//! repeats, reorders and damages packets. DNS fails or lies. The device loses its power, also inside a write
//! to its flash, sleeps, and its clock starts anew. The application is slow, drops its future, restarts the
//! source, or closes it. Each seed also selects which of these classes of faults there are.
//!
//! Then nothing goes wrong any more ([`Plan::calm`]). By [`Plan::settled`], which follows from the policy,
//! the stream is open again, and all that the server has kept arrives.
//!
//! The server has no state: what it does on a connection follows from the plan, the time and the request. So
//! the same server answers over scripted transports, embassy-net and TLS.
//!
//! # The drivers
//!
//! Each seed runs in all of them: the canonical loop by hand, `io::sse`, sessions whose futures are dropped,
//! and the blocking loop, all over scripted transports; and `io::sse` or sessions over four embassy-net
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
//! * Each request goes to the right place, with the ID of the last event, and with the token only there.
//! * No wait is shorter than requested, none is longer than the policy allows, and attempts are limited.
//! * The flash restores what was stored. At the end, the stream is open and nothing is missing.
//!
//! The control puts known bugs between the client and the checker, one at a time, and each must be found.
//!
//! Not simulated: requests with other methods than GET, verdicts and drafts of hooks, IPv6, and the memory
//! on the stack.
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
//! ```

mod checker;
mod control;
mod device;
mod drivers;
mod many;
mod network;
mod plan;
mod random;
mod reduce;
mod runner;
mod server;
mod trace;

use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use drivers::Driver;
use many::Job;
use plan::Plan;

const HELP: &str = "\
run COUNT [DRIVER] [--from SEED]     run this many seeds
night [--hours H] [--from SEED]      run seeds for this long (default: 8 hours, from a new seed)
replay SEED [DRIVER [FAULTS]]        print the plan and the trace; FAULTS as 0,2,5 or none
control                              check that known bugs are found";

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match command(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}\n{HELP}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether all is well.
fn command(args: &[String]) -> Result<bool, String> {
    let (options, words) = options(args)?;
    match words.as_slice() {
        ["run", count, driver @ ..] => {
            quiet_panics();
            Ok(many::run(&Job {
                from: options.from.unwrap_or_default(),
                count: Some(number(count)?),
                time: None,
                drivers: drivers_of(driver)?,
            }))
        }
        ["night"] => {
            quiet_panics();
            let now = UNIX_EPOCH.elapsed().unwrap_or_default();
            Ok(many::run(&Job {
                from: options.from.unwrap_or(now.as_secs() * 1000),
                count: None,
                time: Some(Duration::from_secs_f64(options.hours * 3600.0)),
                drivers: Driver::ALL.to_vec(),
            }))
        }
        ["replay", seed, rest @ ..] => replay(number(seed)?, rest),
        ["control"] => {
            quiet_panics();
            Ok(control::run())
        }
        _ => Err("unknown command".to_owned()),
    }
}

fn replay(seed: u64, rest: &[&str]) -> Result<bool, String> {
    let mut plan = Plan::new(seed);
    let (driver, faults) = match rest {
        [] => (&rest[..0], None),
        [_] => (rest, None),
        [_, faults] => (&rest[..1], Some(*faults)),
        _ => return Err("too many arguments".to_owned()),
    };
    if let Some(faults) = faults {
        let faults = faults.split(',').filter(|fault| *fault != "none");
        let kept: Result<Vec<_>, _> = faults.map(number).collect();
        let kept: Vec<_> = kept?.into_iter().map(|index| index as usize).collect();
        plan = plan.with_faults(&kept);
    }
    println!("{plan}");
    let mut is_good = true;
    for driver in drivers_of(driver)? {
        println!("---- {driver:?}");
        let (run, result) = runner::try_plan(&plan, driver, None);
        if let Ok(mut run) = run {
            if let Err(violation) = &result {
                run.trace.0.retain(|(at, _)| *at <= violation.at);
            }
            print!("{}", run.trace);
        }
        match result {
            Ok(()) => println!("all rules hold"),
            Err(violation) => {
                println!("VIOLATED: {violation}");
                is_good = false;
            }
        }
    }
    Ok(is_good)
}

struct Options {
    from: Option<u64>,
    hours: f64,
}

fn options(args: &[String]) -> Result<(Options, Vec<&str>), String> {
    let mut options = Options {
        from: None,
        hours: 8.0,
    };
    let mut words = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--from" => options.from = Some(number(value()?)?),
            "--hours" => {
                let hours = value()?;
                options.hours = hours.parse().map_err(|_| format!("{hours} is no number"))?;
            }
            word => words.push(word),
        }
    }
    Ok((options, words))
}

fn drivers_of(words: &[&str]) -> Result<Vec<Driver>, String> {
    match words {
        [] => Ok(Driver::ALL.to_vec()),
        [driver] => Ok(vec![driver.parse()?]),
        _ => Err("too many arguments".to_owned()),
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

/// A panic is reported as a violation, so its message need not be printed.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}
