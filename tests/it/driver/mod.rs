//! A scripted network around the canonical loop, on a clock that nobody waits for.
//!
//! Each script runs many times: its bytes whole, one by one, and cut in two at every place; its
//! writes in pieces; with harmless calls in between. The log must be the same each time.

// Each test file uses another part of it.
#![allow(dead_code)]

use std::collections::VecDeque;
use std::time::Duration;

use embedded_sse::hooks::{self, Hooks};
use embedded_sse::{
    Decoder, EventSource, Head, Item, LossCause, Policy, Request, Step, Stop, Url, Verdict, Wait,
};

pub const OPEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// More cuts than this are not all tried.
const MOST_CUTS: usize = 700;

/// More turns of the loop than this are taken for a loop without end.
const MOST_TURNS: usize = 1_000_000;

pub fn url(text: &str) -> Url<'_> {
    Url::parse(text).unwrap()
}

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// One connection of a script. Times are milliseconds.
#[derive(Clone)]
pub struct Connection {
    connect: Connect,
    takes: usize,
    deeds: Vec<(u64, Deed)>,
    clock: u64,
}

#[derive(Clone, Copy)]
enum Connect {
    After(u64),
    FailsAfter(u64),
    Never,
}

#[derive(Clone)]
enum Deed {
    Sends(Vec<u8>),
    Ends,
    Resets,
}

/// It is made at once, takes the request, sends this, and is silent unless more is said.
pub fn answers(bytes: impl AsRef<[u8]>) -> Connection {
    let silent = Connection {
        connect: Connect::After(0),
        takes: usize::MAX,
        deeds: Vec::new(),
        clock: 0,
    };
    silent.sends(bytes)
}

/// An accepted stream with this body.
pub fn opens(body: impl AsRef<[u8]>) -> Connection {
    answers(OPEN).sends(body)
}

/// A response with this status, these header lines, and no body.
pub fn status(status: u16, headers: &str) -> Connection {
    answers(format!("HTTP/1.1 {status} Reason\r\n{headers}\r\n"))
}

pub fn refuses() -> Connection {
    answers("").connects(Connect::FailsAfter(0))
}

pub fn never_connects() -> Connection {
    answers("").connects(Connect::Never)
}

impl Connection {
    fn connects(mut self, connect: Connect) -> Self {
        self.connect = connect;
        self
    }

    pub fn connects_after(self, ms: u64) -> Self {
        self.connects(Connect::After(ms))
    }

    pub fn refuses_after(self, ms: u64) -> Self {
        self.connects(Connect::FailsAfter(ms))
    }

    /// The connection fails when more of the request is written.
    pub fn takes(mut self, bytes: usize) -> Self {
        self.takes = bytes;
        self
    }

    pub fn pauses(mut self, ms: u64) -> Self {
        self.clock += ms;
        self
    }

    pub fn sends(self, bytes: impl AsRef<[u8]>) -> Self {
        let deed = Deed::Sends(bytes.as_ref().to_vec());
        self.does(deed)
    }

    pub fn ends(self) -> Self {
        self.does(Deed::Ends)
    }

    pub fn resets(self) -> Self {
        self.does(Deed::Resets)
    }

    fn does(mut self, deed: Deed) -> Self {
        self.deeds.push((self.clock, deed));
        self
    }

    fn bytes(&self) -> usize {
        let len = |(_, deed): &(u64, Deed)| match deed {
            Deed::Sends(bytes) => bytes.len(),
            Deed::Ends | Deed::Resets => 0,
        };
        self.deeds.iter().map(len).sum()
    }
}

/// What the application does when a line of the log begins in a certain way; each once.
#[derive(Clone, Copy)]
pub enum Command {
    Close,
    Restart,
}

