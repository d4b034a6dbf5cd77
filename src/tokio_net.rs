//! The async driver's transport and clock for tokio: [`TcpConnector`] over `tokio::net`, and
//! [`TokioTime`] over `tokio::time`.
//!
//! ```no_run
//! use core::ops::ControlFlow;
//! use core::time::Duration;
//! use embedded_sse::tokio_net::{TcpConnector, TokioTime};
//! use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Stop, Url, io};
//!
//! /// `seed` is a random number. `tokio::spawn` accepts the future.
//! async fn follow(url: Url<'static>, seed: u32) -> Stop {
//!     let mut tcp = TcpConnector::new();
//!     tcp.set_on_error(|origin, error| eprintln!("{origin}: {error}"));
//!
//!     let mut decoder: Decoder<16384> = Decoder::new();
//!     // Two or three times the interval of the server's heartbeat.
//!     let idle_timeout = Some(Duration::from_secs(100));
//!     let policy = Policy { idle_timeout, ..Policy::DEFAULT };
//!     let mut source = EventSource::new(Request::get(url), policy, seed, &mut decoder)
//!         .expect("a GET without headers is valid");
//!     let mut chunk = [0; 4096];
//!     let on_item = async move |item: Item<'_>| {
//!         match item {
//!             Item::Event(event) => println!("{}: {}", event.event_type, event.data),
//!             Item::Lost(wait) => println!("lost: {wait}"),
//!             _ => {}
//!         }
//!         ControlFlow::Continue(())
//!     };
//!     io::sse(&mut tcp, &TokioTime::new(), &mut source, &mut chunk, on_item).await
//! }
//! # fn spawn(url: Url<'static>) { tokio::spawn(follow(url, 1)); }
//! ```
//!
//! To stop, drop the future, for example with `JoinHandle::abort` or `tokio::select!`.

use core::fmt;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::ready;
use core::time::Duration;
use std::boxed::Box;
use std::io::{self, Error, ErrorKind};
use std::net::SocketAddr;
use std::vec::Vec;

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ::tokio::net::{TcpStream, lookup_host};
use ::tokio::task::JoinSet;
use ::tokio::time::{Instant, sleep, timeout};
use embedded_io_async::{ErrorType, Read, Write};
use socket2::SockRef;

use crate::io::{Clock, Connect};
use crate::tcp::set_options;
use crate::url::{Origin, Scheme};

/// How long an attempt is alone before the next address is tried too. RFC 8305 recommends 250 ms.
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects over TCP. There is no TLS: see [`open`](Self::open). See the [module](self) for an
/// example.
///
/// It tries all addresses of a name, IPv6 and IPv4, in the order of the system's resolver. If one does
/// not answer within 250 ms, it tries the next one too, and the first to answer wins.
///
/// The system probes a connection that was silent for 60 s, then every 10 s (TCP keep-alive). If
/// nothing answers, the connection is lost after about two and a half minutes on Linux. That finds a
/// dead network; [`idle_timeout`](crate::Policy::idle_timeout) also finds a server that hangs.
///
/// tokio runs the system's resolver in a thread for blocking work. If an attempt is abandoned while it
/// resolves a name, this thread is left behind until the resolver returns. Dropping the runtime waits
/// for it; `Runtime::shutdown_timeout` limits this wait.
///
/// # Panics
/// Connecting outside a tokio runtime, or in one without I/O and time, panics, as tokio does.
pub struct TcpConnector {
    on_error: Box<OnError>,
}

type OnError = dyn FnMut(Origin<'_>, &Error) + Send;

impl fmt::Debug for TcpConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnector").finish_non_exhaustive()
    }
}

impl Default for TcpConnector {
    fn default() -> Self {
        Self::new()
    }
}

impl TcpConnector {
    /// Creates a connector.
    pub fn new() -> Self {
        Self {
            on_error: Box::new(|_, _| {}),
        }
    }

