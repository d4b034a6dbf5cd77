//! The driver's transport and clock for embassy: [`TcpConnector`] over an embassy-net TCP socket,
//! and [`EmbassyTime`] over embassy-time.
//!
//! ```no_run
//! use core::ops::ControlFlow;
//! use core::time::Duration;
//! use embassy_net::Stack;
//! use embedded_sse::embassy::{EmbassyTime, TcpBuffers, TcpConnector};
//! use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Url, io};
//!
//! /// `seed` is a random number.
//! async fn follow(stack: Stack<'static>, seed: u32) {
//!     let mut buffers = TcpBuffers::<2048, 256>::new();
//!     let mut tcp = TcpConnector::new(stack, &mut buffers);
//!     let mut decoder: Decoder<4096> = Decoder::new();
//!     let url = Url::parse("http://192.168.1.2/events").unwrap();
//!     // Without it, a server that falls silent is never given up.
//!     let idle_timeout = Some(Duration::from_secs(60));
//!     let policy = Policy { idle_timeout, ..Policy::DEFAULT };
//!     let mut source = EventSource::new(Request::get(url), policy, seed, &mut decoder).unwrap();
//!     let mut chunk = [0; 512];
//!     let on_item = async |item: Item<'_>| {
//!         match item {
//!             Item::Event(event) => { /* event.data */ }
//!             Item::Lost(wait) => { /* log it */ }
//!             _ => {}
//!         }
//!         ControlFlow::Continue(())
//!     };
//!     let stop = io::sse(&mut tcp, &EmbassyTime, &mut source, &mut chunk, on_item).await;
//!     // Log `stop`, wait for a while, call `source.restart()`, and call `sse` again.
//! }
//! ```
//!
//! Local variables of an embassy task lie in its static future. If you use a `static` for the
//! decoder or the buffers, use `ConstStaticCell`: `StaticCell::init(Decoder::new())` builds the
//! value on the stack first.

mod time;

use core::fmt;
use core::future::{Future, poll_fn};
use core::mem;
use core::pin::Pin;
use core::task::{Poll, ready};
use core::time::Duration;

use embassy_net::Stack;
use embassy_net::dns::{DnsQueryType, Error as DnsError};
use embassy_net::tcp::{ConnectError, Error as TcpError, TcpSocket};
use embassy_time::{Duration as Ticks, Instant, Timer, with_timeout};
use embedded_io_async::{ErrorType, Read, Write};

use crate::io::Connect;
use crate::url::{Origin, is_ipv6};

pub use time::EmbassyTime;
use time::ticks;

/// The buffers of a TCP socket: `RX` bytes to receive and `TX` bytes to send.
///
/// `RX` is the receive window: how many bytes the server may send before they are read. A `TX` of
/// 256 bytes holds most requests as a whole.
pub struct TcpBuffers<const RX: usize, const TX: usize> {
    rx: [u8; RX],
    tx: [u8; TX],
}

impl<const RX: usize, const TX: usize> TcpBuffers<RX, TX> {
    /// Creates the buffers. It is `const` and all zero bytes, for a `static` with
    /// `ConstStaticCell`. Buffers of 0 bytes do not compile:
    ///
    /// ```compile_fail,E0080
    /// embedded_sse::embassy::TcpBuffers::<0, 256>::new();
    /// ```
    pub const fn new() -> Self {
        const { assert!(RX > 0 && TX > 0, "RX and TX must be greater than 0") };
        Self {
            rx: [0; RX],
            tx: [0; TX],
        }
    }
}

impl<const RX: usize, const TX: usize> fmt::Debug for TcpBuffers<RX, TX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TcpBuffers<{RX}, {TX}>")
    }
}

impl<const RX: usize, const TX: usize> Default for TcpBuffers<RX, TX> {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes connections with one TCP socket, which is reused. See the [module](self) for an
/// example. There is no TLS; `docs/https.md` adds it.
///
/// It asks the DNS for IPv4 addresses first, and for IPv6 addresses if there are none. It tries all
/// addresses of the answer, each for an equal share of the time that is left. smoltcp keeps only one
/// address unless you enable a feature of it such as `dns-max-result-count-4`.
pub struct TcpConnector<'d> {
    stack: Stack<'d>,
    socket: TcpSocket<'d>,
    /// The keep-alive interval: how often a silent connection is probed. At least 1 s. Default 10
    /// s.
    pub keep_alive: Duration,
    /// How long the peer may leave data, a probe or the first packet of a connection unanswered
    /// before the connection is dead. At least twice `keep_alive`, since a shorter timeout would
    /// cut silent connections. Default 25 s.
    pub timeout: Duration,
}

