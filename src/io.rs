//! The async driver: [`sse`] follows an event source over any `embedded-io-async` transport, and a
//! [`Session`] one connection of it.
//!
//! You provide the transport ([`Connect`]) and the [`Clock`]. The module `embassy` contains both for
//! embassy-net, and the module `tokio_net` contains both for tokio.

#![expect(
    clippy::manual_async_fn,
    reason = "an `async fn` stores its arguments twice"
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
use crate::step::{Step, Stop, StopReason};
use crate::time::is_within;
use crate::url::Origin;

pub use no_session::NoSession;
use no_session::no_session;
pub use session::Session;
pub(crate) use wait::yield_now;

/// Makes connections: TCP, or TLS over TCP. Dropping a connection closes it.
///
/// The features `embassy-net` and `tokio` contain one each. Write a `Connect` for another network, or
/// for TLS. Here, `modem` is the driver of a modem that makes one connection at a time:
///
/// ```
/// use core::time::Duration;
/// use embedded_sse::Origin;
/// use embedded_sse::io::Connect;
/// # mod modem {
/// #     use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
/// #     pub struct Modem;
/// #     impl Modem {
/// #         pub async fn dial(&mut self, _: &str, _: u16) -> Result<(), ErrorKind> { Ok(()) }
/// #     }
/// #     impl ErrorType for Modem { type Error = ErrorKind; }
/// #     impl Read for Modem {
/// #         async fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> { Ok(0) }
/// #     }
/// #     impl Write for Modem {
/// #         async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> { Ok(bytes.len()) }
/// #         async fn flush(&mut self) -> Result<(), ErrorKind> { Ok(()) }
/// #     }
/// # }
/// use modem::Modem;
///
/// struct Dialer(Modem);
///
/// impl Connect for Dialer {
///     type Error = embedded_io_async::ErrorKind;
///     type Io<'c> = &'c mut Modem;
///
///     async fn connect(
///         &mut self,
///         origin: Origin<'_>,
///         _deadline: Option<Duration>, // The loop drops this future at the deadline.
///     ) -> Result<&mut Modem, Self::Error> {
///         self.0.dial(origin.host, origin.port).await?;
///         Ok(&mut self.0)
///     }
/// }
/// ```
#[allow(
    async_fn_in_trait,
    reason = "firmware executors do not need `Send` futures"
)]
pub trait Connect {
    /// Whether [`connect`](Self::connect) does TLS for `https`. If `false`, an `https` URL stops
    /// the source before `connect` is called.
    const TLS: bool = false;
    /// The error of a failed attempt. The driver ignores it, so log it in
    /// [`connect`](Self::connect).
    type Error;
    /// A connection.
    ///
    /// When a future of its `read` is dropped, no byte may be lost. When a future of its `write` is
    /// dropped, no byte may have been sent. The driver writes the request in parts of up to the
    /// length of `chunk`, followed by a flush. After an error of kind `Interrupted` it tries again.
    /// Any other error loses the connection.
    type Io<'c>: Read + Write
    where
        Self: 'c;

    /// Waits until there is a network: a link and an address. The connect timeout begins after it.
    async fn ready(&mut self) {}

    /// Resolves the host name, connects, and does the TLS handshake if the scheme is
    /// [`Https`](crate::Scheme::Https).
    ///
    /// The driver drops the future at the deadline. `None` means no limit.
    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, Self::Error>;
}

/// Tells the time and sleeps.
///
/// The features `embassy-net` and `tokio` contain one each. For another timer:
///
/// ```
/// use core::time::Duration;
/// use embedded_sse::io::Clock;
/// # mod board {
/// #     pub fn millis() -> u64 { 0 }
/// #     pub async fn sleep(millis: u64) {}
/// # }
///
/// struct Ticks;
///
/// impl Clock for Ticks {
///     fn now(&self) -> Duration {
///         Duration::from_millis(board::millis())
///     }
///
///     async fn sleep_until(&self, time: Duration) {
///         let left = time.saturating_sub(self.now()).as_millis();
///         // A server's `Retry-After` can ask for a wait of any length.
///         board::sleep(left.try_into().unwrap_or(u64::MAX)).await;
///     }
/// }
/// ```
#[allow(
    async_fn_in_trait,
    reason = "firmware executors do not need `Send` futures"
)]
pub trait Clock {
    /// The time since any fixed moment, such as boot. It never goes back.
    fn now(&self) -> Duration;
    /// Waits until this time of the clock. Returns at once if it has passed.
    async fn sleep_until(&self, time: Duration);
}