    /// Calls `on_error` when an attempt fails, since [`Item::Lost`](crate::Item::Lost) does not say
    /// why. It is not called when the loop drops the attempt at the deadline.
    pub fn set_on_error(&mut self, on_error: impl FnMut(Origin<'_>, &Error) + Send + 'static) {
        self.on_error = Box::new(on_error);
    }

    /// Opens a TCP connection, whatever the scheme of the origin is. This is for your own
    /// [`Connect`] that adds TLS; `docs/hosts.md` has one.
    ///
    /// # Errors
    /// Fails if the name cannot be resolved, or if no address accepts a connection. It has no
    /// timeout: the loop drops this future at the deadline.
    pub async fn open(&mut self, origin: Origin<'_>) -> io::Result<TcpStream> {
        let opened = match lookup_host((origin.host, origin.port)).await {
            Ok(addresses) => connect_first(addresses.collect()).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &opened {
            (self.on_error)(origin, error);
        }
        opened
    }
}

impl Connect for TcpConnector {
    type Error = Error;
    type Io<'c> = Connection<TcpStream>;

    /// Connects as [`open`](Self::open) does. Refuses `https`, which must never be sent in clear
    /// text.
    async fn connect(
        &mut self,
        origin: Origin<'_>,
        _deadline: Option<Duration>,
    ) -> io::Result<Connection<TcpStream>> {
        if origin.scheme == Scheme::Https {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "TcpConnector has no TLS",
            ));
        }
        self.open(origin).await.map(Connection)
    }
}

/// Connects to the first address that answers. Attempts overlap, so that an address that does not
/// answer costs only its head start. Dropping the future ends all attempts.
async fn connect_first(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut attempts = JoinSet::new();
    let mut failure = Error::new(ErrorKind::NotFound, "the name has no address");
    let mut untried = addresses.into_iter();
    loop {
        let next = untried.next();
        let head_start = match next {
            Some(_) => HEAD_START,
            None => Duration::MAX,
        };
        if let Some(address) = next {
            attempts.spawn(TcpStream::connect(address));
        }
        match timeout(head_start, attempts.join_next()).await {
            Ok(Some(Ok(Ok(tcp)))) => {
                set_options(SockRef::from(&tcp))?;
                return Ok(tcp);
            }
            Ok(Some(Ok(Err(error)))) => failure = error,
            Ok(Some(Err(lost))) => failure = lost.into(),
            Ok(None) => return Err(failure),
            // The head start is over.
            Err(_) => {}
        }
    }
}

/// A connection for the async loop over any stream of tokio: a `TcpStream`, or a TLS stream over one.
#[derive(Debug)]
pub struct Connection<S>(S);

impl<S> Connection<S> {
    /// Wraps a stream.
    pub const fn new(stream: S) -> Self {
        Self(stream)
    }
}

impl<S> ErrorType for Connection<S> {
    type Error = Error;
}

impl<S: AsyncRead + Unpin> Read for Connection<S> {
    async fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(bytes);
        poll_fn(|context| {
            ready!(Pin::new(&mut self.0).poll_read(context, &mut buffer))?;
            Ok(buffer.filled().len()).into()
        })
        .await
    }
}

impl<S: AsyncWrite + Unpin> Write for Connection<S> {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        poll_fn(|context| Pin::new(&mut self.0).poll_write(context, bytes)).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|context| Pin::new(&mut self.0).poll_flush(context)).await
    }
}

/// The clock of tokio: the time since it was created.
///
/// ```
/// use embedded_sse::io::Clock;
/// use embedded_sse::tokio_net::TokioTime;
///
/// let clock = TokioTime::new();
/// assert!(clock.now() < core::time::Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TokioTime(Instant);

impl TokioTime {
    /// Creates a clock that starts at zero.
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Default for TokioTime {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioTime {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep_until(&self, time: Duration) {
        // `self.0 + time` would panic on overflow, which a server's `Retry-After` can cause.
        sleep(time.saturating_sub(self.now())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::nobody;
    use std::net::TcpListener;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let mut builder = ::tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn each_address_is_tried() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let (refuses, _socket) = nobody();
        block_on(async {
            let tcp = connect_first([refuses, refuses, here].into()).await;
            assert_eq!(tcp.unwrap().peer_addr().unwrap(), here);
            let error = connect_first([refuses, refuses].into()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            let error = connect_first(Vec::new()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
        });
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_address_that_does_not_answer_costs_only_a_head_start() {
        let (silent, _queue) = crate::tcp::black_hole();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        block_on(async {
            let tcp = connect_first([silent, silent, here].into()).await;
            assert_eq!(tcp.unwrap().peer_addr().unwrap(), here);
        });
    }
}
