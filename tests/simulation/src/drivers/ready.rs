//! The ready loops as an application uses them.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::pin;
use std::task::Poll;

use embedded_io_async::{Read, Write};
use embedded_sse::io::{Clock, Connect, NoSession, Session, sse};
use embedded_sse::{Item, Stop, StopReason};

use crate::device::{App, CHUNK, DATA, Ear, META, Reaction, Source};
use crate::plan::ms;
use crate::trace::Entry;

#[derive(Clone, Copy, Debug)]
pub enum Way {
    Sse,
    Sessions,
}

impl Way {
    /// For drivers that try both.
    pub fn of_seed(seed: u64) -> Self {
        match seed % 2 {
            0 => Self::Sse,
            _ => Self::Sessions,
        }
    }
}

/// Follows the source, and restarts it whenever it stops.
pub async fn follow(
    app: &App<'_>,
    clock: &impl Clock,
    connect: &mut impl Connect,
    source: &mut Source<'_>,
    way: Way,
) {
    loop {
        match way {
            Way::Sse => {
                let on_item = async |item: Item<'_>| react(clock, app, app.item(item)).await;
                sse(connect, clock, source, &mut [0; CHUNK], on_item).await;
            }
            Way::Sessions => {
                sessions(app, clock, connect, source).await;
            }
        }
        app.keep_time(source);
        let pause = ms(app.world.plan.settings.restart_after);
        clock.sleep_until(clock.now() + pause).await;
        source.restart();
        app.world.tell(Entry::Restarted);
    }
}

async fn react(clock: &impl Clock, app: &App<'_>, reaction: Reaction) -> ControlFlow<()> {
    let busy = reaction.busy_until.saturating_sub(app.world.now());
    if !busy.is_zero() {
        clock.sleep_until(clock.now() + busy).await;
    }
    if reaction.breaks {
        app.world.tell(Entry::Broke);
        return ControlFlow::Break(());
    }
    ControlFlow::Continue(())
}

/// The documentation's loop with sessions. A future of `next` is dropped after a few polls, which must
/// lose nothing.
async fn sessions(
    app: &App<'_>,
    clock: &impl Clock,
    connect: &mut impl Connect,
    source: &mut Source<'_>,
) -> Stop {
    let mut chunk = [0; CHUNK];
    loop {
        let none = match Session::open(connect, clock, source, &mut chunk).await {
            Ok(mut session) => {
                let mut patience = 0;
                while let Some(reaction) = next(app, &mut session, &mut patience).await {
                    if react(clock, app, reaction).await.is_break() {
                        session.close();
                    }
                }
                continue;
            }
            Err(none) => none,
        };
        match none {
            NoSession::Redirect => {}
            NoSession::Wait(wait) => {
                let reaction = app.item(Item::Lost(wait));
                if react(clock, app, reaction).await.is_break() {
                    source.close();
                } else {
                    clock.sleep_until(wait.until).await;
                }
            }
            NoSession::Stop(stop) => {
                if stop.reason != StopReason::Closed {
                    app.item(Item::Stopped(stop));
                }
                return stop;
            }
        }
    }
}

/// Waits for the next item. The future of `next` is dropped after one, two or three polls.
async fn next<Io: Read + Write, K: Clock>(
    app: &App<'_>,
    session: &mut Session<'_, '_, Io, K, DATA, META, Ear<'_>>,
    patience: &mut u32,
) -> Option<Reaction> {
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
        if let Some(item) = result.await {
            return item.map(|item| app.item(item));
        }
    }
}
