//! A scripted network and an application that uses it, on a simulated clock.
//!
//! Four runners run each script many times: the canonical loop driven by hand, `sse`, sessions, and
//! the blocking loop. The server's bytes arrive whole, one by one, or cut in two at every place. Reads
//! and writes are short. Async operations are pending first. The loop driven by hand makes harmless
//! calls in between. The log must be the same each time.
//!
//! The runners differ in some ways, and this module hides the differences from the log:
//! * A callback cannot restart a source that its loop has borrowed. It returns `Break`, and the source
//!   is restarted when the loop has returned. The stop in between is not in the log.
//! * The loops return after a close without reporting it. The log then gets the stop.
//! * A loop that nothing wakes does not return. It is left by unwinding.
//! * A blocking read returns `TimedOut` every [`TICK`](world::TICK), so the loop checks its deadlines
//!   only then. The times in scripts are multiples of it, or the script uses [`Script::run_async`].

mod app;
mod connection;
mod dialer;
mod log;
mod loops;
mod manners;
mod sans_io;
mod socket;
mod world;

use std::rc::Rc;

use embedded_sse::{Decoder, Draft, EventSource, Head, Policy, Request, Url, Verdict};

use app::{App, Change, ScriptHooks};
use sans_io::Run;

pub use app::Command;
pub use connection::{
    Connection, Cut, Deed, OPEN, Trouble, answers, gone, never_connects, opens, refuses, status,
};
pub use dialer::{Dialer, Plain};
pub use log::{Log, line_of};
pub use world::{Manner, World, ms};

/// A script with more bytes, or more reads of the clock, runs through the ready loops in some manners
/// only.
const MANY_BYTES: usize = 3000;
const MANY_LOOKS: usize = 1000;

pub fn url(text: &str) -> Url<'_> {
    Url::parse(text).unwrap()
}

/// A source for `http://h/` with the default policy.
pub fn default_source<const DATA: usize>(decoder: &mut Decoder<DATA>) -> EventSource<'_, DATA> {
    EventSource::new(Request::get(url("http://h/")), Policy::DEFAULT, 1, decoder).unwrap()
}

