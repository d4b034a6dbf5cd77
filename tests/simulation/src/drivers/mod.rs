//! Ways to run the client through a plan.

mod blocking;
mod embassy;
mod executor;
mod ready;
mod sans_io;
mod spy;
mod tamper;
mod tls;
mod transport;

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use embedded_sse::Decoder;

use crate::device::{App, Bug, Source};
use crate::network::World;
use crate::plan::{Ms, Plan};
use crate::trace::Trace;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Driver {
    /// The canonical loop, driven by hand.
    SansIo,
    /// `io::sse`.
    Sse,
    /// A loop over `io::Session`. Each future of `next` is dropped at every second pending point.
    Sessions,
    /// `blocking::sse`.
    Blocking,
    /// `io::sse` or sessions over embassy-net.
    Embassy,
    /// `io::sse` or sessions over TLS, with rustls as the server.
    Tls,
}

impl Driver {
    pub const ALL: [Self; 6] = [
        Self::SansIo,
        Self::Sse,
        Self::Sessions,
        Self::Blocking,
        Self::Embassy,
        Self::Tls,
    ];

    /// How late the client may notice something.
    pub fn slack(self) -> Duration {
        match self {
            Self::SansIo | Self::Sse | Self::Sessions | Self::Tls => Duration::from_millis(2),
            Self::Blocking | Self::Embassy => Duration::from_millis(250),
        }
    }
}

impl FromStr for Driver {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let mut drivers = Self::ALL.into_iter();
        let driver = drivers.find(|driver| format!("{driver:?}").eq_ignore_ascii_case(name));
        driver.ok_or_else(|| format!("no driver {name}; there are {:?}", Self::ALL))
    }
}

/// Why a life of the device ends.
pub enum End {
    Over,
    Reboot { torn: Option<u64>, off: Ms },
}

pub struct Run {
    pub trace: Trace,
    /// The faults that had an effect.
    pub fired: BTreeSet<usize>,
}

/// Runs the client through the plan, in all lives of the device.
pub fn run(plan: &Plan, driver: Driver, bug: Option<Bug>) -> Run {
    if driver == Driver::Embassy {
        return embassy::run(plan, bug);
    }
    let world = World::new(plan);
    let app = App::new(&world, bug);
    let mut boots: u64 = 0;
    loop {
        let mut decoder = Decoder::new();
        app.boot(&mut decoder);
        let mut remembered = [0; 64];
        let mut source = app.source(&mut decoder, &mut remembered);
        match live(&app, driver, &mut source) {
            End::Over => break,
            End::Reboot { torn, off } => {
                let boot = app.lose_power(torn, off);
                world.pass_until(boot);
                boots += 1;
                // The clock starts anew, at another time.
                let past = Duration::from_secs(boots * 1_000_000 % 7_000_001);
                world.clock_zero.set(boot.saturating_sub(past));
            }
        }
    }
    Run {
        trace: world.trace.take(),
        fired: world.fired.take(),
    }
}

fn live(app: &App<'_>, driver: Driver, source: &mut Source<'_>) -> End {
    match driver {
        Driver::SansIo => sans_io::SansIo::new(app, source).run(),
        Driver::Sse => executor::drive(app, source, ready::Way::Sse, false),
        Driver::Sessions => executor::drive(app, source, ready::Way::Sessions, false),
        Driver::Tls => {
            let way = ready::Way::of_seed(app.world.plan.seed);
            executor::drive(app, source, way, true)
        }
        Driver::Blocking | Driver::Embassy => blocking::drive(app, source),
    }
}

#[cfg(test)]
mod tests {
    use super::{Driver, run};
    use crate::plan::Plan;

    #[test]
    fn a_seed_always_gives_the_same_trace() {
        for seed in 0..20 {
            let plan = Plan::new(seed);
            for driver in Driver::ALL {
                let plan = plan.with_tls(driver == Driver::Tls);
                let trace = run(&plan, driver, None).trace;
                assert!(trace == run(&plan.clone(), driver, None).trace);
                assert!(trace.0.len() > 10);
            }
        }
    }
}
