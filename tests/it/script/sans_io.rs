//! The canonical loop, driven by hand.

use std::io::{self, ErrorKind};
use std::time::Duration;

use embedded_sse::hooks::Hooks;
use embedded_sse::{EventSource, Item, Step, Stop, Wait};

use super::World;
use super::app::{App, Command};
use super::log::Response;
use super::socket::Socket;

/// After this many turns, the loop counts as endless.
const MOST_TURNS: usize = 1_000_000;

/// A step that borrows nothing.
#[derive(Debug, PartialEq)]
enum Todo {
    Connect(Option<Duration>),
    Write(Vec<u8>, Option<Duration>),
    Read(Option<Duration>),
    Wait(Wait),
    Stop(Stop),
}

pub struct Run<'r, 's, 'a, const DATA: usize, H> {
    source: &'s mut EventSource<'a, DATA, 64, H>,
    world: &'r World,
    app: &'r App<'r>,
    socket: Option<Socket<'r>>,
    /// Whether a new attempt begins, so that the network must be ready.
    begins: bool,
    /// For the bytes of a read.
    buffer: Vec<u8>,
}

impl<'r, 's, 'a, const DATA: usize, H: Hooks> Run<'r, 's, 'a, DATA, H> {
    pub fn new(app: &'r App<'r>, source: &'s mut EventSource<'a, DATA, 64, H>) -> Self {
        Self {
            source,
            world: app.world,
            app,
            socket: None,
            begins: true,
            buffer: vec![0; 1 << 17],
        }
    }

    pub fn run(mut self) {
        let turns = (0..MOST_TURNS).take_while(|_| self.turn());
        assert!(turns.count() < MOST_TURNS, "a loop without end");
    }

    /// One turn of the canonical loop. Returns whether there is a next one.
    fn turn(&mut self) -> bool {
        if self.begins {
            self.begins = false;
            self.socket = None;
            self.world.pass_until(self.now() + self.world.ready_takes);
            self.world.tell("ready");
        }
        let todo = self.todo();
        // A wait of zero length is over at the next step.
        if self.world.manner.meddles && !matches!(todo, Todo::Wait(wait) if wait.delay.is_zero()) {
            self.meddle(&todo);
        }
        if !matches!(todo, Todo::Write(..) | Todo::Read(_)) {
            self.socket = None;
        }
        match todo {
            Todo::Connect(deadline) => self.connect(deadline),
            Todo::Write(bytes, deadline) => self.write(&bytes, deadline),
            Todo::Read(deadline) if !self.socket().is_flushed() => self.flush(deadline),
            Todo::Read(deadline) => self.read(deadline),
            Todo::Wait(wait) => self.wait(wait),
            Todo::Stop(stop) => self.stop(stop),
        }
    }

    fn todo(&mut self) -> Todo {
        match self.source.step(self.world.time()) {
            Step::Connect { deadline, .. } => Todo::Connect(deadline),
            Step::Write { deadline } => {
                let mut memory = [0; 4096];
                // More bytes than the socket then takes.
                let len = self.world.manner.write.saturating_mul(2);
                let memory = &mut memory[..len.min(4096)];
                Todo::Write(self.source.request(memory).to_vec(), deadline)
            }
            Step::Read { deadline } => Todo::Read(deadline),
            Step::Wait(wait) => Todo::Wait(wait),
            Step::Stop(stop) => Todo::Stop(stop),
        }
    }

    /// Makes every call that does not fit the current step.
    fn meddle(&mut self, todo: &Todo) {
        let now = self.now();
        // At the deadline of a read, this call would not be spurious.
        if !matches!(todo, Todo::Read(Some(deadline)) if *deadline <= now) {
            self.source.timed_out(now);
        }
        self.source.wrote(0);
        assert!(self.source.receive(&mut &[][..], now).is_none());
        if !matches!(todo, Todo::Connect(..)) {
            self.source.connected(now);
        }
        if !matches!(todo, Todo::Write(..)) {
            self.source.wrote(1);
        }
        if matches!(todo, Todo::Wait(_) | Todo::Stop(_)) {
            self.source.failed(now);
            self.source.ended(now);
        }
        if !matches!(todo, Todo::Read(_)) {
            let mut late = &b"\n\ndata: late\n\n"[..];
            assert!(self.source.receive(&mut late, now).is_none());
        }
        if !matches!(todo, Todo::Stop(_)) {
            assert!(self.source.response().is_none());
        }
        assert_eq!(self.todo(), *todo);
    }

