//! The blocking loop over the scripted transport.

use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::time::Duration;

use embedded_io::{ErrorType, Read, Write};
use embedded_sse::blocking::{Clock, Connect, sse};
use embedded_sse::{Item, Origin};

use super::End;
use crate::device::{App, CHUNK, Interruption, Source};
use crate::network::{Socket, World};
use crate::plan::ms;
use crate::trace::Entry;

/// How long a read blocks.
const TICK: Duration = ms(100);

pub fn drive(app: &App<'_>, source: &mut Source<'_>) -> End {
    loop {
        follow(app, source);
        let interruption = app.interruption();
        match interruption {
            None if app.world.is_over() => return End::Over,
            Some(Interruption::Reboot { torn, off }) => return End::Reboot { torn, off },
            Some(Interruption::Drop { until } | Interruption::Sleep { until }) => {
                // The loop has closed the source.
                app.world.tell(Entry::Dropped);
                app.world.pass_until(ms(until));
                app.world.tell(Entry::Slept);
            }
            Some(Interruption::Restart) => app.world.tell(Entry::Dropped),
            None => {
                let until = app.world.now() + ms(app.world.plan.settings.restart_after);
                app.world.pass_until(until.min(app.interrupted_at()));
            }
        }
        app.keep_time(source);
        source.restart();
        app.world.tell(Entry::Restarted);
    }
}

fn follow(app: &App<'_>, source: &mut Source<'_>) {
    let clock = Time(app);
    let on_item = |item: Item<'_>| {
        let reaction = app.item(item);
        app.world.pass_until(reaction.busy_until);
        if reaction.breaks {
            app.world.tell(Entry::Broke);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    sse(&mut Dialer(app), &clock, source, &mut [0; CHUNK], on_item);
}

/// The clock. It stops the loop when the application is interrupted.
struct Time<'r, 'w>(&'r App<'w>);

impl Clock for Time<'_, '_> {
    fn now(&self) -> Duration {
        self.0.world.device_now()
    }

    fn sleep_until(&self, time: Duration) {
        let time = self.0.world.to_world(time);
        self.0.world.pass_until(time.min(self.0.interrupted_at()));
    }

    fn is_stopped(&self) -> bool {
        self.0.is_interrupted()
    }
}

struct Dialer<'r, 'w>(&'r App<'w>);

impl<'w> Connect for Dialer<'_, 'w> {
    type Error = ();
    type Io<'c>
        = Io<'c, 'w>
    where
        Self: 'c;

    fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Io<'_, 'w>, ()> {
        let world: &'w World<'w> = self.0.world;
        let dial = world.dial(origin);
        let deadline = world.to_world(deadline.unwrap_or(Duration::MAX));
        let limit = deadline.min(self.0.interrupted_at());
        let at = dial.at.filter(|at| *at <= limit);
        world.pass_until(at.unwrap_or(limit));
        at.ok_or(())?;
        let socket = world.dialled(&dial).ok_or(())?;
        Ok(Io {
            socket,
            app: self.0,
        })
    }
}

struct Io<'r, 'w> {
    socket: Socket<'w>,
    app: &'r App<'w>,
}

impl ErrorType for Io<'_, '_> {
    type Error = io::Error;
}

impl Read for Io<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let world = self.app.world;
        if let Some(result) = self.socket.read(buffer) {
            return result;
        }
        let until = (world.now() + TICK).min(self.app.interrupted_at());
        let next = self.socket.next().filter(|next| *next <= until);
        world.pass_until(next.unwrap_or(until));
        match self.socket.read(buffer) {
            Some(result) => result,
            None => Err(ErrorKind::TimedOut.into()),
        }
    }
}

impl Write for Io<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