impl fmt::Debug for TcpConnector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnector")
            .field("keep_alive", &self.keep_alive)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl<'d> TcpConnector<'d> {
    /// Creates a socket of this stack with these buffers.
    pub fn new<const RX: usize, const TX: usize>(
        stack: Stack<'d>,
        resources: &'d mut TcpBuffers<RX, TX>,
    ) -> Self {
        Self {
            stack,
            socket: TcpSocket::new(stack, &mut resources.rx, &mut resources.tx),
            keep_alive: Duration::from_secs(10),
            timeout: Duration::from_secs(25),
        }
    }

    /// Prepares the socket for the next connection.
    fn set_timeouts(&mut self) {
        let keep_alive = ticks(self.keep_alive).max(Ticks::from_secs(1));
        let two = Ticks::from_ticks(keep_alive.as_ticks().saturating_mul(2));
        self.socket.set_keep_alive(Some(keep_alive));
        self.socket.set_timeout(Some(ticks(self.timeout).max(two)));
    }
}

impl<'d> Connect for TcpConnector<'d> {
    type Error = CannotConnect;
    type Io<'c>
        = Connection<'c, 'd>
    where
        Self: 'c;

    /// Polls the link ten times per second. The stack's own `wait_link_up` has a single waker: two
    /// tasks that wait for it wake each other forever.
    fn ready(&mut self) -> impl Future<Output = ()> {
        let stack = self.stack;
        let is_up = move || stack.is_link_up() && stack.is_config_up();
        #[cfg(feature = "defmt")]
        if !is_up() {
            defmt::info!("waiting for a link and an address");
        }
        // An `async` block would be 80 bytes more.
        let mut timer = Timer::after_millis(100);
        poll_fn(move |context| {
            while !is_up() {
                ready!(Pin::new(&mut timer).poll(context));
                timer = Timer::after_millis(100);
            }
            Poll::Ready(())
        })
    }

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Connection<'_, 'd>, CannotConnect> {
        // embassy-net resolves an IPv6 literal only in a query for IPv6.
        let mut version = match is_ipv6(origin.host) {
            true => DnsQueryType::Aaaa,
            false => DnsQueryType::A,
        };
        let addresses = loop {
            match self.stack.dns_query(origin.host, version).await {
                Ok(addresses) => break addresses,
                Err(why) if version == DnsQueryType::Aaaa => {
                    return Err(failed(origin, CannotConnect::Dns(why)));
                }
                Err(_) => version = DnsQueryType::Aaaa,
            }
        };
        let mut why = CannotConnect::Dns(DnsError::Failed);
        let until = ticks(deadline.unwrap_or(Duration::MAX)).as_ticks();
        for (tried, address) in addresses.iter().enumerate() {
            self.socket.abort();
            // Wait until the RST is sent, with a limit: to a host that does not answer ARP it is
            // never sent.
            let _left = with_timeout(Ticks::from_secs(1), self.socket.flush()).await;
            self.set_timeouts();
            let left = until.saturating_sub(Instant::now().as_ticks());
            let share = left.checked_div((addresses.len() - tried) as u64);
            let share = Ticks::from_ticks(share.unwrap_or_default());
            // The connection is reset if the attempt fails or this future is dropped, so that no
            // half-open connection is left.
            let attempt = Connection(&mut self.socket);
            let connecting = attempt.0.connect((*address, origin.port));
            let connected = with_timeout(share, connecting).await;
            match connected.unwrap_or(Err(ConnectError::TimedOut)) {
                Ok(()) => {
                    mem::forget(attempt);
                    return Ok(Connection(&mut self.socket));
                }
                Err(error) => why = CannotConnect::Tcp(error),
            }
        }
        Err(failed(origin, why))
    }
}

/// Logs why there is no connection.
fn failed(_origin: Origin<'_>, why: CannotConnect) -> CannotConnect {
    #[cfg(feature = "defmt")]
    defmt::warn!("cannot connect to {}: {}", _origin, why);
    why
}

/// A connection. Dropping it resets the TCP connection, so that the server of a silent stream
/// notices. For the reset to be sent, the [`TcpConnector`] and the stack's runner must live on.
pub struct Connection<'c, 'd>(&'c mut TcpSocket<'d>);

impl fmt::Debug for Connection<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

impl Drop for Connection<'_, '_> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl ErrorType for Connection<'_, '_> {
    type Error = TcpError;
}

impl Read for Connection<'_, '_> {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, TcpError> {
        self.0.read(bytes).await
    }
}

impl Write for Connection<'_, '_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, TcpError> {
        self.0.write(bytes).await
    }

    fn flush(&mut self) -> impl Future<Output = Result<(), TcpError>> {
        self.0.flush()
    }
}

/// The error of a failed attempt to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CannotConnect {
    /// DNS returned no address.
    Dns(DnsError),
    /// No address could be connected to. This is the error of the last one.
    Tcp(ConnectError),
}

impl fmt::Display for CannotConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(error) => write!(f, "DNS: {error:?}"),
            Self::Tcp(error) => write!(f, "TCP: {error:?}"),
        }
    }
}

impl core::error::Error for CannotConnect {}
