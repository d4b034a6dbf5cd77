//! A scripted network behind the ready loops, on a clock that nobody waits for.
//!
//! Each script runs many times: through `sse`, through sessions, through the blocking loop; in
//! pieces, with chunks of several sizes, with all that can be pending being so. The log must be the
//! same each time.

// Each test file uses another part of it.
#![allow(dead_code, unused_imports)]

mod socket;
mod world;

use std::cell::Cell;
use std::ops::ControlFlow;

use embedded_sse::hooks::{self, Hooks};
use embedded_sse::io::{NoSession, Session, sse};
use embedded_sse::{
    Decoder, Draft, EventSource, Item, Policy, Reconnect, Request, Stop, StopReason, Url, Wait,
    blocking,
};

pub use socket::{
    Connection, Deed, OPEN, Socket, Trouble, answers, gone, never_connects, opens, refuses, status,
};
pub use world::{Dialer, Log, Manner, World, ms};

pub fn url(text: &str) -> Url<'_> {
    Url::parse(text).unwrap()
}

/// What changes an attempt, given its number.
type Change<'a> = Box<dyn Fn(usize, &mut Draft<'_>) + 'a>;

pub struct Script<'a> {
    request: Request<'a>,
    policy: Policy,
    connections: Vec<Connection>,
    ready_takes: u64,
    busy: u64,
    breaks_at: Option<usize>,
    remember: usize,
    last_event_id: &'a str,
    change: Option<Change<'a>>,
    /// Whether an operation that could be done at once may be pending first.
    may_pend: bool,
}

/// Which loop runs it.
#[derive(Clone, Copy, Debug)]
enum Loop {
    Sse,
    Sessions,
    Blocking,
}

impl<'a> Script<'a> {
    /// With the default policy, but no jitter.
    pub fn new(request: Request<'a>) -> Self {
        Self {
            request,
            policy: Policy {
                jitter_percent: 0,
                ..Policy::DEFAULT
            },
            connections: Vec::new(),
            ready_takes: 0,
            busy: 0,
            breaks_at: None,
            remember: 0,
            last_event_id: "",
            change: None,
            may_pend: true,
        }
    }

    pub fn get(text: &'a str) -> Self {
        Self::new(Request::get(url(text)))
    }

    pub fn policy(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    pub fn then(mut self, connection: Connection) -> Self {
        self.connections.push(connection);
        self
    }

    /// How long it takes until there is a network.
    pub fn ready_takes(mut self, ms: u64) -> Self {
        self.ready_takes = ms;
        self
    }

    /// How long the application takes over each item. What has come meanwhile is read at once.
    pub fn busy(mut self, ms: u64) -> Self {
        self.busy = ms;
        self.may_pend = false;
        self
    }

    /// The application breaks at this item, counted from 0.
    pub fn breaks_at(mut self, item: usize) -> Self {
        self.breaks_at = Some(item);
        self
    }

    /// Permanent redirects are remembered, in so many bytes.
    pub fn remember(mut self, bytes: usize) -> Self {
        self.remember = bytes;
        self
    }

    pub fn last_event_id(mut self, id: &'a str) -> Self {
        self.last_event_id = id;
        self
    }

    pub fn before_connect(mut self, change: impl Fn(usize, &mut Draft<'_>) + 'a) -> Self {
        self.change = Some(Box::new(change));
        self
    }

    pub fn run(&self) -> Log {
        self.run_in::<1024>()
    }

    /// Runs the script in every manner, until it stops.
    pub fn run_in<const DATA: usize>(&self) -> Log {
        self.run_through::<DATA>(&[Loop::Sse, Loop::Sessions, Loop::Blocking])
    }

    /// Where the blocking loop knows something that the others do not.
    pub fn run_blocking(&self) -> Log {
        self.run_through::<1024>(&[Loop::Blocking])
    }

    /// And the other way round.
    pub fn run_async(&self) -> Log {
        self.run_through::<1024>(&[Loop::Sse, Loop::Sessions])
    }

    fn run_through<const DATA: usize>(&self, loops: &[Loop]) -> Log {
        let log = self.run_once::<DATA, 512>(loops[0], Manner::PLAIN);
        for how in loops {
            for manner in self.manners() {
                let same = |other: Log| assert_eq!(other, log, "{how:?} {manner:?}");
                same(self.run_once::<DATA, 1>(*how, manner));
                same(self.run_once::<DATA, 16>(*how, manner));
                same(self.run_once::<DATA, 512>(*how, manner));
            }
        }
        log
    }

    fn manners(&self) -> Vec<Manner> {
        let mut manners = Vec::new();
        for pends in [false, self.may_pend] {
            for read in [1, 7, usize::MAX] {
                for write in [1, usize::MAX] {
                    manners.push(Manner { pends, read, write });
                }
            }
        }
        manners
    }

    fn run_once<const DATA: usize, const CHUNK: usize>(&self, how: Loop, manner: Manner) -> Log {
        let world = World::new(manner, &self.connections, self.ready_takes);
        let mut decoder = Decoder::<DATA>::new();
        decoder.set_last_event_id(self.last_event_id).unwrap();
        decoder.show_comments(true);
        let mut remembered = vec![0; self.remember];
        let mut attempt = 0;
        let change = |draft: &mut Draft<'_>| {
            if let Some(change) = &self.change {
                change(attempt, draft);
            }
            attempt += 1;
        };
        let source = EventSource::new(self.request, self.policy, 1, &mut decoder).unwrap();
        let mut source = source.with_hooks(hooks::before_connect(change));
        source.remember_permanent_redirects(&mut remembered);
        let run = Run {
            world: &world,
            script: self,
            told: Cell::new(0),
        };
        let chunk = &mut [0; CHUNK];
        let stop = match how {
            Loop::Sse => world.block_on(run.sse(&mut source, chunk)),
            Loop::Sessions => world.block_on(run.sessions(&mut source, chunk)),
            Loop::Blocking => run.blocking(&mut source, chunk),
        };
        let line = line_of_stop(stop);
        match how {
            Loop::Sse | Loop::Blocking if stop.reason != StopReason::Closed => {
                let log = world.log.borrow();
                assert!(log.lines.last().unwrap().ends_with(&line), "{log:#?}");
            }
            _ => world.tell(&line),
        }
        world.log.take()
    }
}

struct Run<'r, 'a> {
    world: &'r World,
    script: &'r Script<'a>,
    told: Cell<usize>,
}

impl Run<'_, '_> {
    async fn sse<const DATA: usize, const CHUNK: usize, H: Hooks>(
        &self,
        source: &mut EventSource<'_, DATA, 64, H>,
        chunk: &mut [u8; CHUNK],
    ) -> Stop {
        let on_item = async |item: Item<'_>| {
            let flow = self.tell(item);
            self.world.sleep(self.busy_until()).await;
            flow
        };
        sse(&mut Dialer(self.world), self.world, source, chunk, on_item).await
    }

