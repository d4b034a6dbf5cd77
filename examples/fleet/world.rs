//! The world: clients, one server, and a clock that moves in steps of a millisecond.
//!
//! There is no network latency, and a refusal is immediate. This is the worst case for the server: a
//! client that has to wait for a timeout asks less often.

use std::mem;
use std::time::Duration;

use embedded_sse::Loss;

use super::policies::{Client, Kind};

/// No client waits longer than this, in milliseconds.
const HORIZON: usize = 1 << 17;

/// When the clock starts, all clients have been connected for an hour.
const AGE: Duration = Duration::from_secs(3600);

/// What happens to a stream that the server has accepted.
#[derive(Clone, Copy)]
pub enum Stream {
    /// It stays open until the server crashes.
    Endless,
    /// A load balancer resets it after this many milliseconds.
    Cut(u32),
    /// One event, and the end of the response after this many milliseconds.
    Poll(u32),
}

/// A token bucket that holds the connections of 0.25 s.
pub struct Server {
    pub is_up: bool,
    /// Whether it refuses the connections that exceed its capacity. If not, it accepts them and notes
    /// that it is overloaded.
    pub refuses: bool,
    pub is_overloaded: bool,
    pub stream: Stream,
    /// Connections per second.
    capacity: f64,
    tokens: f64,
    filled: u32,
}

impl Server {
    pub fn new(capacity: f64, stream: Stream) -> Self {
        Self {
            is_up: true,
            refuses: true,
            is_overloaded: false,
            stream,
            capacity,
            tokens: 0.0,
            filled: 0,
        }
    }

    fn accepts(&mut self, now: u32) -> bool {
        // A server of less than 4 connections per second has to accept some, too.
        let most = (self.capacity * 0.25).max(1.0);
        let gained = self.capacity * f64::from(now - self.filled) / 1000.0;
        self.tokens = (self.tokens + gained).min(most);
        self.filled = now;
        if !self.is_up {
            return false;
        }
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return true;
        }
        self.is_overloaded = true;
        !self.refuses
    }
}

pub struct World {
    pub server: Server,
    /// In milliseconds.
    pub now: u32,
    /// How many clients are connected.
    pub connected: usize,
    /// Attempts in each second.
    pub load: Vec<u32>,
    /// Attempts that were refused.
    pub refused: u64,
    clients: Vec<(Client, Phase)>,
    /// Which clients have something to do in each millisecond. It is used as a ring.
    queue: Vec<Vec<u32>>,
}

#[derive(Clone, Copy)]
enum Phase {
    /// With the end of the stream, if it has one.
    Open(Option<u32>),
    Waiting(u32),
}

impl World {
    pub fn new(kind: Kind, clients: u32, server: Server) -> Self {
        let connected = |number| {
            let mut client = Client::new(kind, number);
            client.connecting(Duration::ZERO);
            client.opened(Duration::ZERO);
            (client, Phase::Open(None))
        };
        let clients: Vec<_> = (0..clients).map(connected).collect();
        Self {
            server,
            now: 0,
            connected: clients.len(),
            load: Vec::new(),
            refused: 0,
            clients,
            queue: vec![Vec::new(); HORIZON],
        }
    }

    /// The streams that are open end one after the other, within the first minute.
    pub fn end_streams_in_a_minute(&mut self) {
        let count = self.clients.len();
        for number in 0..count {
            let end = 60_000 * number / count;
            self.clients[number].1 = Phase::Open(Some(end as u32));
            self.queue[end].push(number as u32);
        }
    }

    /// The server is down, and all streams are cut.
    pub fn crash(&mut self) {
        self.server.is_up = false;
        for number in 0..self.clients.len() {
            if let Phase::Open(_) = self.clients[number].1 {
                self.lose(number, Loss::Cut);
            }
        }
    }

    /// The server is up again.
    pub fn restart(&mut self) {
        self.server.is_up = true;
        self.server.is_overloaded = false;
    }

    /// A millisecond passes.
    pub fn tick(&mut self) {
        let slot = self.now as usize % HORIZON;
        let mut due = mem::take(&mut self.queue[slot]);
        for number in due.drain(..) {
            self.act(number as usize);
        }
        self.queue[slot] = due;
        self.now += 1;
    }

    fn act(&mut self, number: usize) {
        match self.clients[number].1 {
            Phase::Open(Some(end)) if end == self.now => match self.server.stream {
                Stream::Endless | Stream::Cut(_) => self.lose(number, Loss::Cut),
                Stream::Poll(_) => {
                    self.clients[number].0.delivered();
                    self.lose(number, Loss::End);
                }
            },
            Phase::Waiting(until) if until == self.now => self.attempt(number),
            // A crash came first.
            Phase::Open(_) | Phase::Waiting(_) => {}
        }
    }

    fn attempt(&mut self, number: usize) {
        let second = self.now as usize / 1000;
        if self.load.len() <= second {
            self.load.resize(second + 1, 0);
        }
        self.load[second] += 1;
        let time = self.time();
        let client = &mut self.clients[number].0;
        client.connecting(time);
        if !self.server.accepts(self.now) {
            self.refused += 1;
            let wait = client.lost(Loss::Cut, time);
            self.wait(number, wait);
            return;
        }
        client.opened(time);
        self.connected += 1;
        let end = match self.server.stream {
            Stream::Endless => None,
            Stream::Cut(after) | Stream::Poll(after) => Some(self.now + after),
        };
        self.clients[number].1 = Phase::Open(end);
        if let Some(end) = end {
            self.schedule(number, end);
        }
    }

    fn lose(&mut self, number: usize, loss: Loss) {
        self.connected -= 1;
        let time = self.time();
        let wait = self.clients[number].0.lost(loss, time);
        self.wait(number, wait);
    }

    fn wait(&mut self, number: usize, wait: Duration) {
        // A client's timer does not end early.
        let wait = wait.as_micros().div_ceil(1000).max(1);
        let until = self.now + u32::try_from(wait).expect("a wait is shorter than a day");
        self.clients[number].1 = Phase::Waiting(until);
        self.schedule(number, until);
    }

    fn schedule(&mut self, number: usize, at: u32) {
        assert!(((at - self.now) as usize) < HORIZON);
        self.queue[at as usize % HORIZON].push(number as u32);
    }

    /// By the clients' clock.
    fn time(&self) -> Duration {
        AGE + Duration::from_millis(self.now.into())
    }
}
