//! What happens to the fleet.

use super::policies::Kind;
use super::world::{Server, Stream, World};

/// N/C in seconds: how long the server takes to accept all clients at its full capacity.
const ALL: u32 = 60;

/// The time that the head of a response takes to arrive, in milliseconds. A client sees a stream as
/// shorter than the load balancer does by this time. It is also the duration of a poll.
const LATENCY: u32 = 50;

/// The times after which load balancers cut a stream, in seconds.
pub const CUTS: [u32; 4] = [10, 30, 45, 60];

/// How many seconds an overloaded server lives.
pub const LIVES: [u32; 3] = [1, 5, 15];

/// Times are in seconds.
pub struct Outage {
    /// The attempts in each second after the server's return, divided by C.
    pub load: Vec<f64>,
    /// How long it took until 99 % of the clients were connected again.
    pub until_most: f64,
    /// How long it took until all clients were connected again.
    pub until_all: f64,
    /// Attempts that were refused after the return, per client.
    pub refused: f64,
}

impl Outage {
    /// The most attempts in one second, divided by C.
    pub fn peak(&self) -> f64 {
        self.load.iter().copied().fold(0.0, f64::max)
    }
}

/// The server and all connections to it are gone for this many seconds.
pub fn outage(kind: Kind, clients: u32, seconds: u32) -> Outage {
    let capacity = f64::from(clients) / f64::from(ALL);
    let mut world = World::new(kind, clients, Server::new(capacity, Stream::Endless));
    world.crash();
    run_until(&mut world, seconds);
    world.restart();
    let refused = world.refused;
    let mut run_until_share = |hundredths: u32| {
        while world.connected * 100 < clients as usize * hundredths as usize {
            world.tick();
        }
        f64::from(world.now) / 1000.0 - f64::from(seconds)
    };
    let until_most = run_until_share(99);
    let until_all = run_until_share(100);
    let load = world.load.get(seconds as usize..).unwrap_or_default();
    Outage {
        load: load
            .iter()
            .map(|load| f64::from(*load) / capacity)
            .collect(),
        until_most,
        until_all,
        refused: (world.refused - refused) as f64 / f64::from(clients),
    }
}

/// The server crashes 5 s after each start, and starts again 5 s later. Returns the attempts per
/// client and hour.
pub fn crash_loop(kind: Kind, clients: u32) -> f64 {
    let mut world = World::new(kind, clients, Server::new(ample(clients), Stream::Endless));
    for cycle in 0..360 {
        world.crash();
        run_until(&mut world, cycle * 10 + 5);
        world.restart();
        run_until(&mut world, cycle * 10 + 10);
    }
    attempts(&world.load) / f64::from(clients)
}

/// The server accepts more connections than it can bear (N/C is 30 s here), but then crashes, at the
/// earliest this many seconds after its start. It starts again 5 s later. Returns after how many seconds
/// it crashed for the last time, or `None` if it still does so after half an hour.
pub fn overload_loop(kind: Kind, clients: u32, lives: u32) -> Option<f64> {
    const END: u32 = 1800;
    let capacity = f64::from(clients) / 30.0;
    let mut world = World::new(kind, clients, Server::new(capacity, Stream::Endless));
    world.server.refuses = false;
    world.crash();
    let (mut crashed, mut started) = (0, 0);
    while world.now < END * 1000 {
        if world.server.is_up && world.server.is_overloaded && world.now >= started + lives * 1000 {
            world.crash();
            crashed = world.now;
        }
        if !world.server.is_up && world.now == crashed + 5000 {
            world.restart();
            started = world.now;
        }
        world.tick();
    }
    let is_over = crashed < (END - 300) * 1000;
    is_over.then_some(f64::from(crashed) / 1000.0)
}

/// A load balancer resets each stream after this many seconds. Returns the share of the time for which
/// the clients are connected, in percent.
pub fn availability(kind: Kind, clients: u32, seconds: u32) -> f64 {
    let stream = Stream::Cut(seconds * 1000 - LATENCY);
    let mut world = World::new(kind, clients, Server::new(ample(clients), stream));
    world.end_streams_in_a_minute();
    // Wait until the delays no longer grow.
    run_until(&mut world, 1200);
    let mut connected = 0;
    let (start, end) = (world.now, world.now + 1_800_000);
    while world.now < end {
        connected += world.connected;
        world.tick();
    }
    connected as f64 / f64::from(end - start) / f64::from(clients) * 100.0
}

/// Each response is complete after one event, and contains no `retry`. Returns the attempts per second,
/// divided by C.
pub fn polling(kind: Kind, clients: u32) -> f64 {
    let capacity = f64::from(clients) / f64::from(ALL);
    let server = Server::new(capacity, Stream::Poll(LATENCY));
    let mut world = World::new(kind, clients, server);
    world.end_streams_in_a_minute();
    run_until(&mut world, 1200);
    attempts(&world.load[600..]) / 600.0 / capacity
}

/// A capacity that is enough for all clients at the same moment.
fn ample(clients: u32) -> f64 {
    f64::from(clients) * 10.0
}

fn attempts(load: &[u32]) -> f64 {
    load.iter().copied().map(f64::from).sum()
}

fn run_until(world: &mut World, seconds: u32) {
    while world.now < seconds * 1000 {
        world.tick();
    }
}