    async fn sessions<const DATA: usize, const CHUNK: usize, H: Hooks>(
        &self,
        source: &mut EventSource<'_, DATA, 64, H>,
        chunk: &mut [u8; CHUNK],
    ) -> Stop {
        let mut dialer = Dialer(self.world);
        loop {
            match Session::open(&mut dialer, self.world, source, chunk).await {
                Ok(mut session) => {
                    assert!(session.head().is_some());
                    while let Some(item) = session.next().await {
                        let flow = self.tell(item);
                        self.world.sleep(self.busy_until()).await;
                        if flow.is_break() {
                            session.close();
                        }
                    }
                    assert!(session.head().is_none());
                }
                Err(NoSession::Redirect) => {}
                Err(NoSession::Wait(wait)) => {
                    let flow = self.tell(Item::Lost(wait));
                    self.world.sleep(self.busy_until()).await;
                    if flow.is_break() {
                        source.close();
                    } else {
                        self.world.sleep(wait.until).await;
                    }
                }
                Err(NoSession::Stop(stop)) => return stop,
            }
        }
    }

    fn blocking<const DATA: usize, const CHUNK: usize, H: Hooks>(
        &self,
        source: &mut EventSource<'_, DATA, 64, H>,
        chunk: &mut [u8; CHUNK],
    ) -> Stop {
        let on_item = |item: Item<'_>| {
            let flow = self.tell(item);
            self.world.pass_until(self.busy_until());
            flow
        };
        blocking::sse(&mut Dialer(self.world), self.world, source, chunk, on_item)
    }

    fn tell(&self, item: Item<'_>) -> ControlFlow<()> {
        if let Item::Lost(wait) = item {
            assert_eq!(wait.until, self.world.time() + wait.delay);
        }
        self.world.tell(&line_of(item));
        let number = self.told.replace(self.told.get() + 1);
        if self.script.breaks_at == Some(number) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn busy_until(&self) -> std::time::Duration {
        self.world.time() + ms(self.script.busy)
    }
}

pub fn line_of(item: Item<'_>) -> String {
    match item {
        Item::Open(head) => format!("open {}", head.status()),
        Item::Event(event) if event.last_event_id.is_empty() => {
            format!("{}: {}", event.event_type, event.data)
        }
        Item::Event(event) => {
            let id = event.last_event_id;
            format!("{} {id}: {}", event.event_type, event.data)
        }
        Item::Comment(comment) => format!("comment{comment}"),
        Item::TooLong(part) => format!("too long: {part:?}"),
        Item::Lost(Wait { cause, delay, .. }) => format!("lost {cause:?} {}", delay.as_millis()),
        Item::Stopped(stop) => line_of_stop(stop),
        other => format!("{other:?}"),
    }
}

fn line_of_stop(stop: Stop) -> String {
    let reason = stop.reason;
    match stop.cause {
        Some(cause) => format!("stop {reason:?} {cause:?}"),
        None => format!("stop {reason:?}"),
    }
}