    fn connect(&mut self, deadline: Option<Duration>) -> bool {
        let Step::Connect { origin, .. } = self.source.step(self.world.time()) else {
            panic!("the step has changed");
        };
        let Some(connection) = self.world.dial(origin) else {
            return false;
        };
        let made = match connection.made_after {
            Some(after) => Some(self.now() + super::ms(after)),
            None if deadline.is_none() => return self.silent(),
            None => None,
        };
        let Some(made) = made.filter(|made| deadline.is_none_or(|deadline| *made <= deadline))
        else {
            // Call neither `connected` nor `failed`: the next step notices the deadline.
            self.sleep(deadline);
            return true;
        };
        self.sleep(Some(made));
        match Socket::new(self.world, connection) {
            Ok(socket) => {
                self.socket = Some(socket);
                self.source.connected(self.now());
            }
            Err(_) => self.source.failed(self.now()),
        }
        true
    }

    fn write(&mut self, bytes: &[u8], deadline: Option<Duration>) -> bool {
        match self.socket().try_write(bytes) {
            Some(Ok(0)) => self.source.failed(self.now()),
            Some(Ok(len)) => self.source.wrote(len),
            Some(Err(error)) => self.error(&error),
            None => return self.time_out(deadline),
        }
        true
    }

    fn flush(&mut self, deadline: Option<Duration>) -> bool {
        match self.socket().try_flush() {
            Some(Ok(())) => {}
            Some(Err(error)) => self.error(&error),
            None => return self.time_out(deadline),
        }
        true
    }

    fn read(&mut self, deadline: Option<Duration>) -> bool {
        let mut buffer = std::mem::take(&mut self.buffer);
        let read = self.socket().try_read(&mut buffer);
        if let Some(Ok(len @ 1..)) = read {
            self.receive(&buffer[..len]);
        }
        self.buffer = buffer;
        match read {
            Some(Ok(0)) => self.source.ended(self.now()),
            Some(Ok(_)) => {}
            Some(Err(error)) => self.error(&error),
            None => {
                let next = self.socket().next_deed();
                let in_time = |at: &Duration| deadline.is_none_or(|deadline| *at <= deadline);
                match next.filter(in_time) {
                    Some(next) => self.sleep(Some(next)),
                    None => return self.time_out(deadline),
                }
            }
        }
        true
    }

    fn receive(&mut self, mut input: &[u8]) {
        let now = self.now();
        // Pass on the bytes after a command too. They must have no effect.
        while let Some(item) = self.source.receive(&mut input, self.world.time().max(now)) {
            let command = self.app.item(item);
            self.world.pass_until(self.app.busy_until());
            self.obey(command);
        }
    }

    fn error(&mut self, error: &io::Error) {
        match error.kind() {
            ErrorKind::Interrupted => self.source.timed_out(self.now()),
            _ => self.source.failed(self.now()),
        }
    }

    fn time_out(&mut self, deadline: Option<Duration>) -> bool {
        if deadline.is_none() {
            return self.silent();
        }
        self.sleep(deadline);
        self.source.timed_out(self.now());
        true
    }

    fn wait(&mut self, wait: Wait) -> bool {
        let command = self.app.item(Item::Lost(wait));
        self.world.pass_until(self.app.busy_until());
        if !self.obey(command) {
            self.sleep(Some(wait.until));
            self.begins = true;
        }
        true
    }

    fn stop(&mut self, stop: Stop) -> bool {
        let command = self.app.item(Item::Stopped(stop));
        let response = self.source.response().map(Response::new);
        self.world.log.borrow_mut().response = response;
        self.obey(command)
    }

    /// Returns whether there is a command.
    fn obey(&mut self, command: Option<Command>) -> bool {
        match command {
            Some(Command::Close) => self.source.close(),
            Some(Command::Restart) => {
                self.source.restart();
                self.begins = true;
            }
            None => return false,
        }
        true
    }

    fn silent(&mut self) -> bool {
        self.world.tell_silence();
        false
    }

    fn sleep(&mut self, until: Option<Duration>) {
        let until = until.unwrap();
        let now = self.now();
        if self.world.manner.meddles && until > now {
            let todo = self.todo();
            let half = now + (until - now) / 2;
            self.world.pass_until(half);
            self.source.timed_out(half);
            assert_eq!(self.todo(), todo);
        }
        self.world.pass_until(until);
    }

    fn now(&self) -> Duration {
        self.world.time()
    }

    fn socket(&mut self) -> &mut Socket<'r> {
        self.socket.as_mut().unwrap()
    }
}
