//! One seed: all drivers run its plan, and the checker reads their traces.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::checker::{self, Violation};
use crate::device::Bug;
use crate::drivers::{self, Driver, Run};
use crate::plan::Plan;
use crate::reduce::reduce;

/// A seed that violates a rule.
#[derive(Clone, Debug)]
pub struct Failure {
    pub seed: u64,
    pub driver: Driver,
    pub violation: Violation,
    /// The fewest faults with which the same rule is violated.
    pub faults: Vec<usize>,
}

/// Runs a seed. Returns the names of the faults that had an effect too.
pub fn try_seed(seed: u64, drivers: &[Driver]) -> (Vec<Failure>, BTreeSet<String>) {
    let plan = Plan::new(seed);
    let mut failures = Vec::new();
    let mut fired = BTreeSet::new();
    for driver in drivers {
        let result = try_plan(&plan, *driver, None);
        if let Ok(run) = &result.0 {
            let faults = run.fired.iter().filter_map(|index| plan.faults.get(*index));
            fired.extend(faults.map(|fault| fault.kind.name()));
        }
        if let Err(violation) = result.1 {
            let fails = |plan: &Plan| {
                let again = try_plan(plan, *driver, None).1;
                again.is_err_and(|again| again.rule == violation.rule)
            };
            failures.push(Failure {
                seed,
                driver: *driver,
                faults: reduce(&plan, fails),
                violation,
            });
        }
    }
    (failures, fired)
}

/// Runs a plan and checks it. A panic violates a rule too.
pub fn try_plan(
    plan: &Plan,
    driver: Driver,
    bug: Option<Bug>,
) -> (Result<Run, String>, Result<(), Violation>) {
    let plan = &plan.with_tls(driver == Driver::Tls);
    let run = catch_unwind(AssertUnwindSafe(|| drivers::run(plan, driver, bug)));
    match run {
        Ok(run) => {
            let result = checker::check(plan, &run.trace, driver.slack());
            (Ok(run), result)
        }
        Err(panic) => {
            let message = message_of(&*panic);
            let violation = Violation {
                at: Duration::ZERO,
                rule: "nothing panics",
                detail: message.clone(),
            };
            (Err(message), Err(violation))
        }
    }
}

fn message_of(panic: &dyn Any) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            driver,
            violation,
            faults,
        } = self;
        writeln!(f, "seed {seed}, {driver:?}: {violation}")?;
        let plan = Plan::new(*seed);
        for index in faults {
            if let Some(fault) = plan.faults.get(*index) {
                writeln!(f, "  fault {index} {fault}")?;
            }
        }
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let faults = match faults.is_empty() {
            true => "none".to_owned(),
            false => faults.join(","),
        };
        let name = format!("{driver:?}").to_lowercase();
        write!(
            f,
            "  replay: cargo run --release --manifest-path tests/simulation/Cargo.toml -- replay {seed} {name} {faults}"
        )
    }
}