/// Follows an event source until it stops, and returns the reason. This is the whole loop: it
/// connects, reads, waits and reconnects.
///
/// `on_item` is called with each [`Item`]: [`Item::Open`], the items of the stream, [`Item::Lost`]
/// before each wait, and [`Item::Stopped`] at the end. If it returns `Break`, the source is closed.
/// `chunk` is the read buffer. Any size from 1 byte works. Events that lie in it as a whole are
/// borrowed, others are copied to the decoder.
///
/// ```no_run
/// use core::ops::ControlFlow;
/// use core::time::Duration;
/// use embedded_sse::io::{Clock, Connect, sse};
/// use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Stop, Url};
///
/// async fn follow(connect: &mut impl Connect, clock: &impl Clock, url: Url<'_>) -> Stop {
///     let mut decoder: Decoder<4096> = Decoder::new();
///     // Without it, a server that falls silent is never given up.
///     let idle_timeout = Some(Duration::from_secs(60));
///     let policy = Policy { idle_timeout, ..Policy::DEFAULT };
///     let mut source = EventSource::new(Request::get(url), policy, 42, &mut decoder)
///         .expect("a GET without headers is valid");
///     let mut chunk = [0; 512];
///     sse(connect, clock, &mut source, &mut chunk, async |item: Item<'_>| {
///         match item {
///             Item::Event(event) => println!("{}: {}", event.event_type, event.data),
///             other => println!("{other:?}"),
///         }
///         ControlFlow::Continue(())
///     })
///     .await
/// }
/// ```
///
/// # Dropping the future
///
/// The future may be dropped at any time, which closes the connection. Call `sse` again with the
/// same source to resume after the last event ID. If the source is waiting, the rest of the wait
/// comes first; call [`restart`](EventSource::restart) to skip it.
///
/// If `on_item` was running, its item of the stream is not repeated, but a loss or a stop is. If
/// you want to wait for other things between items, use a [`Session`]: dropping the future of its
/// [`next`](Session::next) loses nothing.
///
/// # Compile errors
///
/// * "implementation of `AsyncFnMut` is not general enough" for a closure in a variable: write the
///   type of its argument, as in `let on_item = async |item: Item<'_>| …`.
/// * "lifetime may not live long enough", "may outlive borrowed value" (E0373) or "captured variable
///   cannot escape `FnMut` closure body": write `async |item: Item<'_>| …`, not
///   `|item: Item<'_>| async move …`, whose future cannot borrow the item.
/// * "implementation of `Send` is not general enough" at `tokio::spawn` or another function that
///   needs a `Send` future: the closure borrows a variable. This is a limitation of the compiler.
///   Let the closure own what it uses with `async move`, as below, or write the loop with a
///   [`Session`], where borrows are fine.
///
/// ```no_run
/// # use core::ops::ControlFlow;
/// # use embedded_sse::io::sse;
/// # use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Url};
/// # #[cfg(feature = "tokio")]
/// # fn start(sender: tokio::sync::mpsc::Sender<String>) {
/// # use embedded_sse::tokio_net::{TcpConnector, TokioTime};
/// tokio::spawn(async move {
///     let mut decoder: Decoder<4096> = Decoder::new();
///     let request = Request::get(Url::parse("http://192.168.1.2/events").unwrap());
///     let mut source = EventSource::new(request, Policy::DEFAULT, 42, &mut decoder).unwrap();
///     let (mut tcp, clock) = (TcpConnector::new(), TokioTime::new());
///     let mut chunk = [0; 512];
///     let on_item = async move |item: Item<'_>| {
///         if let Item::Event(event) = item {
///             let _ = sender.send(event.data.to_string()).await;
///         }
///         ControlFlow::Continue(())
///     };
///     sse(&mut tcp, &clock, &mut source, &mut chunk, on_item).await;
/// });
/// # }
/// ```
///
/// * "temporary value dropped while borrowed" (E0716): the future borrows `chunk`, so `chunk` must
///   be a variable that outlives the future:
///
/// ```compile_fail,E0716
/// # use core::ops::ControlFlow;
/// # use embedded_sse::io::{Clock, Connect, sse};
/// # use embedded_sse::{EventSource, Item};
/// # async fn follow(connect: &mut impl Connect, clock: &impl Clock, source: &mut EventSource<'_, 512>) {
/// # let on_item = async |_: Item<'_>| ControlFlow::Continue(());
/// let future = sse(connect, clock, source, &mut [0; 512], on_item); // dropped here
/// future.await;
/// # }
/// ```
pub fn sse<C: Connect, H: Hooks, const CHUNK: usize, const DATA: usize, const META: usize>(
    connect: &mut C,
    clock: &impl Clock,
    source: &mut EventSource<'_, DATA, META, H>,
    chunk: &mut [u8; CHUNK],
    mut on_item: impl AsyncFnMut(Item<'_>) -> ControlFlow<()>,
) -> impl Future<Output = Stop> {
    async move {
        loop {
            if let Ok(mut session) = Session::connect(connect, clock, source, chunk).await {
                session.run(&mut on_item).await;
            }
            // If this future is dropped in `on_item`, the next call reports the loss again.
            let item = match no_session(source.peek(clock.now())) {
                NoSession::Wait(wait) => Some(Item::Lost(wait)),
                NoSession::Stop(stop) if stop.reason != StopReason::Closed => {
                    Some(Item::Stopped(stop))
                }
                NoSession::Redirect | NoSession::Stop(_) => None,
            };
            if let Some(item) = item
                && on_item(item).await.is_break()
            {
                source.close();
            }
            // Ask again: the future would have to hold the answer during `on_item`. At this time no deadline
            // passes, so what `peek` has not returned cannot be missed.
            let until = match source.step(Duration::ZERO) {
                Step::Wait(wait) => wait.until,
                Step::Stop(stop) => return stop,
                _ => Duration::ZERO,
            };
            // The next connection resets its count of operations. With a wait of zero, connections that
            // fail at once would starve other tasks.
            yield_now().await;
            // If the clock wakes early, the source would return the same wait again.
            while !is_within(until, clock.now()) {
                clock.sleep_until(until).await;
            }
        }
    }
}
