//! The blocking driver: the loop of [`io`] over blocking `embedded-io`, without an executor.

use core::fmt;
use core::future::{self, Future, poll_fn};
use core::ops::ControlFlow;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use embedded_io::{Error, ErrorKind};

use crate::hooks::Hooks;
use crate::io;
use crate::item::Item;
use crate::source::EventSource;
use crate::step::{Step, Stop, StopReason};
use crate::url::Origin;

/// Makes connections: TCP, or TLS over TCP. Dropping a connection closes it.
///
/// The feature `std` contains [`std_net::TcpConnector`](../std_net/struct.TcpConnector.html). Write a
/// `Connect` for another network, or for TLS. Here, `modem` is the driver of a modem that makes one
/// connection at a time:
///
/// ```
/// use core::time::Duration;
/// use embedded_sse::Origin;
/// use embedded_sse::blocking::Connect;
/// # mod modem {
/// #     use embedded_io::{ErrorKind, ErrorType, Read, Write};
/// #     pub struct Modem;
/// #     impl Modem {
/// #         pub fn dial(&mut self, _: &str, _: u16) -> Result<(), ErrorKind> { Ok(()) }
/// #     }
/// #     impl ErrorType for Modem { type Error = ErrorKind; }
/// #     impl Read for Modem {
/// #         fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> { Ok(0) }
/// #     }
/// #     impl Write for Modem {
/// #         fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> { Ok(bytes.len()) }
/// #         fn flush(&mut self) -> Result<(), ErrorKind> { Ok(()) }
/// #     }
/// # }
/// use modem::Modem;
///
/// struct Dialer(Modem);
///
/// impl Connect for Dialer {
///     type Error = embedded_io::ErrorKind;
///     type Io<'c> = &'c mut Modem;
///
///     fn connect(
///         &mut self,
///         origin: Origin<'_>,
///         _deadline: Option<Duration>, // The modem has a timeout of its own.
///     ) -> Result<&mut Modem, Self::Error> {
///         self.0.dial(origin.host, origin.port)?;
///         Ok(&mut self.0)
///     }
/// }
/// ```
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
/// The feature `std` contains [`std_net::StdTime`](../std_net/struct.StdTime.html). For another
/// timer:
///
/// ```
/// use core::time::Duration;
/// use embedded_sse::blocking::Clock;
/// # mod board { pub fn millis() -> u64 { 0 } }
///
/// struct Ticks;
///
/// impl Clock for Ticks {
///     fn now(&self) -> Duration {
///         Duration::from_millis(board::millis())
///     }
///
///     fn sleep_until(&self, time: Duration) {
///         while self.now() < time {
///             core::hint::spin_loop();
///         }
///     }
/// }
/// ```
pub trait Clock {
    /// The time since any fixed moment, such as boot. It never goes back.
    fn now(&self) -> Duration;
    /// Blocks until this time of the clock. Returns at once if it has passed.
    fn sleep_until(&self, time: Duration);
    /// Whether [`sse`] must stop, for example because another thread or an interrupt asked for it.
    ///
    /// `sse` asks after each operation that blocks, and after each item. If this returns `true`, it
    /// closes the source and returns. Let [`sleep_until`](Self::sleep_until) return early then. The default is `false`.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// Follows an event source until it stops, and returns the reason. This is the blocking form of
/// [`io::sse`], with the same arguments.
///
/// If [`Clock::is_stopped`] returns `true`, the source is closed, `on_item` is not called any more,
/// and the reason is [`StopReason::Closed`].
///
/// ```no_run
/// use core::ops::ControlFlow;
/// use core::time::Duration;
/// use embedded_sse::blocking::{Clock, Connect, sse};
/// use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Stop, Url};
///
/// fn follow(connect: &mut impl Connect, clock: &impl Clock, url: Url<'_>) -> Stop {
///     let mut decoder: Decoder<4096> = Decoder::new();
///     // Without it, a server that falls silent is never given up.
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
    let mut dialer = Blocking {
        inner: connect,
        clock,
    };
    let timer = Blocking { inner: (), clock };
    // Ask after the item, not before it: the source has already counted the item as received, so an
    // item that is not passed on would be lost.
    // An `async` closure would copy the item.
    let on_item = |item: Item<'_>| {
        let flow = on_item(item);
        future::ready(match clock.is_stopped() {
            true => ControlFlow::Break(()),
            false => flow,
        })
    };
    let stop = finish(clock, io::sse(&mut dialer, &timer, source, chunk, on_item));
    if let Some(stop) = stop {
        return stop;
    }
    source.close();
    match source.step(clock.now()) {
        Step::Stop(stop) => stop,
        // A closed source has no other step.
        _ => Stop {
            reason: StopReason::Closed,
            cause: None,
            status: None,
        },
    }
}

/// Polls a future to its end. The futures inside it block instead of waiting, so `Pending` means that
/// the loop has yielded or that the clock was stopped. Returns `None` if the clock is stopped.
fn finish<F: Future>(clock: &impl Clock, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    while !clock.is_stopped() {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
    }
    None
}

/// Implements the async traits for a type with blocking functions. Each of them stays pending if the
/// clock is stopped, so that [`finish`] returns.
struct Blocking<'k, T, K> {
    inner: T,
    clock: &'k K,
}

/// Is pending while the clock is stopped. [`finish`] then drops the whole future.
async fn pending_if_stopped(clock: &impl Clock) {
    poll_fn(|_| match clock.is_stopped() {
        true => Poll::Pending,
        false => Poll::Ready(()),
    })
    .await;
}

impl<'k, C: Connect, K: Clock> io::Connect for Blocking<'k, &mut C, K> {
    const TLS: bool = C::TLS;
    type Error = C::Error;
    type Io<'c>
        = Blocking<'k, C::Io<'c>, K>
    where
        Self: 'c;

    async fn ready(&mut self) {
        self.inner.ready();
        pending_if_stopped(self.clock).await;
    }

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, Self::Error> {
        let clock = self.clock;
        let connected = self.inner.connect(origin, deadline);
        let connected = connected.map(|inner| Blocking { inner, clock });
        pending_if_stopped(clock).await;
        connected
    }
}

impl<K: Clock> io::Clock for Blocking<'_, (), K> {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    async fn sleep_until(&self, time: Duration) {
        // An operation that is pending because of the stop must not be followed by a sleep until its
        // deadline.
        pending_if_stopped(self.clock).await;
        self.clock.sleep_until(time);
        pending_if_stopped(self.clock).await;
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

impl<T: embedded_io::ErrorType, K> embedded_io_async::ErrorType for Blocking<'_, T, K> {
    type Error = Passing<T::Error>;
}

impl<T: embedded_io::Read, K: Clock> embedded_io_async::Read for Blocking<'_, T, K> {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Self::Error> {
        let result = self.inner.read(bytes);
        pending_if_stopped(self.clock).await;
        result.map_err(Passing)
    }
}

impl<T: embedded_io::Write, K: Clock> embedded_io_async::Write for Blocking<'_, T, K> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        let result = self.inner.write(bytes);
        pending_if_stopped(self.clock).await;
        result.map_err(Passing)
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        let result = self.inner.flush();
        pending_if_stopped(self.clock).await;
        result.map_err(Passing)
    }
}
