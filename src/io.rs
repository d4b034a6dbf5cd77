//! The canonical loop over `embedded-io-async`: for a transport and a clock of your own.

#![expect(
    clippy::manual_async_fn,
    reason = "an `async fn` keeps all it is given twice"
)]

mod no_session;
#[cfg(test)]
mod send;
mod session;
mod wait;

use core::future::Future;
use core::ops::ControlFlow;
use core::time::Duration;

use embedded_io_async::{Read, Write};

use crate::hooks::Hooks;
use crate::item::Item;
use crate::source::EventSource;
use crate::step::{Stop, StopReason};
use crate::url::Origin;

pub use no_session::NoSession;
pub use session::Session;
use wait::yield_now;

/// What makes connections: TCP, or TLS over it.
///
/// Dropping what [`connect`](Self::connect) has returned closes the connection.
#[allow(async_fn_in_trait, reason = "an executor of firmware moves no future")]
pub trait Connect {
    /// Whether it does TLS. If not, an `https` URL stops the source, and is never asked for here.
    const TLS: bool = false;
    /// Why there is no connection. The loops ignore it: log it in `connect`.
    type Error;
    /// A connection. When a future of its `read` is dropped, no byte may be lost; when one of its
    /// `write` is dropped, no byte may have been sent. The request comes in pieces as long as the
    /// caller's `chunk`, then a flush. After an error of the kind
    /// `Interrupted` the loop tries again; any other error is a loss.
    type Io<'c>: Read + Write
    where
        Self: 'c;

    /// Waits until there is a network at all: a link, an address. An attempt, and with it the
    /// connect timeout, begins after that.
    async fn ready(&mut self) {}

    /// Asks the DNS, connects, and does the handshake of TLS if the scheme is
    /// [`Https`](crate::Scheme::Https). It is dropped at the deadline, if there is one.
    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, Self::Error>;
}

/// What time it is, and waiting for another.
#[allow(async_fn_in_trait, reason = "an executor of firmware moves no future")]
pub trait Clock {
    /// The time since any fixed moment. It does not go back.
    fn now(&self) -> Duration;
    /// Returns at that time or soon after, at once if it has passed.
    async fn sleep_until(&self, time: Duration);
}

/// Follows an event source until it stops, and returns why: the whole loop.
///
/// `on_item` gets all that comes: [`Item::Open`], what the stream brings, [`Item::Lost`] with the
/// cause before each wait, [`Item::Stopped`]. When it breaks, the source is closed. `chunk` is where
/// bytes are read to; its size limits nothing but how much is borrowed instead of copied.
///
/// The future may be dropped at any time: the connection closes, and calling this again with the
/// same source resumes after its last event ID, after the wait that a loss has; call
/// [`restart`](EventSource::restart) first to spare that. An item of the stream that `on_item` was
/// dropped with counts as handed out; a loss or stop is told again. To look at other things between
/// items, use a [`Session`], whose [`next`](Session::next) can be dropped without any loss.
pub fn sse<C: Connect, H: Hooks, const CHUNK: usize, const DATA: usize, const META: usize>(
    connect: &mut C,
    clock: &impl Clock,
    source: &mut EventSource<'_, DATA, META, H>,
    chunk: &mut [u8; CHUNK],
    mut on_item: impl AsyncFnMut(Item<'_>) -> ControlFlow<()>,
) -> impl Future<Output = Stop> {
    async move {
        loop {
            match connection(connect, clock, source, chunk, &mut on_item).await {
                Ok(()) => {}
                // Each connection counts its transfers anew.
                Err(NoSession::Redirect) => yield_now().await,
                Err(NoSession::Wait(wait)) => {
                    let until = wait.until;
                    // Should this future be dropped there, the next one reports the loss again.
                    source.tell_again();
                    if on_item(Item::Lost(wait)).await.is_break() {
                        source.close();
                        continue;
                    }
                    let _told = source.step(clock.now());
                    // Without any wait, connections that fail at once would starve other tasks.
                    yield_now().await;
                    // A clock that wakes early would have the loss reported again.
                    while clock.now() < until {
                        clock.sleep_until(until).await;
                    }
                }
                Err(NoSession::Stop(stop)) => {
                    if stop.reason != StopReason::Closed {
                        let _ended = on_item(Item::Stopped(stop)).await;
                    }
                    return stop;
                }
            }
        }
    }
}

/// Follows one connection until it is over.
fn connection<C: Connect, H: Hooks, const CHUNK: usize, const DATA: usize, const META: usize>(
    connect: &mut C,
    clock: &impl Clock,
    source: &mut EventSource<'_, DATA, META, H>,
    chunk: &mut [u8; CHUNK],
    on_item: &mut impl AsyncFnMut(Item<'_>) -> ControlFlow<()>,
) -> impl Future<Output = Result<(), NoSession>> {
    async move {
        let mut session = Session::open(connect, clock, source, chunk).await?;
        while let Some(item) = session.next().await {
            if on_item(item).await.is_break() {
                session.close();
            }
        }
        Ok(())
    }
}
