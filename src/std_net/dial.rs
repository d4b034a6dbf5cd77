//! Name resolution with a timeout, and attempts to connect that overlap.

use core::mem;
use core::time::Duration;
use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::string::String;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::vec::{self, Vec};

use socket2::{Domain, Protocol, Socket, Type};

use super::MOMENT;
use super::time::StdTime;
use crate::blocking::Clock;

/// How often the attempts to connect are checked.
const POLL: Duration = Duration::from_millis(10);

/// How long an attempt is alone before the next address is tried too. RFC 8305 recommends 250 ms.
const HEAD_START: Duration = Duration::from_millis(250);

/// The time that is left for connecting.
#[derive(Clone, Copy)]
pub(super) struct Limit<'k> {
    pub clock: &'k StdTime,
    pub deadline: Option<Duration>,
}

impl Limit<'_> {
    /// Returns the time until the deadline.
    fn left(self) -> Result<Duration> {
        if self.clock.is_stopped() {
            return Err(Error::new(ErrorKind::Interrupted, "stopped"));
        }
        let Some(deadline) = self.deadline else {
            return Ok(Duration::MAX);
        };
        match deadline.saturating_sub(self.clock.now()) {
            Duration::ZERO => Err(Error::new(
                ErrorKind::TimedOut,
                "the time for connecting is over",
            )),
            left => Ok(left),
        }
    }
}

/// Resolves a host name. An IP address needs no thread.
pub(super) fn resolve(host: &str, port: u16, limit: Limit<'_>) -> Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(Vec::from([SocketAddr::new(address, port)]));
    }
    let host = String::from(host);
    let addresses = in_thread(limit, move || (host.as_str(), port).to_socket_addrs())?;
    Ok(addresses.collect())
}

/// Runs the system's resolver in a thread, because it has no timeout.
fn in_thread(
    limit: Limit<'_>,
    lookup: impl FnOnce() -> Result<vec::IntoIter<SocketAddr>> + Send + 'static,
) -> Result<vec::IntoIter<SocketAddr>> {
    limit.left()?;
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new().name("embedded-sse resolver".into());
    thread.spawn(move || {
        // The receiver may have given up.
        let _ = sender.send(lookup());
    })?;
    loop {
        match receiver.recv_timeout(limit.left()?.min(MOMENT)) {
            Ok(addresses) => return addresses,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::other("the resolver panicked"));
            }
        }
    }
}

/// Connects to the first address that answers. Attempts overlap, so that an address that does not
/// answer costs only its head start.
pub(super) fn connect(addresses: &[SocketAddr], limit: Limit<'_>) -> Result<TcpStream> {
    let mut untried = addresses.iter();
    let mut attempts: Vec<Socket> = Vec::new();
    let mut failure = Error::new(ErrorKind::NotFound, "the name has no address");
    let mut next_start = Duration::ZERO;
    loop {
        let left = limit.left()?;
        let now = limit.clock.now();
        if attempts.is_empty() || now >= next_start {
            // A short deadline is shared, so that each address is tried.
            let shares = u32::try_from(untried.len()).unwrap_or(u32::MAX).max(1);
            next_start = now.saturating_add(HEAD_START.min(left / shares));
            match untried.next().map(begin) {
                Some(Ok(socket)) => attempts.push(socket),
                Some(Err(error)) => {
                    failure = error;
                    next_start = now;
                    continue;
                }
                None if attempts.is_empty() => return Err(failure),
                None => {}
            }
        }
        for socket in mem::take(&mut attempts) {
            match is_connected(&socket) {
                Ok(true) => return Ok(socket.into()),
                Ok(false) => attempts.push(socket),
                Err(error) => {
                    failure = error;
                    next_start = now;
                }
            }
        }
        if !attempts.is_empty() {
            limit.clock.sleep_until(now.saturating_add(left.min(POLL)));
        }
    }
}

