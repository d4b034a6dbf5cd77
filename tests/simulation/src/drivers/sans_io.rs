//! The canonical loop, driven by hand. All bugs of the control can be put into it.

use std::time::Duration;

use embedded_sse::{Item, Step, Stop, StopReason, Wait};

use super::End;
use super::tamper::Tamper;
use crate::device::{App, Bug, CHUNK, Interruption, Source};
use crate::network::{Dial, Socket};
use crate::plan::ms;
use crate::trace::Entry;

/// How late the bugs are that notice something late.
const LATE: Duration = ms(3_000);

/// After this many turns at one time, the loop counts as endless.
const MOST_TURNS: usize = 100_000;

enum Link<'w> {
    None,
    Dialling(Dial),
    Open(Socket<'w>),
}

pub struct SansIo<'r, 'w, 'a> {
    app: &'r App<'w>,
    source: &'r mut Source<'a>,
    link: Link<'w>,
    /// The wait that the application knows of.
    told: Option<Duration>,
    /// Whether the application knows of the stop.
    is_stopped: bool,
    losses: usize,
    tamper: Tamper,
}

impl<'r, 'w, 'a> SansIo<'r, 'w, 'a> {
    pub fn new(app: &'r App<'w>, source: &'r mut Source<'a>) -> Self {
        Self {
            tamper: Tamper::new(app.bug),
            app,
            source,
            link: Link::None,
            told: None,
            is_stopped: false,
            losses: 0,
        }
    }

    pub fn run(mut self) -> End {
        let (mut turns, mut last) = (0, self.app.world.now());
        loop {
            turns = match self.app.world.now() == last {
                true => turns + 1,
                false => 0,
            };
            last = self.app.world.now();
            assert!(turns < MOST_TURNS, "a loop without end");
            match self.app.interruption() {
                Some(Interruption::Reboot { torn, off }) => return End::Reboot { torn, off },
                Some(Interruption::Sleep { until }) => {
                    self.app.world.pass_until(ms(until));
                    self.app.world.tell(Entry::Slept);
                }
                Some(Interruption::Drop { until }) => {
                    self.app.world.tell(Entry::Dropped);
                    self.link = Link::None;
                    self.app.world.pass_until(ms(until));
                    self.app.world.tell(Entry::Slept);
                }
                Some(Interruption::Restart) => {
                    self.link = Link::None;
                    self.restart();
                }
                None if self.app.world.is_over() => return End::Over,
                None => self.turn(),
            }
        }
    }

    fn turn(&mut self) {
        match self.source.step(self.app.world.device_now()) {
            Step::Connect { origin, deadline } => {
                if !matches!(self.link, Link::Dialling(_)) {
                    self.link = Link::None;
                    self.link = Link::Dialling(self.app.world.dial(origin));
                }
                self.connect(deadline);
            }
            Step::Write { .. } => self.write(),
            Step::Read { deadline } => self.read(deadline),
            Step::Wait(wait) => self.wait(wait),
            Step::Stop(stop) => self.stop(stop),
        }
    }

    fn connect(&mut self, deadline: Option<Duration>) {
        let Link::Dialling(dial) = &self.link else {
            return;
        };
        let now = self.app.world.now();
        match dial.at {
            Some(at) if at <= now => match self.app.world.dialled(dial) {
                Some(socket) => {
                    self.link = Link::Open(socket);
                    self.source.connected(self.app.world.device_now());
                    self.tamper.connected();
                }
                None => {
                    self.link = Link::None;
                    self.source.failed(self.app.world.device_now());
                }
            },
            at => {
                let deadline = deadline.map(|deadline| self.app.world.to_world(deadline));
                self.pass_until(at, deadline);
                if deadline.is_some_and(|deadline| deadline <= self.app.world.now()) {
                    self.link = Link::None;
                    self.source.failed(self.app.world.device_now());
                }
            }
        }
    }

    fn write(&mut self) {
        let mut memory = [0; CHUNK];
        let bytes = self.source.request(&mut memory);
        let len = bytes.len();
        match &mut self.link {
            Link::Open(socket) if self.app.bug.is_some() => {
                let host = socket.host();
                let whole = self.tamper.request(bytes, host).unwrap_or_default();
                let mut rest = &whole[..];
                while let Ok(len @ 1..) = socket.write(rest) {
                    rest = &rest[len..];
                }
                self.source.wrote(len);
            }
            Link::Open(socket) => match socket.write(bytes) {
                Ok(len) => self.source.wrote(len),
                Err(_) => self.source.failed(self.app.world.device_now()),
            },
            _ => self.source.failed(self.app.world.device_now()),
        }
    }

