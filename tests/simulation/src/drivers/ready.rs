//! The three ways to follow a source with async functions: by hand, with `io::sse`, and with sessions.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use embassy_futures::select::{Either, select};
use embedded_io_async::{Read, Write};
use embedded_sse::io::{Clock, Connect, NoSession, Session, sse};
use embedded_sse::{Item, Step, StopReason};

use super::clock::ClientClock;
use crate::device::{App, CHUNK, DATA, Ear, META, Reaction, Source};
use crate::plan::ms;
use crate::trace::Entry;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The canonical loop, which drives the source by hand.
    ByHand,
    /// `io::sse`.
    Sse,
    /// A loop over `io::Session`. Futures of `next` are dropped after a few polls.
    Sessions,
}

/// Follows the source, and restarts it whenever it stops.
pub async fn follow(
    app: &App<'_>,
    device: impl Clock,
    connect: &mut impl Connect,
    source: &mut Source<'_>,
    way: Way,
) {
    let clock = &ClientClock::new(app, device);
    loop {
        match way {
            Way::ByHand => by_hand(clock, connect, source).await,
            Way::Sse => {
                let on_item = async |item: Item<'_>| react(clock, app.item(item)).await;
                sse(connect, clock, source, &mut [0; CHUNK], on_item).await;
            }
            Way::Sessions => sessions(clock, connect, source).await,
        }
        let pause = ms(app.world.plan.settings.restart_after);
        clock.device.sleep_until(clock.device.now() + pause).await;
        app.restart(source);
    }
}

async fn react<K: Clock>(clock: &ClientClock<'_, '_, K>, reaction: Reaction) -> ControlFlow<()> {
    let world = clock.app.world;
    let busy = reaction.busy_until.saturating_sub(world.now());
    if !busy.is_zero() {
        clock.device.sleep_until(clock.device.now() + busy).await;
    }
    match reaction.breaks {
        true => {
            world.tell(Entry::Broke);
            ControlFlow::Break(())
        }
        false => ControlFlow::Continue(()),
    }
}

/// Does what an application does between two connections. Returns whether the source has stopped.
async fn between<K: Clock>(
    clock: &ClientClock<'_, '_, K>,
    source: &mut Source<'_>,
    none: NoSession,
) -> bool {
    let app = clock.app;
    match none {
        NoSession::Redirect => {}
        NoSession::Wait(wait) => {
            if react(clock, app.item(Item::Lost(wait))).await.is_break() {
                source.close();
                return false;
            }
            if app.has("never backs off") {
                source.set_failures(0);
            }
            while clock.now() < wait.until {
                clock.sleep_until(wait.until).await;
            }
        }
        NoSession::Stop(stop) => {
            if stop.reason != StopReason::Closed {
                app.item(Item::Stopped(stop));
            }
            return true;
        }
    }
    false
}

// ---- by hand ----

async fn by_hand<K: Clock, C: Connect>(
    clock: &ClientClock<'_, '_, K>,
    connect: &mut C,
    source: &mut Source<'_>,
) {
    if C::TLS {
        source.allow_tls();
    }
    loop {
        connect.ready().await;
        let none = match source.step(clock.now()) {
            Step::Connect { origin, deadline } => {
                match before(clock, deadline, connect.connect(origin, deadline)).await {
                    Some(Ok(io)) => {
                        source.connected(clock.now());
                        transfer(clock, source, io).await
                    }
                    Some(Err(_)) => {
                        source.failed(clock.now());
                        continue;
                    }
                    // The next step applies the deadline.
                    None => continue,
                }
            }
            Step::Wait(wait) => NoSession::Wait(wait),
            Step::Stop(stop) => NoSession::Stop(stop),
            // The connection of a future that was dropped.
            Step::Write { .. } | Step::Read { .. } => {
                source.failed(clock.now());
                continue;
            }
        };
        if between(clock, source, none).await {
            return;
        }
    }
}

/// Writes and reads until the connection is over.
async fn transfer<K: Clock>(
    clock: &ClientClock<'_, '_, K>,
    source: &mut Source<'_>,
    mut io: impl Read + Write,
) -> NoSession {
    let app = clock.app;
    let mut chunk = [0; CHUNK];
    loop {
        match source.step(clock.now()) {
            Step::Write { deadline } => {
                let write = io.write(source.request(&mut chunk));
                match before(clock, deadline, write).await {
                    Some(Ok(written @ 1..)) => source.wrote(written),
                    Some(_) => source.failed(clock.now()),
                    None => {}
                }
                if let Some(Err(_)) = before(clock, deadline, io.flush()).await {
                    source.failed(clock.now());
                }
            }
            Step::Read { deadline } => match before(clock, deadline, io.read(&mut chunk)).await {
                Some(Ok(0)) => source.ended(clock.now()),
                Some(Ok(len)) => {
                    let mut input = &chunk[..len];
                    while let Some(item) = source.receive(&mut input, clock.now()) {
                        if react(clock, app.item(item)).await.is_break() {
                            source.close();
                        }
                        if app.has("drops the rest of a read") {
                            break;
                        }
                    }
                }
                Some(Err(_)) => source.failed(clock.now()),
                None => source.timed_out(clock.now()),
            },
            Step::Connect { .. } => return NoSession::Redirect,
            Step::Wait(wait) => return NoSession::Wait(wait),
            Step::Stop(stop) => return NoSession::Stop(stop),
        }
    }
}

async fn before<F: Future>(
    clock: &impl Clock,
    deadline: Option<Duration>,
    future: F,
) -> Option<F::Output> {
    let deadline = clock.sleep_until(deadline.unwrap_or(Duration::MAX));
    match select(future, deadline).await {
        Either::First(output) => Some(output),
        Either::Second(()) => None,
    }
}

// ---- sessions ----

/// The documentation's loop with sessions.
async fn sessions<K: Clock>(
    clock: &ClientClock<'_, '_, K>,
    connect: &mut impl Connect,
    source: &mut Source<'_>,
) {
    let mut chunk = [0; CHUNK];
    loop {
        let none = match Session::open(connect, clock, source, &mut chunk).await {
            Ok(mut session) => {
                let mut patience = 0;
                while let Some(reaction) = next(clock.app, &mut session, &mut patience).await {
                    if react(clock, reaction).await.is_break() {
                        session.close();
                    }
                }
                continue;
            }
            Err(none) => none,
        };
        if between(clock, source, none).await {
            return;
        }
    }
}

/// Waits for the next item. The future of `next` is dropped after one, two or three polls, which must lose
/// nothing.
async fn next<Io: Read + Write, K: Clock>(
    app: &App<'_>,
    session: &mut Session<'_, '_, Io, K, DATA, META, Ear<'_>>,
    patience: &mut u32,
) -> Option<Reaction> {
    let mut drops = 0;
    loop {
        *patience = *patience % 3 + 1;
        let mut left = *patience;
        let mut next = pin!(session.next());
        let result = poll_fn(|context| match next.as_mut().poll(context) {
            Poll::Ready(item) => Poll::Ready(Some(item)),
            Poll::Pending => {
                left -= 1;
                match left {
                    0 => Poll::Ready(None),
                    _ => Poll::Pending,
                }
            }
        });
        match result.await {
            None => drops += 1,
            Some(Some(Item::Event(_)))
                if drops > 0 && app.has("loses the item after a dropped next") =>
            {
                drops = 0;
            }
            Some(item) => return item.map(|item| app.item(item)),
        }
    }
}
