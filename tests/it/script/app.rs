//! The application: it logs each item, and obeys the commands of the script.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use embedded_sse::hooks::Hooks;
use embedded_sse::{Draft, EventSource, Head, Item, Stop, StopReason, Verdict};

use super::log::{Response, lines_of};
use super::{Script, World, ms};

/// What the application does at a line of the log. It obeys each command once.
#[derive(Clone, Copy)]
pub enum Command {
    Close,
    Restart,
}

pub struct App<'r> {
    pub world: &'r World,
    commands: RefCell<Vec<(&'static str, Command)>>,
    breaks_at: Option<usize>,
    busy: u64,
    told: Cell<usize>,
    /// The command at the last item.
    command: Cell<Option<Command>>,
}

impl<'r> App<'r> {
    pub fn new(script: &Script<'_>, world: &'r World) -> Self {
        Self {
            world,
            commands: RefCell::new(script.commands.clone()),
            breaks_at: script.breaks_at,
            busy: script.busy,
            told: Cell::new(0),
            command: Cell::new(None),
        }
    }

    /// Logs an item. Returns the command that the application obeys at it.
    pub fn item(&self, item: Item<'_>) -> Option<Command> {
        {
            let mut log = self.world.log.borrow_mut();
            match item {
                Item::Lost(wait) => {
                    assert_eq!(wait.until, self.world.time() + wait.delay);
                    log.losses.push(wait.cause);
                    log.delays.push(wait.delay.as_millis().try_into().unwrap());
                }
                Item::Stopped(stop) => {
                    log.losses.extend(stop.cause);
                    log.stop = Some(stop);
                }
                _ => {}
            }
        }
        let number = self.told.replace(self.told.get() + 1);
        let mut command = (self.breaks_at == Some(number)).then_some(Command::Close);
        for line in lines_of(item) {
            let mut commands = self.commands.borrow_mut();
            let place = commands
                .iter()
                .position(|(start, _)| line.starts_with(start));
            if let Some(place) = place {
                command = Some(commands.remove(place).1);
            }
            self.world.told(line);
        }
        self.command.set(command);
        command
    }

    /// Until when the application is busy with an item that it gets now.
    pub fn busy_until(&self) -> Duration {
        self.world.time() + ms(self.busy)
    }

    /// Call this after a loop has returned. It logs a stop that the loop did not report, and obeys
    /// the command at it. Returns whether the loop must run again.
    pub fn goes_on<const DATA: usize, H: Hooks>(
        &self,
        stop: Stop,
        source: &mut EventSource<'_, DATA, 64, H>,
    ) -> bool {
        // A callback cannot restart a source that its loop has borrowed, so it returned `Break`.
        let closed = stop.reason == StopReason::Closed;
        if !closed || !matches!(self.command.take(), Some(Command::Restart)) {
            if closed {
                self.item(Item::Stopped(stop));
            }
            let response = source.response().map(Response::new);
            self.world.log.borrow_mut().response = response;
            if !matches!(self.command.take(), Some(Command::Restart)) {
                return false;
            }
        }
        source.restart();
        true
    }
}

/// A `before_connect` hook that also gets the number of the attempt.
pub type Change<'a> = dyn Fn(usize, &mut Draft<'_>) + 'a;

/// The hooks that a script sets.
pub struct ScriptHooks<'r> {
    pub verdict: Option<fn(&Head<'_>, Verdict) -> Verdict>,
    pub change: Option<&'r Change<'r>>,
    pub attempt: usize,
}

impl Hooks for ScriptHooks<'_> {
    fn before_connect(&mut self, draft: &mut Draft<'_>) {
        if let Some(change) = self.change {
            change(self.attempt, draft);
        }
        self.attempt += 1;
    }

    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        self.verdict.map_or(verdict, |judge| judge(head, verdict))
    }
}