#[derive(Clone)]
pub struct Script<'a> {
    request: Request<'a>,
    policy: Policy,
    connections: Vec<Connection>,
    commands: Vec<(&'static str, Command)>,
    verdict: Option<fn(&Head<'_>) -> Verdict>,
    remember: usize,
    last_event_id: &'a str,
    shows_all: bool,
    has_tls: bool,
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
            commands: Vec::new(),
            verdict: None,
            remember: 0,
            last_event_id: "",
            shows_all: false,
            has_tls: true,
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

    pub fn on(mut self, line: &'static str, command: Command) -> Self {
        self.commands.push((line, command));
        self
    }

    pub fn verdict(mut self, verdict: fn(&Head<'_>) -> Verdict) -> Self {
        self.verdict = Some(verdict);
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

    /// Comments and `retry` fields come out too.
    pub fn shows_all(mut self) -> Self {
        self.shows_all = true;
        self
    }

    /// The driver has no TLS.
    pub fn without_tls(mut self) -> Self {
        self.has_tls = false;
        self
    }

    pub fn run(&self) -> Log {
        self.run_in::<2048>()
    }

    /// Runs the script in every manner, until it stops or asks for a connection too many.
    pub fn run_in<const DATA: usize>(&self) -> Log {
        let log = self.run_once::<DATA>(Manner::PLAIN);
        for manner in self.manners() {
            assert_eq!(self.run_once::<DATA>(manner), log, "{manner:?}");
        }
        log
    }

    fn manners(&self) -> Vec<Manner> {
        let mut manners = Vec::new();
        for cut in [Cut::Never, Cut::EachByte] {
            for write in [1, 7, usize::MAX] {
                for meddles in [false, true] {
                    manners.push(Manner {
                        cut,
                        write,
                        meddles,
                    });
                }
            }
        }
        let bytes: usize = self.connections.iter().map(Connection::bytes).sum();
        let cuts = (1..bytes).step_by(bytes / MOST_CUTS + 1);
        manners.extend(cuts.map(|at| Manner {
            cut: Cut::At(at),
            meddles: at % 2 == 0,
            ..Manner::PLAIN
        }));
        manners
    }

    fn run_once<const DATA: usize>(&self, manner: Manner) -> Log {
        let mut decoder = Decoder::<DATA>::new();
        decoder.set_last_event_id(self.last_event_id).unwrap();
        decoder.show_comments(self.shows_all);
        decoder.show_retry(self.shows_all);
        let mut remembered = vec![0; self.remember];
        let judge = self.verdict.unwrap_or(Verdict::default_for);
        let judge = hooks::judge(move |head: &Head<'_>, _| judge(head));
        let source = EventSource::new(self.request, self.policy, 1, &mut decoder).unwrap();
        let mut source = source.with_hooks(judge);
        source.remember_permanent_redirects(&mut remembered);
        if self.has_tls {
            source.allow_tls();
        }
        let mut run = Run::new(self, manner, source);
        let turns = (0..MOST_TURNS).take_while(|_| run.turn());
        assert!(turns.count() < MOST_TURNS, "a loop without end");
        run.log.last_event_id = run.source.decoder().last_event_id().to_owned();
        run.log
    }
}

#[derive(Clone, Copy, Debug)]
struct Manner {
    cut: Cut,
    /// So many bytes are written at once.
    write: usize,
    meddles: bool,
}

#[derive(Clone, Copy, Debug)]
enum Cut {
    Never,
    EachByte,
    /// Counted over all that the script sends.
    At(usize),
}

impl Manner {
    const PLAIN: Self = Self {
        cut: Cut::Never,
        write: usize::MAX,
        meddles: false,
    };

    /// `start` is the place of `bytes` in all that the script sends.
    fn pieces(self, bytes: &[u8], start: usize) -> Vec<Vec<u8>> {
        match self.cut {
            Cut::EachByte => bytes.iter().map(|byte| vec![*byte]).collect(),
            Cut::At(at) if start < at && at < start + bytes.len() => {
                let (before, after) = bytes.split_at(at - start);
                vec![before.to_vec(), after.to_vec()]
            }
            Cut::Never | Cut::At(_) => vec![bytes.to_vec()],
        }
    }
}

/// What has happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// What the application was told, and after how many milliseconds.
    pub lines: Vec<(u64, String)>,
    /// Where connections were asked for.
    pub origins: Vec<String>,
    /// What was written on each connection that was made.
    pub requests: Vec<String>,
    pub losses: Vec<LossCause>,
    pub delays: Vec<u64>,
    /// The last one.
    pub stop: Option<Stop>,
    pub response: Option<Response>,
    pub last_event_id: String,
}

/// The response that has stopped the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Log {
    pub fn told(&self) -> Vec<&str> {
        self.lines.iter().map(|(_, line)| line.as_str()).collect()
    }

    pub fn time_of(&self, line: &str) -> u64 {
        let found = self.lines.iter().find(|(_, other)| other == line);
        found.unwrap_or_else(|| panic!("{line} in {self:#?}")).0
    }

    /// The value of a header of a request, if it is there; once at most.
    pub fn header(&self, request: usize, name: &str) -> Option<&str> {
        let (head, _) = self.requests[request].split_once("\r\n\r\n").unwrap();
        let mut values = head.split("\r\n").skip(1).filter_map(|line| {
            let (other, value) = line.split_once(": ").unwrap();
            other.eq_ignore_ascii_case(name).then_some(value)
        });
        let value = values.next();
        assert_eq!(values.next(), None, "{name} twice");
        value
    }

    /// The request line of each request, without the version.
    pub fn request_lines(&self) -> Vec<&str> {
        let requests = self.requests.iter();
        let lines = requests.map(|request| request.split_once(" HTTP/1.1\r\n").unwrap().0);
        lines.collect()
    }
}

/// A step that borrows nothing.
#[derive(Debug, PartialEq)]
enum Todo {
    Connect(String, Option<Duration>),
    Write(Vec<u8>),
    Read(Option<Duration>),
    Wait(Wait),
    Stop(Stop),
}

/// So that nothing relies on a clock that starts at 0.
const START: Duration = ms(123_456);

struct Run<'r, const DATA: usize, H> {
    source: EventSource<'r, DATA, 64, H>,
    manner: Manner,
    connections: VecDeque<Connection>,
    commands: Vec<(&'static str, Command)>,
    now: Duration,
    takes: usize,
    /// What is still to come on the present connection.
    deeds: VecDeque<(Duration, Deed)>,
    log: Log,
}

impl<'r, const DATA: usize, H: Hooks> Run<'r, DATA, H> {
    fn new(script: &Script<'_>, manner: Manner, source: EventSource<'r, DATA, 64, H>) -> Self {
        let mut start = 0;
        let mut connections = VecDeque::new();
        for connection in &script.connections {
            connections.push_back(cut(connection, manner, start));
            start += connection.bytes();
        }
        Self {
            source,
            manner,
            connections,
            commands: script.commands.clone(),
            now: START,
            takes: 0,
            deeds: VecDeque::new(),
            log: Log::default(),
        }
    }

    /// One turn of the canonical loop. Returns whether there is a next one.
    fn turn(&mut self) -> bool {
        let todo = self.todo();
        // A wait of no length is over with the next step.
        if self.manner.meddles && !matches!(todo, Todo::Wait(wait) if wait.delay.is_zero()) {
            self.meddle(&todo);
        }
        match todo {
            Todo::Connect(origin, deadline) => self.connect(origin, deadline),
            Todo::Write(bytes) => self.write(&bytes),
            Todo::Read(deadline) => self.read(deadline),
            Todo::Wait(wait) => self.wait(wait),
            Todo::Stop(stop) => self.stop(stop),
        }
    }

    fn todo(&mut self) -> Todo {
        match self.source.step(self.now) {
            Step::Connect { origin, deadline } => {
                let scheme = origin.scheme.as_str();
                let text = format!("{scheme} {} {}", origin.host, origin.port);
                Todo::Connect(text, deadline)
            }
            Step::Write { .. } => {
                let mut memory = [0; 4096];
                // More than is then written.
                let len = self.manner.write.saturating_mul(2).min(memory.len());
                Todo::Write(self.source.request(&mut memory[..len]).to_vec())
            }
            Step::Read { deadline } => Todo::Read(deadline),
            Step::Wait(wait) => Todo::Wait(wait),
            Step::Stop(stop) => Todo::Stop(stop),
        }
    }

    /// Every call that does not fit the present step.
    fn meddle(&mut self, todo: &Todo) {
        self.source.timed_out(self.now);
        self.source.wrote(0);
        assert!(self.source.receive(&mut &[][..], self.now).is_none());
        if !matches!(todo, Todo::Connect(..)) {
            self.source.connected(self.now);
        }
        if !matches!(todo, Todo::Write(_)) {
            self.source.wrote(1);
        }
        if matches!(todo, Todo::Wait(_) | Todo::Stop(_)) {
            self.source.failed(self.now);
            self.source.ended(self.now);
        }
        if !matches!(todo, Todo::Read(_)) {
            let mut late = &b"\n\ndata: late\n\n"[..];
            assert!(self.source.receive(&mut late, self.now).is_none());
        }
        if !matches!(todo, Todo::Stop(_)) {
            assert!(self.source.response().is_none());
        }
        assert_eq!(self.todo(), *todo);
    }

    fn connect(&mut self, origin: String, deadline: Option<Duration>) -> bool {
        let Some(connection) = self.connections.pop_front() else {
            return false;
        };
        self.log.origins.push(origin);
        self.deeds.clear();
        let after = match connection.connect {
            Connect::After(after) | Connect::FailsAfter(after) => self.now + ms(after),
            Connect::Never => Duration::MAX,
        };
        if after == Duration::MAX && deadline.is_none() {
            return self.tell("silent for ever".into());
        }
        if deadline.is_some_and(|deadline| deadline <= after) {
            // Neither `connected` nor `failed`: the next step finds the deadline.
            self.sleep(deadline);
            return true;
        }
        self.sleep(Some(after));
        if matches!(connection.connect, Connect::FailsAfter(_)) {
            self.source.failed(self.now);
            return true;
        }
        self.source.connected(self.now);
        self.log.requests.push(String::new());
        self.takes = connection.takes;
        let deeds = connection.deeds.into_iter();
        self.deeds = deeds.map(|(at, deed)| (self.now + ms(at), deed)).collect();
        true
    }

    fn write(&mut self, bytes: &[u8]) -> bool {
        let len = bytes.len().min(self.manner.write).min(self.takes);
        if len == 0 {
            self.source.failed(self.now);
            return true;
        }
        self.takes -= len;
        let request = self.log.requests.last_mut().unwrap();
        // Byte by byte, as a cut may lie in a character; so beyond ASCII it is Latin-1.
        request.extend(bytes[..len].iter().map(|byte| char::from(*byte)));
        self.source.wrote(len);
        true
    }

    fn read(&mut self, deadline: Option<Duration>) -> bool {
        let comes_at = self.deeds.front().map(|(at, _)| *at);
        if comes_at.is_none_or(|at| deadline.is_some_and(|deadline| deadline <= at)) {
            if deadline.is_none() {
                return self.tell("silent for ever".into());
            }
            self.sleep(deadline);
            self.source.timed_out(self.now);
            return true;
        }
        self.sleep(comes_at);
        match self.deeds.pop_front().unwrap().1 {
            Deed::Sends(bytes) => self.receive(&bytes),
            Deed::Ends => self.source.ended(self.now),
            Deed::Resets => self.source.failed(self.now),
        }
        true
    }

    fn receive(&mut self, mut input: &[u8]) {
        while let Some(item) = self.source.receive(&mut input, self.now) {
            let line = line_of(item);
            self.tell(line);
        }
    }

    fn wait(&mut self, wait: Wait) -> bool {
        self.lost(wait.cause);
        assert_eq!(wait.until, self.now + wait.delay);
        let delay = wait.delay.as_millis();
        self.log.delays.push(delay.try_into().unwrap());
        let told = self.tell(format!("wait {delay}"));
        if !told {
            self.sleep(Some(wait.until));
        }
        true
    }

    fn stop(&mut self, stop: Stop) -> bool {
        if let Some(cause) = stop.cause {
            self.lost(cause);
        }
        self.log.stop = Some(stop);
        self.log.response = self.source.response().map(|(head, body)| Response {
            status: head.status(),
            headers: owned(&head),
            body: String::from_utf8_lossy(body).into(),
        });
        self.tell(format!("stop {:?}", stop.reason))
    }

    fn lost(&mut self, cause: LossCause) {
        self.log.losses.push(cause);
        self.tell(format!("lost {cause:?}"));
    }

    /// Returns whether the application has done something about it.
    fn tell(&mut self, line: String) -> bool {
        let mut commands = self.commands.iter();
        let place = commands.position(|(start, _)| line.starts_with(start));
        let time = (self.now - START).as_millis().try_into().unwrap();
        self.log.lines.push((time, line));
        match place.map(|place| self.commands.remove(place).1) {
            Some(Command::Close) => self.source.close(),
            Some(Command::Restart) => self.source.restart(),
            None => return false,
        }
        true
    }

    fn sleep(&mut self, until: Option<Duration>) {
        let until = until.unwrap();
        if self.manner.meddles && until > self.now {
            let todo = self.todo();
            self.now += (until - self.now) / 2;
            self.source.timed_out(self.now);
            assert_eq!(self.todo(), todo);
        }
        self.now = until;
    }
}

/// The same connection, with what it sends cut in pieces.
fn cut(connection: &Connection, manner: Manner, mut start: usize) -> Connection {
    let mut deeds = Vec::new();
    for (at, deed) in &connection.deeds {
        if let Deed::Sends(bytes) = deed {
            let pieces = manner.pieces(bytes, start);
            deeds.extend(pieces.into_iter().map(|piece| (*at, Deed::Sends(piece))));
            start += bytes.len();
        } else {
            deeds.push((*at, deed.clone()));
        }
    }
    Connection {
        deeds,
        ..connection.clone()
    }
}

fn owned(head: &Head<'_>) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into();
    let headers = head.headers();
    headers
        .map(|(name, value)| (name.to_owned(), text(value)))
        .collect()
}

fn line_of(item: Item<'_>) -> String {
    match item {
        Item::Open(head) => format!("open {}", head.status()),
        Item::Event(event) => format!("{}: {}", event.event_type, event.data),
        Item::Comment(comment) => format!("comment{comment}"),
        Item::Retry(time) => format!("retry {}", time.as_millis()),
        Item::TooLong(part) => format!("too long: {part:?}"),
        other => format!("{other:?}"),
    }
}
