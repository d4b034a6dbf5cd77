//! [`Connect`] over an embassy-net TCP socket, and [`Clock`] over embassy-time.

mod time;

use core::fmt;
use core::mem;
use core::time::Duration;

use embassy_net::dns::{DnsQueryType, Error as DnsError};
use embassy_net::tcp::{ConnectError, Error as TcpError, TcpSocket};
use embassy_net::{IpAddress, Stack};
use embassy_time::{Duration as Ticks, Timer, with_timeout};
use embedded_io_async::{ErrorType, Read, Write};

use crate::io::{Clock, Connect};
use crate::url::{Origin, is_ipv6};

pub use time::EmbassyTime;
use time::ticks;

/// The memory of a socket: `RX` bytes to receive into, `TX` to send from. `RX` is the window that
/// is offered, so how much may be on its way at once; `TX` of 256 bytes takes most requests whole.
pub struct TcpBuffers<const RX: usize, const TX: usize> {
    rx: [u8; RX],
    tx: [u8; TX],
}

impl<const RX: usize, const TX: usize> TcpBuffers<RX, TX> {
    /// To be put into a `static`. Buffers of no bytes do not compile:
    ///
    /// ```compile_fail,E0080
    /// embedded_sse::embassy::TcpBuffers::<0, 256>::new();
    /// ```
    pub const fn new() -> Self {
        const { assert!(RX > 0 && TX > 0, "a socket needs buffers") };
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

/// Connections over one TCP socket, which is used again and again.
///
/// The DNS is asked for IPv4 first, for IPv6 where that has no answer. Of several addresses each
/// is tried, but smoltcp keeps only one unless your application enables its feature
/// `dns-max-result-count-4` or the like.
pub struct TcpConnector<'d> {
    stack: Stack<'d>,
    socket: TcpSocket<'d>,
    /// How often a silent connection is asked whether it is alive; at least each second. Default
    /// 10 s.
    pub keep_alive: Duration,
    /// How long a connection may leave something unanswered before it is dead, and the first
    /// packet of one before it is given up; at least twice `keep_alive`, or a silent one would
    /// die of it. Default 25 s.
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
    /// A socket of this stack, in this memory.
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

    /// Leaves what the socket was in, so that it can connect.
    async fn reset(&mut self) {
        self.socket.abort();
        // Waits until an RST has left: it never does to a host that no longer answers to ARP.
        let _left = with_timeout(Ticks::from_secs(1), self.socket.flush()).await;
    }

    /// Tries one address, so long.
    async fn connect_to(
        &mut self,
        address: IpAddress,
        port: u16,
        timeout: Ticks,
    ) -> Result<(), CannotConnect> {
        self.reset().await;
        let keep_alive = self.keep_alive.max(Duration::from_secs(1));
        let dead = self.timeout.max(keep_alive.saturating_mul(2));
        self.socket.set_keep_alive(Some(ticks(keep_alive)));
        self.socket.set_timeout(Some(ticks(dead)));
        // Who is dropped here, or gives up, leaves no half-open connection behind.
        let attempt = Connection(&mut self.socket);
        let connected = with_timeout(timeout, attempt.0.connect((address, port))).await;
        let connected = connected.unwrap_or(Err(ConnectError::TimedOut));
        connected.map_err(CannotConnect::Tcp)?;
        mem::forget(attempt);
        Ok(())
    }
}

impl<'d> Connect for TcpConnector<'d> {
    type Error = CannotConnect;
    type Io<'c>
        = Connection<'c, 'd>
    where
        Self: 'c;

    /// Looks ten times a second. The stack's own `wait_link_up` has one waker for all: two tasks
    /// that wait so wake each other without end.
    async fn ready(&mut self) {
        let is_up = || self.stack.is_link_up() && self.stack.is_config_up();
        #[cfg(feature = "defmt")]
        if !is_up() {
            defmt::info!("waiting for a link and an address");
        }
        while !is_up() {
            Timer::after_millis(100).await;
        }
    }

    /// Asks the DNS anew, and gives each address that it names an equal share of the time.
    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Connection<'_, 'd>, CannotConnect> {
        // An IPv6 address is an answer to itself, but not to the first question.
        let mut version = match is_ipv6(origin.host) {
            true => DnsQueryType::Aaaa,
            false => DnsQueryType::A,
        };
        let addresses = loop {
            let answer = self.stack.dns_query(origin.host, version).await;
            if answer.is_ok() || version == DnsQueryType::Aaaa {
                break answer;
            }
            version = DnsQueryType::Aaaa;
        };
        let why = addresses
            .as_ref()
            .err()
            .copied()
            .unwrap_or(DnsError::Failed);
        let addresses = addresses.unwrap_or_default();
        let mut result = Err(CannotConnect::Dns(why));
        for (tried, address) in addresses.iter().enumerate() {
            let left = (addresses.len() - tried) as u32;
            let share = deadline.map_or(Duration::MAX, |at| at.saturating_sub(EmbassyTime.now()));
            result = self
                .connect_to(*address, origin.port, ticks(share) / left)
                .await;
            if result.is_ok() {
                break;
            }
        }
        #[cfg(feature = "defmt")]
        if let Err(error) = &result {
            defmt::warn!("cannot connect to {}: {}", origin, error);
        }
        result.map(|()| Connection(&mut self.socket))
    }
}

/// A connection, which is reset when this is dropped: without that, the server of a silent stream
/// would not learn of it. The reset leaves while the [`TcpConnector`] and the stack's runner live on.
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

    async fn flush(&mut self) -> Result<(), TcpError> {
        self.0.flush().await
    }
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CannotConnect {
    /// The DNS knows no address.
    Dns(DnsError),
    /// None of the addresses could be connected to; why the last could not.
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
