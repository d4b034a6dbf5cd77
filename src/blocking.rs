//! The loop of [`io`] over blocking `embedded-io`, for who has no executor.

use core::fmt;
use core::future::Future;
use core::ops::ControlFlow;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use embedded_io::{Error, ErrorKind};

use crate::hooks::Hooks;
use crate::io;
use crate::item::Item;
use crate::source::EventSource;
use crate::step::Stop;
use crate::url::Origin;

/// What makes connections: TCP, or TLS over it.
///
/// Dropping what [`connect`](Self::connect) has returned closes the connection.
pub trait Connect {
    /// Whether it does TLS. If not, an `https` URL stops the source, and is never asked for here.
    const TLS: bool = false;
    /// Why there is no connection. Nothing here looks at it: tell of it where it arises.
    type Error;
    /// A connection. A `read` or `write` that takes longer than, say, a tenth of a second has to
    /// fail with the kind `TimedOut`: only between two of them the deadlines are looked at. On Unix
    /// `std` says `WouldBlock` then, and `TimedOut` of a dead link: see `examples/tail/net.rs`.
    type Io<'c>: embedded_io::Read + embedded_io::Write
    where
        Self: 'c;

    /// Waits until there is a network at all: a link, an address.
    fn ready(&mut self) {}

    /// Asks the DNS, connects, and does the handshake of TLS if the scheme is
    /// [`Https`](crate::Scheme::Https). At the deadline, if there is one, it has to give up.
    fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, Self::Error>;
}

/// What time it is, and waiting for another.
pub trait Clock {
    /// The time since any fixed moment. It does not go back.
    fn now(&self) -> Duration;
    /// Returns at that time or soon after, at once if it has passed.
    fn sleep_until(&self, time: Duration);
}

/// Follows an event source until it stops, and returns why; see [`io::sse`], which this is.
pub fn sse<C: Connect, H: Hooks, const CHUNK: usize, const DATA: usize, const META: usize>(
    connect: &mut C,
    clock: &impl Clock,
    source: &mut EventSource<'_, DATA, META, H>,
    chunk: &mut [u8; CHUNK],
    mut on_item: impl FnMut(Item<'_>) -> ControlFlow<()>,
) -> Stop {
    let mut connect = Blocking(connect);
    let clock = Blocking(clock);
    finish(io::sse(
        &mut connect,
        &clock,
        source,
        chunk,
        async |item: Item<'_>| on_item(item),
    ))
}

/// All that it waits for blocks, so it is ready whenever it is asked.
fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// What blocks, in the clothes of what does not.
struct Blocking<T>(T);

impl<C: Connect> io::Connect for Blocking<&mut C> {
    const TLS: bool = C::TLS;
    type Error = C::Error;
    type Io<'c>
        = Blocking<C::Io<'c>>
    where
        Self: 'c;

    async fn ready(&mut self) {
        self.0.ready();
    }

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, Self::Error> {
        self.0.connect(origin, deadline).map(Blocking)
    }
}

impl<C: Clock> io::Clock for Blocking<&C> {
    fn now(&self) -> Duration {
        self.0.now()
    }

    async fn sleep_until(&self, time: Duration) {
        self.0.sleep_until(time);
    }
}

/// That the time is out says no more than that somebody should look at the clock.
#[derive(Debug)]
struct Passing<E>(E);

impl<E: Error> Error for Passing<E> {
    fn kind(&self) -> ErrorKind {
        match self.0.kind() {
            ErrorKind::TimedOut => ErrorKind::Interrupted,
            kind => kind,
        }
    }
}

impl<E: Error> core::error::Error for Passing<E> {}

impl<E: Error> fmt::Display for Passing<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<T: embedded_io::ErrorType> embedded_io_async::ErrorType for Blocking<T> {
    type Error = Passing<T::Error>;
}

impl<T: embedded_io::Read> embedded_io_async::Read for Blocking<T> {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Self::Error> {
        self.0.read(bytes).map_err(Passing)
    }
}

impl<T: embedded_io::Write> embedded_io_async::Write for Blocking<T> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        self.0.write(bytes).map_err(Passing)
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.0.flush().map_err(Passing)
    }
}
