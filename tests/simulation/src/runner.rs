//! One seed: all drivers run its plan, and the checker reads their traces.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{self, AssertUnwindSafe, catch_unwind};

use crate::checker::{self, Spread, Violation};
use crate::drivers::{self, Driver};
use crate::memory;
use crate::network::{Endless, World};
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
    /// The drivers with which the rule is violated. The first one is used to reduce the plan.
    pub drivers: Vec<Driver>,
    pub violation: Violation,
    /// The fewest faults with which the same rule is violated.
    pub faults: Vec<usize>,
}

thread_local! {
    /// Whether a panic is a violation, and not a bug of the simulation.
    static IS_TRYING: Cell<bool> = const { Cell::new(false) };
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the messages of panics that become violations. All others are printed.
pub fn keep_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| match IS_TRYING.get() {
        true => memory::world(|| LAST_PANIC.set(info.to_string().replace('\n', " "))),
        false => print(info),
    }));
}

/// Runs a plan, with a bug of the control or none (""), and checks it. A panic violates a rule too.
pub fn try_plan(plan: &mut Plan, driver: Driver, bug: &'static str) -> Run {
    plan.has_tls = driver == Driver::Tls;
    if plan.has_tls {
        // A handshake takes a millisecond to compute, and a client may reconnect as fast as the network is.
        plan.settings.latency = plan.settings.latency.max(50);
    }
    let world = World::new(plan, bug);
    IS_TRYING.set(true);
    let run = AssertUnwindSafe(|| drivers::run(&world, driver));
    let result = memory::world(|| catch_unwind(run));
    IS_TRYING.set(false);
    memory::take_allocated();
    let trace = world.trace.take();
    let (rule, detail) = match result {
        Ok(()) => {
            let result = checker::check(plan, driver, &trace);
            return Run { trace, result };
        }
        Err(panic) if panic.is::<Endless>() => {
            let detail = "it goes on without time or a byte";
            ("the loop makes progress", detail.to_owned())
        }
        Err(_) => ("nothing panics", LAST_PANIC.take()),
    };
    let at = world.now();
    let result = Err(Violation { at, rule, detail });
    Run { trace, result }
}

impl Failure {
    pub fn new(plan: &Plan, driver: Driver, violation: Violation) -> Self {
        Self {
            seed: plan.seed,
            drivers: vec![driver],
            violation,
            faults: plan.faults.iter().map(|fault| fault.number).collect(),
        }
    }

    /// Reduces the plan to the faults that matter.
    pub fn reduce(&mut self) {
        let fails = |mut plan: Plan| {
            let again = try_plan(&mut plan, self.drivers[0], "").result;
            again.is_err_and(|again| again.rule == self.violation.rule)
        };
        self.faults = reduce(&Plan::new(self.seed), fails);
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            drivers,
            violation,
            faults,
        } = self;
        writeln!(f, "FAILED: seed {seed}, {drivers:?}: {violation}")?;
        for fault in &Plan::new(*seed).with_faults(faults).faults {
            writeln!(f, "  {fault}")?;
        }
        let mut numbers: Vec<_> = faults.iter().map(ToString::to_string).collect();
        if numbers.is_empty() {
            writeln!(f, "  even without any fault")?;
            numbers.push("none".to_owned());
        }
        let driver = format!("{:?}", drivers[0]).to_lowercase();
        let numbers = numbers.join(",");
        write!(
            f,
            "  replay: cargo run --release --manifest-path tests/simulation/Cargo.toml -- replay {seed} {driver} {numbers}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Run, keep_panics, try_plan};
    use crate::drivers::Driver;
    use crate::plan::Plan;

    #[test]
    fn a_panic_and_an_endless_loop_keep_their_trace() {
        keep_panics();
        for (bug, rule) in [
            ("panics at a loss", "nothing panics"),
            ("spins before each deadline", "the loop makes progress"),
        ] {
            let runs = (0..20).map(|seed| try_plan(&mut Plan::new(seed), Driver::SansIo, bug));
            let failed = |run: &Run| run.result.as_ref().is_err_and(|it| it.rule == rule);
            let run = runs.into_iter().find(failed).expect("the bug is found");
            let (last, _) = run.trace.0.last().expect("a trace");
            let at = run.result.err().map(|violation| violation.at);
            assert!(!last.is_zero() && Some(*last) <= at, "{last:?} {at:?}");
        }
    }
}
