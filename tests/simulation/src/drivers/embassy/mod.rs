//! `io::sse` or sessions over embassy-net: network stacks with a cable between them, in simulated time.

mod cable;
mod clock;
#[path = "../../../../embassy/src/dns.rs"]
mod dns;
mod host;
mod serve;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use embedded_sse::Decoder;
use embedded_sse::embassy::{EmbassyTime, TcpBuffers, TcpConnector};

use super::ready::{self, Way};
use super::spy::Spy;
use super::{End, Run};
use crate::device::{App, Bug, Interruption, Source};
use crate::network::World;
use crate::plan::{Kind, Ms, Plan, ms};
use crate::trace::Entry;
use cable::Cable;
use host::{AWAY, CLIENT, ELSEWHERE, HOME, Host, Memory, Woken, poll};
use serve::Buffers;

/// The connections that a server can have at once.
const CONNECTIONS: usize = 5;

/// After this many rounds at one time, the tasks count as an endless loop.
const MOST_ROUNDS: usize = 100_000;

pub fn run(plan: &Plan, bug: Option<Bug>) -> Run {
    clock::reset();
    let world = World::new(plan);
    let app = App::new(&world, bug);
    let mut memories = [HOME, AWAY, ELSEWHERE].map(|address| (address, Memory::new()));
    let mut buffers: Vec<_> = memories.iter().map(|_| new_buffers()).collect();
    let mut servers = Vec::new();
    for ((address, memory), buffers) in memories.iter_mut().zip(&mut buffers) {
        let mut server = Host::new(memory, *address, plan.seed);
        for buffers in buffers {
            server.spawn(serve::http(&world, server.stack, *address, buffers));
        }
        if *address == HOME {
            server.spawn(serve::names(&world, server.stack));
        }
        servers.push(server);
    }
    let mut net = Net {
        cable: Cable::new(&world),
        servers,
    };
    let mut boots = 0;
    while let End::Reboot { torn, off } = live(&app, &mut net, boots) {
        boots += 1;
        let boot = app.lose_power(torn, off);
        net.run_without_client(&app, boot);
    }
    drop(net);
    Run {
        trace: world.trace.take(),
        fired: world.fired.take(),
    }
}

fn new_buffers() -> Vec<Buffers> {
    (0..CONNECTIONS).map(|_| Buffers::new()).collect()
}

/// One life of the device.
fn live(app: &App<'_>, net: &mut Net<'_, '_>, boots: u64) -> End {
    let mut decoder = Decoder::new();
    app.boot(&mut decoder);
    let mut remembered = [0; 64];
    let mut source = app.source(&mut decoder, &mut remembered);
    let mut memory = Memory::new();
    let mut buffers = TcpBuffers::<1024, 256>::new();
    let mut host = Host::new(&mut memory, CLIENT, app.world.plan.seed + boots + 1);
    let mut connector = Spy {
        world: app.world,
        inner: TcpConnector::new(host.stack, &mut buffers),
    };
    loop {
        let interruption = follow(app, net, &mut host, &mut connector, &mut source);
        match interruption {
            None | Some(Interruption::Sleep { .. }) => return End::Over,
            Some(Interruption::Reboot { torn, off }) => return End::Reboot { torn, off },
            Some(Interruption::Restart) => {
                app.world.tell(Entry::Dropped);
                source.restart();
                app.world.tell(Entry::Restarted);
            }
            Some(Interruption::Drop { until }) => {
                app.world.tell(Entry::Dropped);
                net.run_idle(app, &mut host, ms(until));
                app.world.tell(Entry::Slept);
            }
        }
        app.keep_time(&source);
    }
}

/// Follows the source until the future must be dropped, and drops it.
fn follow(
    app: &App<'_>,
    net: &mut Net<'_, '_>,
    host: &mut Host<'_>,
    connector: &mut Spy<'_, TcpConnector<'_>>,
    source: &mut Source<'_>,
) -> Option<Interruption> {
    let way = Way::of_seed(app.world.plan.seed);
    let future = ready::follow(app, &EmbassyTime, connector, source, way);
    let mut future = pin!(future);
    let woken = Arc::default();
    loop {
        net.run(
            app,
            Some(host),
            app.interrupted_at(),
            Some((future.as_mut(), &woken)),
        );
        match app.interruption() {
            Some(Interruption::Sleep { until }) => {
                net.run_without_client(app, ms(until));
                app.world.tell(Entry::Slept);
            }
            other => return other,
        }
    }
}

/// The cable, and the hosts of the servers.
struct Net<'w, 'n> {
    cable: Cable<'w>,
    servers: Vec<Host<'n>>,
}

type Task<'t> = (Pin<&'t mut dyn Future<Output = ()>>, &'t Arc<Woken>);

impl Net<'_, '_> {
    /// Runs everything but the device.
    fn run_without_client(&mut self, app: &App<'_>, until: Duration) {
        self.run(app, None, until.min(ms(app.world.plan.end)), None);
        self.cable.lose(CLIENT);
    }

    /// Runs the device without its application.
    fn run_idle(&mut self, app: &App<'_>, client: &mut Host<'_>, until: Duration) {
        self.run(app, Some(client), until.min(ms(app.world.plan.end)), None);
    }

    /// Runs all tasks until this time.
    fn run(
        &mut self,
        app: &App<'_>,
        mut client: Option<&mut Host<'_>>,
        until: Duration,
        mut task: Option<Task<'_>>,
    ) {
        let world = app.world;
        let asleep = client.is_none().then_some(CLIENT);
        let mut rounds = 0;
        while world.now() < until {
            let mut is_idle = true;
            if let Some((future, woken)) = &mut task {
                match poll(future.as_mut(), woken) {
                    Some(Poll::Ready(())) => return,
                    result => is_idle &= result.is_none(),
                }
            }
            if let Some(client) = &mut client {
                let is_plugged = unplugged(world).is_none();
                if client.plug(is_plugged) && is_plugged {
                    world.tell(Entry::Plugged);
                }
                is_idle &= client.turn(&mut self.cable);
            }
            for server in &mut self.servers {
                is_idle &= server.turn(&mut self.cable);
            }
            rounds += 1;
            assert!(rounds < MOST_ROUNDS, "an endless loop");
            if is_idle {
                rounds = 0;
                let plug = unplugged(world).map(ms);
                let packet = self.cable.next(asleep);
                let next = [clock::next(), packet, plug, next_unplug(world).map(ms)];
                let next = next.into_iter().flatten().min().unwrap_or(until);
                let next = next.max(world.now() + Duration::from_micros(1)).min(until);
                world.pass_until(next);
                clock::pass_until(next);
            }
        }
    }
}

/// If the device has no link, returns until when.
fn unplugged(world: &World<'_>) -> Option<Ms> {
    let plan = world.plan;
    let active = plan.active(world.now_ms(), |kind| {
        matches!(kind, Kind::Unplug { .. }).then_some(())
    });
    let (index, ()) = active?;
    world.fire(index);
    Some(plan.faults[index].end())
}

/// When the device loses its link next.
fn next_unplug(world: &World<'_>) -> Option<Ms> {
    let faults = world.plan.faults.iter();
    let unplugs = faults.filter(|fault| matches!(fault.kind, Kind::Unplug { .. }));
    let later = unplugs
        .map(|fault| fault.at)
        .filter(|at| *at > world.now_ms());
    later.min()
}