#[derive(Clone)]
pub struct Script<'a> {
    request: Request<'a>,
    policy: Policy,
    connections: Vec<Connection>,
    commands: Vec<(&'static str, Command)>,
    breaks_at: Option<usize>,
    verdict: Option<fn(&Head<'_>, Verdict) -> Verdict>,
    change: Option<Rc<Change<'a>>>,
    remember: usize,
    last_event_id: &'a str,
    shows_all: bool,
    has_tls: bool,
    ready_takes: u64,
    busy: u64,
    /// Whether an operation that could be done at once may be pending first.
    may_pend: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Runner {
    SansIo,
    Sse,
    Sessions,
    Blocking,
}

impl<'a> Script<'a> {
    /// A script with the default policy, but without jitter.
    pub fn new(request: Request<'a>) -> Self {
        Self {
            request,
            policy: Policy {
                jitter_percent: 0,
                ..Policy::DEFAULT
            },
            connections: Vec::new(),
            commands: Vec::new(),
            breaks_at: None,
            verdict: None,
            change: None,
            remember: 0,
            last_event_id: "",
            shows_all: false,
            has_tls: true,
            ready_takes: 0,
            busy: 0,
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

    /// The application obeys this command at the first line of the log that begins with `line`.
    pub fn on(mut self, line: &'static str, command: Command) -> Self {
        self.commands.push((line, command));
        self
    }

    /// The application closes the source at this item, counted from 0.
    pub fn breaks_at(mut self, item: usize) -> Self {
        self.breaks_at = Some(item);
        self
    }

    pub fn verdict(mut self, verdict: fn(&Head<'_>, Verdict) -> Verdict) -> Self {
        self.verdict = Some(verdict);
        self
    }

    /// Sets the `before_connect` hook, which also gets the number of the attempt.
    pub fn before_connect(mut self, change: impl Fn(usize, &mut Draft<'_>) + 'a) -> Self {
        self.change = Some(Rc::new(change));
        self
    }

    /// The source remembers permanent redirects, in this many bytes.
    pub fn remember(mut self, bytes: usize) -> Self {
        self.remember = bytes;
        self
    }

    pub fn last_event_id(mut self, id: &'a str) -> Self {
        self.last_event_id = id;
        self
    }

    /// The source returns comments and `retry` fields too.
    pub fn shows_all(mut self) -> Self {
        self.shows_all = true;
        self
    }

    /// The driver has no TLS.
    pub fn without_tls(mut self) -> Self {
        self.has_tls = false;
        self
    }

    /// `ready` takes this long at each attempt.
    pub fn ready_takes(mut self, ms: u64) -> Self {
        self.ready_takes = ms;
        self
    }

    /// The application takes this long over each item. Bytes that arrive meanwhile are read at once.
    pub fn busy(mut self, ms: u64) -> Self {
        self.busy = ms;
        self.may_pend = false;
        self
    }

    pub fn run(&self) -> Log {
        self.run_in::<2048>()
    }

    /// For tests with hundreds of scripts: a debug build runs the script in a few manners only. The server's
    /// bytes still arrive whole and one by one.
    pub fn run_briefly(&self) -> Log {
        if !cfg!(debug_assertions) {
            return self.run();
        }
        let log = self.run_manner(Runner::SansIo, Manner::PLAIN);
        let bytewise = Manner {
            cut: Cut::EachByte,
            ..Manner::PLAIN
        };
        for runner in [
            Runner::SansIo,
            Runner::Sse,
            Runner::Sessions,
            Runner::Blocking,
        ] {
            for manner in [Manner::PLAIN, bytewise] {
                let other = self.run_manner(runner, manner);
                assert_eq!(other, log, "{runner:?} {manner:?}");
            }
        }
        log
    }

    fn run_manner(&self, runner: Runner, manner: Manner) -> Log {
        self.run_once::<2048, 512>(runner, manner).0
    }

    /// Runs the script in every manner, until the source stops, waits forever, or asks for more
    /// connections than the script has.
    pub fn run_in<const DATA: usize>(&self) -> Log {
        use Runner::{Blocking, SansIo, Sessions, Sse};
        self.run_by::<DATA>(&[SansIo, Sse, Sessions, Blocking])
    }

    /// Runs only the blocking loop, for scripts where it differs from the other runners.
    pub fn run_blocking(&self) -> Log {
        self.run_by::<2048>(&[Runner::Blocking])
    }

    /// Runs all runners except the blocking loop.
    pub fn run_async(&self) -> Log {
        self.run_by::<2048>(&[Runner::SansIo, Runner::Sse, Runner::Sessions])
    }

    fn run_by<const DATA: usize>(&self, runners: &[Runner]) -> Log {
        let (log, _) = self.run_once::<DATA, 512>(runners[0], Manner::PLAIN);
        for runner in runners {
            let same = |(other, _): (Log, usize), manner| {
                assert_eq!(other, log, "{runner:?} {manner:?}");
            };
            if *runner == Runner::SansIo {
                for manner in self.driver_manners() {
                    same(self.run_once::<DATA, 512>(*runner, manner), manner);
                }
                continue;
            }
            let (plain, looks) = self.run_once::<DATA, 512>(*runner, Manner::PLAIN);
            same((plain, looks), Manner::PLAIN);
            let is_short = looks <= MANY_LOOKS && self.len() <= MANY_BYTES;
            for manner in self.loop_manners(*runner, is_short) {
                // With a chunk of one byte, all reads and writes are of one byte anyway.
                let reads_all = is_short && manner.read == usize::MAX;
                if reads_all || (!is_short && manner.read == 1) {
                    same(self.run_once::<DATA, 1>(*runner, manner), manner);
                }
                if reads_all || manner.read == 7 {
                    same(self.run_once::<DATA, 16>(*runner, manner), manner);
                }
                if is_short {
                    same(self.run_once::<DATA, 512>(*runner, manner), manner);
                }
            }
        }
        log
    }

    /// The number of bytes that the server sends.
    fn len(&self) -> usize {
        self.connections.iter().map(Connection::len).sum()
    }

    /// Returns the log, and how many times the clock was read.
    fn run_once<const DATA: usize, const CHUNK: usize>(
        &self,
        runner: Runner,
        manner: Manner,
    ) -> (Log, usize) {
        let world = World::new(manner, &self.connections, self.ready_takes);
        let mut decoder = Decoder::<DATA>::new();
        decoder.set_last_event_id(self.last_event_id).unwrap();
        decoder.show_comments(self.shows_all);
        decoder.show_retry(self.shows_all);
        let mut remembered = vec![0; self.remember];
        let source = EventSource::new(self.request, self.policy, 1, &mut decoder).unwrap();
        let mut source = source.with_hooks(ScriptHooks {
            verdict: self.verdict,
            change: self.change.as_deref(),
            attempt: 0,
        });
        source.remember_permanent_redirects(&mut remembered);
        let app = App::new(self, &world);
        let chunk = &mut [0; CHUNK];
        let dialer = &mut Dialer(&world);
        // Always this length: each other length would compile the loops again, for few scripts.
        let (plain, plain_chunk) = (&mut Plain(Dialer(&world)), &mut [0; 512]);
        world.run(|| match (runner, self.has_tls) {
            (Runner::SansIo, has_tls) => {
                if has_tls {
                    source.allow_tls();
                }
                Run::new(&app, &mut source).run();
            }
            (Runner::Sse, true) => {
                world.block_on(loops::run_sse(&app, dialer, &mut source, chunk));
            }
            (Runner::Sse, false) => {
                world.block_on(loops::run_sse(&app, plain, &mut source, plain_chunk));
            }
            (Runner::Sessions, true) => {
                world.block_on(loops::run_sessions(&app, dialer, &mut source, chunk));
            }
            (Runner::Sessions, false) => {
                world.block_on(loops::run_sessions(&app, plain, &mut source, plain_chunk));
            }
            (Runner::Blocking, true) => loops::run_blocking(&app, dialer, &mut source, chunk),
            (Runner::Blocking, false) => loops::run_blocking(&app, plain, &mut source, plain_chunk),
        });
        let last_event_id = source.decoder().last_event_id().to_owned();
        world.log.borrow_mut().last_event_id = last_event_id;
        (world.log.take(), world.looks())
    }
}
