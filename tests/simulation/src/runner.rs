//! One seed: all drivers run its plan, and the checker reads their traces.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::checker::{self, Spread, Violation};
use crate::drivers::{self, Driver};
use crate::plan::Plan;
use crate::reduce::reduce;
use crate::trace::Trace;

/// What came of a plan with one driver.
pub struct Run {
    pub trace: Trace,
    pub result: Result<Spread, Violation>,
}

/// A seed that violates a rule.
#[derive(Clone, Debug)]
pub struct Failure {
    pub seed: u64,
    pub driver: Driver,
    pub violation: Violation,
    /// The fewest faults with which the same rule is violated.
    pub faults: Vec<usize>,
}

/// Runs a plan, with a bug of the control or none (""), and checks it. A panic violates a rule too.
pub fn try_plan(plan: &mut Plan, driver: Driver, bug: &'static str) -> Run {
    plan.has_tls = driver == Driver::Tls;
    match catch_unwind(AssertUnwindSafe(|| drivers::run(plan, driver, bug))) {
        Ok(trace) => Run {
            result: checker::check(plan, driver, &trace),
            trace,
        },
        Err(panic) => Run {
            trace: Trace::default(),
            result: Err(Violation {
                at: Duration::ZERO,
                rule: "nothing panics",
                detail: message_of(&*panic),
            }),
        },
    }
}

impl Failure {
    /// Reduces the plan to the faults that matter.
    pub fn new(plan: &Plan, driver: Driver, violation: Violation) -> Self {
        let fails = |mut plan: Plan| {
            let again = try_plan(&mut plan, driver, "").result;
            again.is_err_and(|again| again.rule == violation.rule)
        };
        Self {
            seed: plan.seed,
            driver,
            faults: reduce(plan, fails),
            violation,
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
        writeln!(f, "FAILED: seed {seed}, {driver:?}: {violation}")?;
        for fault in &Plan::new(*seed).with_faults(faults).faults {
            writeln!(f, "  {fault}")?;
        }
        let mut faults = faults
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",");
        if faults.is_empty() {
            writeln!(f, "  even without any fault")?;
            faults = "none".to_owned();
        }
        let name = format!("{driver:?}").to_lowercase();
        write!(
            f,
            "  replay: cargo run --release --manifest-path tests/simulation/Cargo.toml -- replay {seed} {name} {faults}"
        )
    }
}
