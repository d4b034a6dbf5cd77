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

use embedded_sse::embassy::{EmbassyTime, TcpBuffers, TcpConnector};

use super::spy::Spy;
use super::{Driver, Idle, live, ready};
use crate::device::{App, Source};
use crate::memory::Client;
use crate::network::World;
use crate::plan::{Kind, ms};
use crate::trace::Entry;
use cable::Cable;
use host::{AWAY, CLIENT, ELSEWHERE, HOME, Host, Memory, Woken, poll};
use serve::Buffers;

/// The connections that a server can have at once.
const CONNECTIONS: usize = 5;

pub fn run(app: &App<'_>) {
    clock::reset();
    let world = app.world;
    let mut memories = [HOME, AWAY, ELSEWHERE].map(|address| (address, Memory::new()));
    let mut buffers: Vec<_> = memories.iter().map(|_| new_buffers()).collect();
    let mut servers = Vec::new();
    for ((address, memory), buffers) in memories.iter_mut().zip(&mut buffers) {
        let mut server = Host::new(memory, *address, world.plan.seed);
        for buffers in buffers {
            server.spawn(serve::http(world, server.stack, *address, buffers));
        }
        if *address == HOME {
            server.spawn(serve::names(world, server.stack));
        }
        servers.push(server);
    }
    let mut net = Net {
        world,
        cable: Cable::new(world),
        servers,
    };
    let mut boots = 0;
    loop {
        let mut memory = Memory::new();
        let mut buffers = TcpBuffers::<1024, 256>::new();
        let host = Host::new(&mut memory, CLIENT, world.plan.seed.wrapping_add(boots + 1));
        let inner = TcpConnector::new(host.stack, &mut buffers);
        let connect = Spy { app, inner };
        let mut device = Device {
            net: &mut net,
            host,
            connect,
        };
        let boot = live(app, false, &mut device, |device, source| {
            device.follow(app, source);
        });
        let Some(boot) = boot else { return };
        drop(device);
        net.run_without_client(boot);
        boots += 1;
    }
}

fn new_buffers() -> Vec<Buffers> {
    (0..CONNECTIONS).map(|_| Buffers::new()).collect()
}

/// The device in one life.
struct Device<'r, 'w, 'n, 'd> {
    net: &'r mut Net<'w, 'n>,
    host: Host<'d>,
    connect: Spy<'r, 'w, TcpConnector<'d>>,
}

impl Device<'_, '_, '_, '_> {
    /// Follows the source until the future must be dropped, and drops it.
    fn follow(&mut self, app: &App<'_>, source: &mut Source<'_>) {
        let way = Driver::Embassy.way(app.world.plan);
        let connect = &mut self.connect;
        let future = pin!(ready::follow(app, EmbassyTime, connect, source, way));
        let mut future = pin!(Client(future));
        let woken = Arc::default();
        loop {
            let task = Some((future.as_mut() as Pin<&mut dyn Future<Output = ()>>, &woken));
            self.net
                .run(Some(&mut self.host), app.interrupted_at(), task);
            let Some(until) = app.sleeps_until() else {
                return;
            };
            self.net.run_without_client(until);
            app.world.tell(Entry::Slept);
        }
    }
}

impl Idle for Device<'_, '_, '_, '_> {
    fn idle(&mut self, app: &App<'_>, until: Duration) {
        let until = until.min(ms(app.world.plan.end));
        self.net.run(Some(&mut self.host), until, None);
    }
}

/// The cable, and the hosts of the servers.
struct Net<'w, 'n> {
    world: &'w World<'w>,
    cable: Cable<'w>,
    servers: Vec<Host<'n>>,
}

type Task<'t> = (Pin<&'t mut dyn Future<Output = ()>>, &'t Arc<Woken>);

impl Net<'_, '_> {
    /// Runs everything but the device.
    fn run_without_client(&mut self, until: Duration) {
        self.run(None, until.min(ms(self.world.plan.end)), None);
        self.cable.lose(CLIENT);
    }

    /// Runs all tasks until this time.
    fn run(
        &mut self,
        mut client: Option<&mut Host<'_>>,
        until: Duration,
        mut task: Option<Task<'_>>,
    ) {
        let world = self.world;
        let asleep = client.is_none().then_some(CLIENT);
        while world.now() < until {
            let mut is_idle = true;
            if let Some((future, woken)) = &mut task {
                match poll(future.as_mut(), woken) {
                    Some(Poll::Ready(())) => return,
                    result => is_idle &= result.is_none(),
                }
            }
            if let Some(client) = &mut client {
                let is_plugged = !world.has(Kind::Unplug);
                if client.plug(is_plugged) && is_plugged {
                    world.tell(Entry::Plugged);
                }
                is_idle &= client.turn(&mut self.cable);
            }
            for server in &mut self.servers {
                is_idle &= server.turn(&mut self.cable);
            }
            world.turn();
            if is_idle {
                let now = world.now_ms();
                let plug = world.plan.until(now, Kind::Unplug).map(ms);
                let unplug = world.plan.next(now, Kind::Unplug).map(ms);
                let next = [clock::next(), self.cable.next(asleep), plug, unplug];
                let next = next.into_iter().flatten().min().unwrap_or(until);
                let next = next.max(world.now() + Duration::from_micros(1)).min(until);
                world.pass_until(next);
                clock::pass_until(next);
            }
        }
    }
}
