//! The connections and the clock of `std`, for the blocking loop.

use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use embedded_sse::Origin;
use embedded_sse::blocking::{Clock, Connect};

use crate::show::{self, Show};

/// How long a read or write may block before the loop checks its deadlines.
const MOMENT: Duration = Duration::from_millis(20);

pub struct Net<'s> {
    pub clock: &'s Since,
    pub show: &'s Mutex<Show>,
}

impl<'s> Connect for Net<'s> {
    type Error = ();
    type Io<'c>
        = Tcp<'s>
    where
        Self: 'c;

    fn connect(&mut self, origin: Origin<'_>, deadline: Option<Duration>) -> Result<Tcp<'s>, ()> {
        let connected = self.try_each_address(origin, deadline);
        let tcp = connected.and_then(|tcp| {
            tcp.set_read_timeout(Some(MOMENT))?;
            tcp.set_write_timeout(Some(MOMENT))?;
            Ok(tcp)
        });
        match tcp {
            Ok(tcp) => Ok(Tcp {
                tcp: BufWriter::new(tcp),
                show: self.show,
            }),
            Err(error) => {
                show::lock(self.show).trouble(origin, &error);
                Err(())
            }
        }
    }
}

impl Net<'_> {
    fn try_each_address(
        &self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> io::Result<TcpStream> {
        let left = |shares| match deadline {
            // Not 0, which the system rejects.
            Some(at) => (at.saturating_sub(self.clock.now()) / shares).max(MOMENT),
            None => Duration::MAX,
        };
        let addresses = resolve(origin.host.to_owned(), origin.port, left(1))?;
        let mut last = io::Error::other("the name has no address");
        for (tried, address) in addresses.iter().enumerate() {
            let shares = (addresses.len() - tried) as u32;
            let connected = TcpStream::connect_timeout(address, left(shares));
            match connected {
                Ok(tcp) => return Ok(tcp),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// Resolves the name in a separate thread, because the system's resolver has no timeout.
fn resolve(host: String, port: u16, timeout: Duration) -> io::Result<Vec<SocketAddr>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let addresses = (host.as_str(), port).to_socket_addrs();
        // The receiver may have timed out.
        let _ = sender.send(addresses.map(Iterator::collect));
    });
    receiver
        .recv_timeout(timeout)
        .unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

pub struct Tcp<'s> {
    tcp: BufWriter<TcpStream>,
    show: &'s Mutex<Show>,
}

impl embedded_io::ErrorType for Tcp<'_> {
    type Error = io::Error;
}

impl embedded_io::Read for Tcp<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        show::lock(self.show).flush();
        self.tcp.get_ref().read(bytes).map_err(timed_out)
    }
}

impl embedded_io::Write for Tcp<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.write(bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush().map_err(timed_out)
    }
}

/// When a socket's timeout expires, Unix returns `WouldBlock` and Windows returns `TimedOut`. On Unix,
/// `TimedOut` means that the connection is dead.
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        ErrorKind::TimedOut if cfg!(unix) => ErrorKind::ConnectionAborted.into(),
        _ => error,
    }
}

/// The time since a moment.
pub struct Since(Instant);

impl Since {
    pub fn now() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Since {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep_until(&self, time: Duration) {
        std::thread::sleep(time.saturating_sub(self.now()));
    }
}
