//! The control: the checker finds known bugs. Otherwise it would prove nothing that it finds none.

use crate::device::Bug;
use crate::drivers::Driver;
use crate::plan::Plan;
use crate::runner::try_plan;

/// Each bug must be found within this many seeds.
const MOST_SEEDS: u64 = 300;

/// Injects each bug. Returns whether all were found.
pub fn run() -> bool {
    let mut is_good = true;
    for bug in Bug::ALL {
        let mut found = None;
        for seed in 0..MOST_SEEDS {
            let (_, result) = try_plan(&Plan::new(seed), Driver::SansIo, Some(bug));
            if let Err(violation) = result {
                found = Some((seed, violation));
                break;
            }
        }
        match found {
            Some((seed, violation)) => {
                println!("{bug:?}: found by seed {seed}: {}", violation.rule);
            }
            None => {
                is_good = false;
                println!("{bug:?}: NOT FOUND in {MOST_SEEDS} seeds");
            }
        }
    }
    is_good
}