    fn read(&mut self, deadline: Option<Duration>) {
        let now = self.app.world.device_now();
        let Link::Open(socket) = &mut self.link else {
            // The connection of an application that has dropped it.
            return self.source.failed(now);
        };
        let mut chunk = [0; CHUNK];
        match socket.read(&mut chunk) {
            Some(Ok(0)) => self.source.ended(now),
            Some(Ok(len)) => self.receive(&chunk[..len]),
            Some(Err(_)) if self.app.has(Bug::CallsAResetAnEnd) => self.source.ended(now),
            Some(Err(_)) => self.source.failed(now),
            None => {
                let next = socket.next();
                let late = match self.app.has(Bug::NoticesSilenceLate) {
                    true => LATE,
                    false => Duration::ZERO,
                };
                let deadline = deadline.map(|deadline| self.app.world.to_world(deadline) + late);
                let is_deaf = self.app.has(Bug::NeverNoticesSilence);
                self.pass_until(next, deadline.filter(|_| !is_deaf));
                if !is_deaf && deadline.is_some_and(|deadline| deadline <= self.app.world.now()) {
                    let arrived = next.is_some_and(|next| next <= self.app.world.now());
                    if !arrived {
                        self.source.timed_out(self.app.world.device_now());
                    }
                }
            }
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        let bytes = self.tamper.received(bytes);
        let mut input = &bytes[..];
        let world = self.app.world;
        while let Some(item) = self.source.receive(&mut input, world.device_now()) {
            let reaction = self.app.item(item);
            world.pass_until(reaction.busy_until);
            if reaction.breaks {
                self.close();
            }
            // A device that sleeps keeps the rest of the bytes. In all other cases the connection is lost.
            if self.app.is_interrupted() && !self.app.is_about_to_sleep() {
                return;
            }
        }
    }

    fn wait(&mut self, wait: Wait) {
        self.link = Link::None;
        let until = self.app.world.to_world(wait.until);
        if self.told != Some(until) {
            self.told = Some(until);
            self.losses += 1;
            let reaction = self.app.item(Item::Lost(wait));
            self.app.world.pass_until(reaction.busy_until);
            if self.app.has(Bug::NeverBacksOff) {
                self.source.set_failures(0);
            }
            if reaction.breaks {
                return self.close();
            }
        }
        if self.app.has(Bug::GivesUp) && self.losses >= 3 {
            return self.pass_until(None, None);
        }
        if self.app.has(Bug::WaitsTooShort) && !wait.delay.is_zero() {
            let half = until.saturating_sub(wait.delay / 2);
            self.pass_until(Some(half), None);
            if self.app.world.now() >= half {
                // The source believes that the wait is over.
                let _connect = self.source.step(wait.until);
            }
            return;
        }
        let late = match self.app.has(Bug::WaitsTooLong) {
            true => until + LATE,
            false => until,
        };
        self.pass_until(Some(late), None);
    }

    fn stop(&mut self, stop: Stop) {
        self.link = Link::None;
        if stop.reason != StopReason::Closed && !self.is_stopped {
            self.app.item(Item::Stopped(stop));
        }
        self.is_stopped = true;
        self.app.keep_time(self.source);
        if self.app.has(Bug::GoesOnAfterAStop) {
            return self.source.restart();
        }
        let until = self.app.world.now() + ms(self.app.world.plan.settings.restart_after);
        while self.app.world.now() < until && !self.app.is_interrupted() {
            self.pass_until(Some(until), None);
        }
        if !self.app.is_interrupted() {
            self.restart();
        }
    }

    fn close(&mut self) {
        self.app.world.tell(Entry::Broke);
        self.source.close();
    }

    fn restart(&mut self) {
        self.source.restart();
        self.told = None;
        self.is_stopped = false;
        self.app.world.tell(Entry::Restarted);
    }

    /// Lets the time pass until the first of these, or an interruption.
    fn pass_until(&self, first: Option<Duration>, second: Option<Duration>) {
        let interrupted = self.app.interrupted_at();
        let next = [first, second].into_iter().flatten().min();
        let next = next.unwrap_or(interrupted).min(interrupted);
        self.app.world.pass_until(next);
    }
}
