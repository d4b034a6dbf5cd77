//! The blocking driver: the loop of [`io`] over blocking `embedded-io`, without an executor.

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

/// Makes connections: TCP, or TLS over TCP. Dropping a connection closes it.
///
/// For `std`:
///
/// ```
/// use core::time::Duration;
/// use embedded_sse::Origin;
/// use embedded_sse::blocking::Connect;
/// use std::io::{Error, ErrorKind, Read, Write};
/// use std::net::TcpStream;
///
/// struct Net;
///
/// impl Connect for Net {
///     type Error = Error;
///     type Io<'c> = Tcp;
///
///     fn connect(&mut self, origin: Origin<'_>, _: Option<Duration>) -> Result<Tcp, Error> {
///         let tcp = TcpStream::connect((origin.host, origin.port))?;
///         tcp.set_read_timeout(Some(Duration::from_millis(100)))?;
///         tcp.set_write_timeout(Some(Duration::from_millis(100)))?;
///         Ok(Tcp(tcp))
///     }
/// }
///
/// struct Tcp(TcpStream);
///
/// /// On Unix, a read that takes too long fails with `WouldBlock`, and a dead connection with
/// /// `TimedOut`. On Windows, a read that takes too long fails with `TimedOut`.
/// fn timed_out(error: Error) -> Error {
///     match error.kind() {
///         ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
///         ErrorKind::TimedOut if cfg!(unix) => ErrorKind::ConnectionAborted.into(),
///         _ => error,
///     }
/// }
///
/// impl embedded_io::ErrorType for Tcp {
///     type Error = Error;
/// }
///
/// impl embedded_io::Read for Tcp {
///     fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Error> {
///         self.0.read(bytes).map_err(timed_out)
///     }
/// }
///
/// impl embedded_io::Write for Tcp {
///     fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
///         self.0.write(bytes).map_err(timed_out)
///     }
///
///     fn flush(&mut self) -> Result<(), Error> {
///         self.0.flush()
///     }
/// }
/// ```
///
/// `TcpStream::connect` ignores the deadline. `examples/tail/net.rs` observes it, also for DNS.
pub trait Connect {
    /// Whether [`connect`](Self::connect) does TLS for `https`. If `false`, an `https` URL stops
    /// the source before `connect` is called.
    const TLS: bool = false;
    /// The error of a failed attempt. The driver ignores it, so log it in
    /// [`connect`](Self::connect).
    type Error;
    /// A connection.
    ///
    /// A `read` or `write` must not block for longer than about 100 ms. It then fails with an error
    /// of kind `TimedOut`, so that the loop can check its deadlines. Any other error except
    /// `Interrupted` loses the connection.
    type Io<'c>: embedded_io::Read + embedded_io::Write
    where
        Self: 'c;

    /// Waits until there is a network: a link and an address. The connect timeout begins after it.
    fn ready(&mut self) {}

    /// Resolves the host name, connects, and does the TLS handshake if the scheme is
    /// [`Https`](crate::Scheme::Https).
    ///
    /// It must give up at the deadline. `None` means no limit.
    fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, Self::Error>;
}

/// Tells the time and sleeps.
///
/// For `std`:
///
/// ```
/// use core::time::Duration;
/// use embedded_sse::blocking::Clock;
/// use std::time::Instant;
///
/// struct Since(Instant);
///
/// impl Clock for Since {
///     fn now(&self) -> Duration {
///         self.0.elapsed()
///     }
///
///     fn sleep_until(&self, time: Duration) {
///         std::thread::sleep(time.saturating_sub(self.now()));
///     }
/// }
/// ```
pub trait Clock {
    /// The time since any fixed moment, such as boot. It never goes back.
    fn now(&self) -> Duration;
    /// Blocks until this time of the clock. Returns at once if it has passed.
    fn sleep_until(&self, time: Duration);
}

/// Follows an event source until it stops, and returns the reason. This is the blocking form of
/// [`io::sse`], with the same arguments.
///
/// ```no_run
/// use core::ops::ControlFlow;
/// use core::time::Duration;
/// use embedded_sse::blocking::{Clock, Connect, sse};
/// use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Stop, Url};
///
/// fn follow(connect: &mut impl Connect, clock: &impl Clock, url: Url<'_>) -> Stop {
///     let mut decoder: Decoder<4096> = Decoder::new();
///     // Without an idle timeout, a dead connection is never noticed.
///     let idle_timeout = Some(Duration::from_secs(60));
///     let policy = Policy { idle_timeout, ..Policy::DEFAULT };
///     let mut source = EventSource::new(Request::get(url), policy, 42, &mut decoder)
///         .expect("a GET without headers is valid");
///     let mut chunk = [0; 512];
///     sse(connect, clock, &mut source, &mut chunk, |item| {
///         match item {
///             Item::Event(event) => println!("{}: {}", event.event_type, event.data),
///             other => println!("{other:?}"),
///         }
///         ControlFlow::Continue(())
///     })
/// }
/// ```
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

/// Polls a future to its end. All futures in it block instead of waiting, so a poll that is not
/// ready has only yielded.
fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Implements the async traits for a type with blocking functions.
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

/// An error of a blocking transport. A read timeout only means that the loop should check its
/// deadlines, so it becomes `Interrupted`.
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