/// Begins to connect, and waits for a moment, since most servers answer at once.
fn begin(address: &SocketAddr) -> Result<Socket> {
    let domain = Domain::for_address(*address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    match socket.connect_timeout(&(*address).into(), POLL) {
        Err(error) if error.kind() != ErrorKind::TimedOut => Err(error),
        _ => Ok(socket),
    }
}

/// Whether the socket is connected already. An error means that the attempt failed.
fn is_connected(socket: &Socket) -> Result<bool> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    match socket.peer_addr() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_os = "linux")]
    use crate::tcp::black_hole;
    use crate::tcp::nobody;

    /// A resolver that answers only when the test is over, as if the DNS server were gone. Returns
    /// why it is not waited for.
    fn lost_query(clock: &StdTime, deadline: Option<Duration>) -> Error {
        let (_end, test) = channel::<()>();
        let lookup = move || {
            let _ended = test.recv();
            Ok(Vec::new().into_iter())
        };
        in_thread(Limit { clock, deadline }, lookup).unwrap_err()
    }

    #[test]
    fn the_deadline_covers_the_dns_query() {
        let clock = StdTime::new();
        let deadline = clock.now() + Duration::from_millis(30);
        let error = lost_query(&clock, Some(deadline));
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(clock.now() >= deadline);
    }

    #[test]
    fn a_stop_ends_the_dns_query() {
        let clock = StdTime::new();
        let stop = clock.stop_handle();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            stop.stop();
        });
        let error = lost_query(&clock, None);
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    }

    #[test]
    fn an_ip_address_needs_no_resolver() {
        let clock = &StdTime::new();
        let limit = Limit {
            clock,
            deadline: Some(Duration::ZERO),
        };
        for (host, want) in [
            ("127.0.0.1", "127.0.0.1:80"),
            ("2001:db8::1", "[2001:db8::1]:80"),
        ] {
            assert_eq!(resolve(host, 80, limit).unwrap(), [want.parse().unwrap()]);
        }
    }

    #[test]
    fn each_address_is_tried() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let (refuses, _socket) = nobody();
        let clock = &StdTime::new();
        let limit = Limit {
            clock,
            deadline: None,
        };
        let tcp = connect(&[refuses, refuses, here], limit).unwrap();
        assert_eq!(tcp.peer_addr().unwrap(), here);
        let error = connect(&[refuses, refuses], limit).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let error = connect(&[], limit).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_address_that_does_not_answer_costs_only_a_head_start() {
        let (silent, _queue) = black_hole();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let clock = &StdTime::new();
        let limit = Limit {
            clock,
            deadline: None,
        };
        let tcp = connect(&[silent, silent, here], limit).unwrap();
        assert_eq!(tcp.peer_addr().unwrap(), here);
        // Both silent addresses had their head start.
        assert!(clock.now() >= 2 * HEAD_START);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_last_address_may_take_longer_than_a_head_start() {
        let (slow, queue) = black_hole();
        std::thread::spawn(move || {
            std::thread::sleep(2 * HEAD_START);
            queue.accept_all();
        });
        let clock = &StdTime::new();
        let limit = Limit {
            clock,
            deadline: None,
        };
        let tcp = connect(&[slow], limit).unwrap();
        assert_eq!(tcp.peer_addr().unwrap(), slow);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_address_that_refuses_costs_nothing() {
        let (silent, _queue) = black_hole();
        let (refuses, _socket) = nobody();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let clock = &StdTime::new();
        // Each with a head start would take 10 s.
        let mut addresses = Vec::from([refuses; 40]);
        addresses.insert(0, silent);
        addresses.push(here);
        let limit = Limit {
            clock,
            deadline: Some(Duration::from_secs(9)),
        };
        let tcp = connect(&addresses, limit).unwrap();
        assert_eq!(tcp.peer_addr().unwrap(), here);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_deadline_is_shared_by_all_addresses() {
        let (silent, _queue) = black_hole();
        let clock = &StdTime::new();
        let deadline = clock.now() + Duration::from_millis(100);
        let limit = Limit {
            clock,
            deadline: Some(deadline),
        };
        let error = connect(&[silent, silent], limit).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(clock.now() >= deadline);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_stop_ends_the_attempt_to_connect() {
        let (silent, _queue) = black_hole();
        let clock = &StdTime::new();
        let stop = clock.stop_handle();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            stop.stop();
        });
        let limit = Limit {
            clock,
            deadline: None,
        };
        let error = connect(&[silent], limit).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    }
}
