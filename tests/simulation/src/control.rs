//! The control: the checker finds known bugs. Otherwise it would prove nothing that it finds none.

use crate::device::BUGS;
use crate::drivers::Driver;
use crate::plan::Plan;
use crate::runner::try_plan;

/// Each bug must be found within this many seeds.
const MOST_SEEDS: u64 = 500;

/// Injects each bug into each driver that can have it. Returns whether all were found.
pub fn run() -> bool {
    let mut is_good = true;
    println!(
        "The seed that finds each bug, of at most {MOST_SEEDS}, and the rule that it violates there:"
    );
    print!("{:43}", "");
    for driver in Driver::ALL {
        print!("{:>9}", format!("{driver:?}"));
    }
    println!();
    for (bug, drivers) in BUGS {
        print!("{bug:43}");
        let mut rules = Vec::new();
        for driver in Driver::ALL {
            let seed = match drivers.contains(&driver) {
                false => "-".to_owned(),
                true => match find(bug, driver) {
                    Some((seed, rule)) => {
                        rules.push(rule);
                        seed.to_string()
                    }
                    None => {
                        is_good = false;
                        "MISSED".to_owned()
                    }
                },
            };
            print!("{seed:>9}");
        }
        rules.sort_unstable();
        rules.dedup();
        println!("  {}", rules.join("; "));
    }
    is_good
}

/// The first seed that finds a bug, and the rule.
fn find(bug: &'static str, driver: Driver) -> Option<(u64, &'static str)> {
    (0..MOST_SEEDS).find_map(|seed| {
        let result = try_plan(&mut Plan::new(seed), driver, bug).result;
        result.err().map(|violation| (seed, violation.rule))
    })
}
