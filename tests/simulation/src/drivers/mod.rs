//! Ways to run the client through a plan.

mod blocking;
mod clock;
mod embassy;
mod executor;
mod ready;
mod spy;
mod transport;

use std::pin::pin;
use std::str::FromStr;
use std::time::Duration;

use embedded_sse::Decoder;
use embedded_sse::tls::{Tls, TlsMemory};

use crate::device::{App, Source};
use crate::memory::{self, Client};
use crate::network::{World, pins};
use crate::plan::{Kind, Plan, ms};
use crate::random::Random;
use crate::trace::Entry;
use executor::Timers;
pub use ready::Way;
use spy::Spy;
use transport::Dialer;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Driver {
    /// The canonical loop, driven by hand.
    SansIo,
    /// `io::sse`.
    Sse,
    /// A loop over `io::Session`.
    Sessions,
    /// `blocking::sse`.
    Blocking,
    /// One of the async loops over embassy-net.
    Embassy,
    /// One of the async loops over TLS, with rustls as the server.
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
            Self::SansIo | Self::Sse | Self::Sessions | Self::Tls => ms(2),
            Self::Blocking | Self::Embassy => ms(250),
        }
    }

    /// The way of the async loop. `Blocking` has another one.
    pub fn way(self, plan: &Plan) -> Way {
        match self {
            Self::SansIo | Self::Blocking => Way::ByHand,
            Self::Sse => Way::Sse,
            Self::Sessions => Way::Sessions,
            Self::Embassy | Self::Tls => match plan.seed % 3 {
                0 => Way::Sse,
                1 => Way::Sessions,
                _ => Way::ByHand,
            },
        }
    }

    /// Whether there is a network stack, with packets that can go wrong.
    pub fn has_packets(self) -> bool {
        self == Self::Embassy
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

/// Runs the client through the plan of the world, in all lives of the device.
pub fn run(world: &World<'_>, driver: Driver) {
    let app = App::new(world);
    match driver {
        Driver::Embassy => embassy::run(&app),
        _ => run_scripted(&app, driver),
    }
}

fn run_scripted(app: &App<'_>, driver: Driver) {
    let world = app.world;
    let way = driver.way(world.plan);
    let mut boots: u64 = 0;
    loop {
        let boot = match driver {
            Driver::Blocking => live(app, true, &mut (), |(), source| {
                blocking::follow(app, source)
            }),
            _ => live(app, false, &mut (), |(), source| follow(app, source, way)),
        };
        let Some(boot) = boot else { return };
        world.pass_until(boot);
        boots += 1;
        // The clock starts anew, at another time.
        let past = Duration::from_secs(boots * 1_000_000 % 7_000_001);
        world.clock_zero.set(boot.saturating_sub(past));
    }
}

/// Lets the time pass without the application.
trait Idle {
    fn idle(&mut self, app: &App<'_>, until: Duration);
}

impl Idle for () {
    fn idle(&mut self, app: &App<'_>, until: Duration) {
        app.world.pass_until(until);
    }
}

/// One life of the device. Returns when it boots again, if it does. `follow` runs the loop until the
/// application is interrupted. `closes` says whether the loop closes the source then.
fn live<N: Idle>(
    app: &App<'_>,
    closes: bool,
    net: &mut N,
    follow: impl Fn(&mut N, &mut Source<'_>),
) -> Option<Duration> {
    let mut decoder = Decoder::new();
    app.boot(&mut decoder);
    let mut remembered = [0; 64];
    let mut source = app.source(&mut decoder, &mut remembered);
    loop {
        follow(net, &mut source);
        let allocated = memory::take_allocated();
        if allocated > 0 {
            app.world.tell(Entry::Allocated(allocated));
        }
        let fault = app.interruption()?;
        if let Kind::Reboot(torn) = fault.kind {
            app.lose_power(torn);
            return Some(ms(fault.end()));
        }
        app.world.tell(Entry::Dropped);
        app.keep_time(&source);
        if fault.kind == Kind::Drop {
            net.idle(app, ms(fault.end()));
            app.world.tell(Entry::Slept);
        }
        if closes || fault.kind == Kind::Restarted {
            app.restart(&mut source);
        }
    }
}

/// Follows the source over the scripted transport until the application is interrupted.
fn follow(app: &App<'_>, source: &mut Source<'_>, way: Way) {
    let timers = &Timers::new(app.world);
    let dialer = Dialer(timers);
    if !app.world.plan.has_tls {
        let mut connect = Spy { app, inner: dialer };
        let follow = pin!(ready::follow(app, timers, &mut connect, source, way));
        timers.run(app, Duration::MAX, pin!(Client(follow)));
        return;
    }
    // Sessions drop reads, so a whole record must be held.
    let mut memory: Box<TlsMemory<16401, 512, 16401>> = Box::new(TlsMemory::new());
    let mut random = Random::new(app.world.plan.seed ^ app.world.now_ms());
    let seeds = |seed: &mut [u8; 32]| {
        for bytes in seed.chunks_mut(8) {
            bytes.copy_from_slice(&random.next().to_le_bytes());
        }
    };
    let pins = pins(app.has("trusts any key"));
    let inner = Tls::new(dialer, &mut *memory, pins, seeds);
    let mut connect = Spy { app, inner };
    let follow = pin!(ready::follow(app, timers, &mut connect, source, way));
    timers.run(app, Duration::MAX, pin!(Client(follow)));
}

#[cfg(test)]
mod tests {
    use super::{Driver, run};
    use crate::network::World;
    use crate::plan::Plan;

    #[test]
    fn a_seed_always_gives_the_same_trace() {
        for seed in 0..20 {
            for driver in Driver::ALL {
                let mut plan = Plan::new(seed);
                plan.has_tls = driver == Driver::Tls;
                let [trace, again] = [(); 2].map(|()| {
                    let world = World::new(&plan, "");
                    run(&world, driver);
                    world.trace.take()
                });
                assert!(trace == again);
                assert!(trace.0.len() > 10);
            }
        }
    }
}
