//! The blocking driver's transport and clock for hosts: [`TcpConnector`] over `std::net`, and
//! [`StdTime`] over `std::time`.
//!
//! ```no_run
//! use core::ops::ControlFlow;
//! use core::time::Duration;
//! use embedded_sse::std_net::{StdTime, TcpConnector};
//! use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Stop, Url, blocking};
//!
//! /// `seed` is a random number.
//! fn follow(url: Url<'_>, seed: u32) -> Stop {
//!     let clock = StdTime::new();
//!     // Give this to the thread that ends the loop.
//!     let _stop = clock.stop_handle();
//!     let mut tcp = TcpConnector::new(&clock);
//!     tcp.set_on_error(|origin, error| eprintln!("{origin}: {error}"));
//!
//!     let mut decoder: Decoder<16384> = Decoder::new();
//!     // Two or three times the interval of the server's heartbeat.
//!     let idle_timeout = Some(Duration::from_secs(100));
//!     let policy = Policy { idle_timeout, ..Policy::DEFAULT };
//!     let mut source = EventSource::new(Request::get(url), policy, seed, &mut decoder)
//!         .expect("a GET without headers is valid");
//!     let mut chunk = [0; 4096];
//!     blocking::sse(&mut tcp, &clock, &mut source, &mut chunk, |item| {
//!         match item {
//!             Item::Event(event) => println!("{}: {}", event.event_type, event.data),
//!             Item::Lost(wait) => println!("lost: {wait}"),
//!             _ => {}
//!         }
//!         ControlFlow::Continue(())
//!     })
//! }
//! ```

mod dial;
mod time;

use core::fmt;
use core::time::Duration;
use std::boxed::Box;
use std::io::{self, Error, ErrorKind};
use std::net::TcpStream;

use socket2::SockRef;

use crate::blocking::{Clock as _, Connect};
use crate::tcp::set_options;
use crate::url::{Origin, Scheme};
use dial::Limit;

pub use time::{StdTime, StopHandle};

/// How long an operation blocks before its deadline and the stop handle are checked.
const MOMENT: Duration = Duration::from_millis(50);

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
/// The system's resolver has no timeout and cannot be interrupted, so it runs in a thread. If an attempt
/// is abandoned while it resolves a name, this thread is left behind until the resolver returns.
pub struct TcpConnector {
    clock: StdTime,
    on_error: Box<OnError>,
}

type OnError = dyn FnMut(Origin<'_>, &Error) + Send;

impl fmt::Debug for TcpConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnector")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

impl TcpConnector {
    /// Creates a connector. `clock` is the clock that you pass to [`sse`](crate::blocking::sse): the
    /// deadlines are times of this clock, and its [`StopHandle`] also stops attempts to connect.
    pub fn new(clock: &StdTime) -> Self {
        Self {
            clock: clock.clone(),
            on_error: Box::new(|_, _| {}),
        }
    }

    /// Calls `on_error` when an attempt fails, since [`Item::Lost`](crate::Item::Lost) does not say
    /// why. It is not called for attempts that were stopped.
    pub fn set_on_error(&mut self, on_error: impl FnMut(Origin<'_>, &Error) + Send + 'static) {
        self.on_error = Box::new(on_error);
    }

    /// Opens a TCP connection, whatever the scheme of the origin is. This is for your own
    /// [`Connect`] that adds TLS; `docs/hosts.md` has one.
    ///
    /// Reads and writes of the stream return after 50 ms with an error of kind `WouldBlock` or
    /// `TimedOut` if nothing happened. [`Connection`] converts this error for the loop.
    ///
    /// # Errors
    /// Fails if the name cannot be resolved, if no address accepts a connection, at the deadline
    /// (`TimedOut`), or if the clock is stopped (`Interrupted`).
    pub fn open(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> io::Result<TcpStream> {
        let limit = Limit {
            clock: &self.clock,
            deadline,
        };
        let opened = dial::resolve(origin.host, origin.port, limit)
            .and_then(|addresses| dial::connect(&addresses, limit))
            .and_then(|tcp| {
                set_options(SockRef::from(&tcp))?;
                tcp.set_read_timeout(Some(MOMENT))?;
                tcp.set_write_timeout(Some(MOMENT))?;
                Ok(tcp)
            });
        if let Err(error) = &opened
            && !self.clock.is_stopped()
        {
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
    fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> io::Result<Connection<TcpStream>> {
        if origin.scheme == Scheme::Https {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "TcpConnector has no TLS",
            ));
        }
        self.open(origin, deadline).map(Connection)
    }
}

/// A connection for the blocking loop over any stream of `std`: a `TcpStream`, or a TLS stream over
/// one. Reads and writes of the stream must return after about 100 ms, as those of
/// [`TcpConnector::open`] do.
#[derive(Debug)]
pub struct Connection<S>(S);

impl<S> Connection<S> {
    /// Wraps a stream.
    pub const fn new(stream: S) -> Self {
        Self(stream)
    }
}

impl<S> embedded_io::ErrorType for Connection<S> {
    type Error = Error;
}

impl<S: io::Read> embedded_io::Read for Connection<S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes).map_err(timed_out)
    }
}

impl<S: io::Write> embedded_io::Write for Connection<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(timed_out)
    }
}

/// Converts the error of a socket's timeout to `TimedOut`, as the loop expects it. Unix returns
/// `WouldBlock` for it, and `TimedOut` for a dead connection. Windows returns `TimedOut` for it.
fn timed_out(error: Error) -> Error {
    match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        ErrorKind::TimedOut if cfg!(unix) => ErrorKind::ConnectionAborted.into(),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_of_a_socket_is_no_loss_and_a_dead_connection_is_one() {
        let kind = |kind: ErrorKind| timed_out(kind.into()).kind();
        assert_eq!(kind(ErrorKind::WouldBlock), ErrorKind::TimedOut);
        assert_eq!(kind(ErrorKind::ConnectionReset), ErrorKind::ConnectionReset);
        let dead = match cfg!(unix) {
            true => ErrorKind::ConnectionAborted,
            // Windows reports a dead connection as `ConnectionReset`.
            false => ErrorKind::TimedOut,
        };
        assert_eq!(kind(ErrorKind::TimedOut), dead);
    }
}
