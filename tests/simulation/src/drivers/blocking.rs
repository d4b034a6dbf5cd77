//! `blocking::sse` over the scripted transport.

use std::future::pending;
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use embedded_io::{ErrorType, Read, Write};
use embedded_sse::blocking::{Clock, Connect, sse};
use embedded_sse::io::{self as async_io, Connect as _};
use embedded_sse::{Item, Origin};

use super::clock::ClientClock;
use super::executor::Timers;
use super::spy::{Spy, SpyIo};
use super::transport::{self, Dialer};
use crate::device::{App, CHUNK, Source};
use crate::memory;
use crate::plan::ms;
use crate::trace::Entry;

/// How long a read blocks.
const TICK: Duration = ms(100);

/// Follows the source, and restarts it, until the application is interrupted.
pub fn follow(app: &App<'_>, source: &mut Source<'_>) {
    let timers = &Timers::new(app.world);
    let clock = ClientClock::new(app, timers);
    let mut connect = Blocking {
        inner: Spy {
            app,
            inner: Dialer(timers),
        },
        app,
        timers,
    };
    loop {
        let on_item = |item: Item<'_>| {
            if app.has("loses the second item when stopped") {
                if app.is_interrupted() {
                    return ControlFlow::Break(());
                }
                clock.asks_later.set(true);
            }
            let reaction = app.item(item);
            app.world.pass_until(reaction.busy_until);
            if reaction.breaks {
                app.world.tell(Entry::Broke);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        memory::client(|| sse(&mut connect, &clock, source, &mut [0; CHUNK], on_item));
        let pause = app.world.now() + ms(app.world.plan.settings.restart_after);
        let _never: Option<()> = timers.run(app, pause, pin!(pending()));
        if app.is_interrupted() {
            return;
        }
        app.restart(source);
    }
}

/// The clock stops the loop when the application is interrupted.
impl Clock for ClientClock<'_, '_, &Timers<'_>> {
    fn now(&self) -> Duration {
        async_io::Clock::now(self)
    }

    fn sleep_until(&self, time: Duration) {
        let sleep = pin!(async_io::Clock::sleep_until(self, time));
        self.device.run(self.app, Duration::MAX, sleep);
    }

    fn is_stopped(&self) -> bool {
        if self.asks_later.take() {
            return false;
        }
        self.device.sleep_if_due(self.app);
        self.app.is_interrupted()
    }
}

/// The scripted transport, which blocks instead of waiting.
struct Blocking<'r, 'w, T> {
    inner: T,
    app: &'r App<'w>,
    timers: &'r Timers<'w>,
}

impl<'r, 'w> Connect for Blocking<'r, 'w, Spy<'r, 'w, Dialer<'r, 'w>>> {
    type Error = ();
    type Io<'c>
        = Blocking<'r, 'w, SpyIo<'r, 'w, transport::Io<'r, 'w>>>
    where
        Self: 'c;

    fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, ()> {
        let (app, timers) = (self.app, self.timers);
        let until = timers.world.to_world(deadline.unwrap_or(Duration::MAX));
        let connected = timers.run(app, until, pin!(self.inner.connect(origin, deadline)));
        let inner = connected.ok_or(())??;
        Ok(Blocking { inner, app, timers })
    }
}

impl<T: embedded_io_async::ErrorType> ErrorType for Blocking<'_, '_, T> {
    type Error = io::Error;
}

impl<T: embedded_io_async::Read<Error = io::Error>> Read for Blocking<'_, '_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let tick = match self.app.world.bug {
            "notices silence late" => TICK * 30,
            "never notices silence" => Duration::MAX,
            _ => TICK,
        };
        let until = self.timers.world.now().saturating_add(tick);
        let read = self
            .timers
            .run(self.app, until, pin!(self.inner.read(buffer)));
        read.unwrap_or_else(|| Err(ErrorKind::TimedOut.into()))
    }
}

impl<T: embedded_io_async::Write<Error = io::Error>> Write for Blocking<'_, '_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let until = self.timers.world.now() + TICK;
        let written = self
            .timers
            .run(self.app, until, pin!(self.inner.write(bytes)));
        written.unwrap_or_else(|| Err(ErrorKind::TimedOut.into()))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
