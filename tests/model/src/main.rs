//! Compares the crate with an independent model. See `Cargo.toml` for the commands.

mod case;
mod dialogue;
mod ears;
mod events;
mod generate;
mod model;
mod random;
mod run;
mod shrink;

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Instant;

use case::Wrong;
use random::Random;

/// A control has to find each wrong rule within this many cases.
const CONTROL_CASES: u64 = 20_000;

const COMMAND: &str = "cargo run --release --manifest-path tests/model/Cargo.toml --";

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|_| {}));
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| args.get(index).and_then(|arg| arg.parse::<u64>().ok());
    let is_good = match args.first().map(String::as_str) {
        Some("replay") => match number(1) {
            Some(seed) => !shrink::show(seed, None),
            None => return usage(),
        },
        Some("control") => control(number(1).unwrap_or(1)),
        Some(_) => match number(0) {
            Some(cases) => compare(cases, number(1).unwrap_or(1)),
            None => return usage(),
        },
        None => return usage(),
    };
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: {COMMAND} <cases> [seed] | replay <seed> | control [seed]");
    ExitCode::from(2)
}

/// Shows the first difference in this many cases.
fn compare(cases: u64, seed: u64) -> bool {
    let mut seeds = Random::new(seed);
    let start = Instant::now();
    let mut shown = 0.0;
    for index in 0..cases {
        let seed = seeds.next();
        let (setup, ops) = generate::case(seed);
        if run::run(&setup, &ops).is_some() {
            println!("case {index} differs. To see it again:\n{COMMAND} replay {seed}");
            return !shrink::show(seed, None);
        }
        let elapsed = start.elapsed().as_secs_f64();
        if elapsed - shown > 2.0 {
            shown = elapsed;
            eprint!(
                "\r{index} of {cases} cases, {:.0} per second ",
                index as f64 / elapsed
            );
        }
    }
    let secs = start.elapsed().as_secs_f64();
    println!("{cases} cases in {secs:.1} s: no difference");
    let reached = run::REACHED.each_ref();
    let reached = reached.map(|(word, count)| format!("{word}: {}", count.load(Ordering::Relaxed)));
    println!("reached: {}", reached.join(", "));
    true
}

/// Breaks one rule of the model at a time. Each has to be found.
fn control(seed: u64) -> bool {
    let mut is_good = true;
    for wrong in Wrong::ALL {
        let mut seeds = Random::new(seed);
        let found = (1..=CONTROL_CASES).find(|_| {
            let (mut setup, ops) = generate::case(seeds.next());
            setup.wrong = Some(wrong);
            run::run(&setup, &ops).is_some()
        });
        match found {
            Some(cases) => println!("{wrong:?}: found in case {cases}"),
            None => println!("{wrong:?}: NOT FOUND in {CONTROL_CASES} cases"),
        }
        is_good &= found.is_some();
    }
    is_good
}
