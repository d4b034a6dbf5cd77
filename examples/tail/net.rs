//! The transport of `tail`: TCP, and TLS over TCP for `https`.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use embedded_sse::blocking::{Clock as _, Connect};
use embedded_sse::std_net::{Connection, StdTime, TcpConnector};
use embedded_sse::{Origin, Scheme};

use crate::show::Show;
use crate::tls::{Tls, TlsStream};

pub struct Net<'s> {
    clock: &'s StdTime,
    show: &'s RefCell<Show>,
    tcp: TcpConnector,
    tls: Tls,
}

impl<'s> Net<'s> {
    pub fn new(clock: &'s StdTime, show: &'s RefCell<Show>, tls: Tls) -> Self {
        Self {
            clock,
            show,
            tcp: TcpConnector::new(clock),
            tls,
        }
    }

    fn open(&mut self, origin: Origin<'_>, deadline: Option<Duration>) -> io::Result<Stream> {
        let tcp = self.tcp.open(origin, deadline)?;
        match origin.scheme {
            Scheme::Http => Ok(Stream::Tcp(tcp)),
            Scheme::Https => {
                let tls = self.tls.connect(tcp, origin.host, self.clock, deadline)?;
                Ok(Stream::Tls(Box::new(tls)))
            }
        }
    }
}

impl<'s> Connect for Net<'s> {
    const TLS: bool = true;
    type Error = ();
    type Io<'c>
        = Connection<Watched<'s>>
    where
        Self: 'c;

    fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Connection<Watched<'s>>, ()> {
        let show = self.show;
        match self.open(origin, deadline) {
            Ok(stream) => Ok(Connection::new(Watched { stream, show })),
            Err(error) => {
                if !self.clock.is_stopped() {
                    show.borrow_mut().trouble(&format!("{origin}: {error}"));
                }
                Err(())
            }
        }
    }
}

enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream>),
}

/// A stream that flushes the output before it blocks, and shows its errors.
pub struct Watched<'s> {
    stream: Stream,
    show: &'s RefCell<Show>,
}

impl Watched<'_> {
    fn watch<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && !matches!(
                error.kind(),
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
            )
        {
            self.show.borrow_mut().trouble(&error.to_string());
        }
        result
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.show.borrow_mut().flush();
        let result = match &mut self.stream {
            Stream::Tcp(tcp) => tcp.read(bytes),
            Stream::Tls(tls) => tls.read(bytes),
        };
        self.watch(result)
    }
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = match &mut self.stream {
            Stream::Tcp(tcp) => tcp.write(bytes),
            Stream::Tls(tls) => tls.write(bytes),
        };
        self.watch(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = match &mut self.stream {
            Stream::Tcp(tcp) => tcp.flush(),
            Stream::Tls(tls) => tls.flush(),
        };
        self.watch(result)
    }
}
