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

const USAGE: &str = "\
usage: cargo run --release -- <cases> [seed]     compare this many cases
                              replay <seed>      show one case
                              control [seed]     check that wrong rules are found";

const COMMAND: &str = "cargo run --release --manifest-path tests/model/Cargo.toml --";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<_> = args.iter().map(String::as_str).collect();
    match command(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether all is well.
fn command(words: &[&str]) -> Result<bool, String> {
    let number = |text: &str| {
        let number = text.parse::<u64>();
        number.map_err(|_| format!("{text} is neither a command nor a valid number"))
    };
    let seed = |rest: &[&str]| rest.first().map_or(Ok(1), |text| number(text));
    std::panic::set_hook(Box::new(|_| {}));
    match words {
        ["-h" | "--help"] => {
            println!("{USAGE}");
            Ok(true)
        }
        [] => Err("the number of cases is missing".to_owned()),
        ["replay"] => Err("replay needs a seed".to_owned()),
        ["replay", seed] => Ok(!shrink::show(number(seed)?, None)),
        ["control", rest @ ..] if rest.len() < 2 => Ok(control(seed(rest)?)),
        ["replay" | "control", ..] => Err(format!("too many arguments for {}", words[0])),
        [cases, rest @ ..] if rest.len() < 2 => match number(cases)? {
            0 => Err("at least one case is needed".to_owned()),
            cases => Ok(compare(cases, seed(rest)?)),
        },
        _ => Err("too many arguments".to_owned()),
    }
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
