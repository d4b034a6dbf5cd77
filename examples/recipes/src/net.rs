//! Connections for `http` and `https`: TLS by rustls, with the root certificates of the system.

use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use embedded_sse::blocking::{Clock, Connect};
use embedded_sse::std_net::{Connection, StdTime, TcpConnector};
use embedded_sse::{Origin, Scheme};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Connects over TCP, and over TLS for `https`. Prints why an attempt fails.
pub struct Net {
    tcp: TcpConnector,
    clock: StdTime,
    tls: Arc<ClientConfig>,
}

impl Net {
    pub fn new(clock: &StdTime) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder().with_root_certificates(roots);
        Self {
            tcp: TcpConnector::new(clock),
            clock: clock.clone(),
            tls: Arc::new(tls.with_no_client_auth()),
        }
    }

    fn open(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> io::Result<Box<dyn Stream>> {
        let tcp = self.tcp.open(origin, deadline)?;
        match origin.scheme {
            Scheme::Http => Ok(Box::new(tcp)),
            Scheme::Https => {
                let tls = self.handshake(tcp, origin.host, deadline)?;
                Ok(Box::new(tls))
            }
        }
    }

    fn handshake(
        &self,
        tcp: TcpStream,
        host: &str,
        deadline: Option<Duration>,
    ) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let host = ServerName::try_from(host.to_owned()).map_err(Error::other)?;
        let client = ClientConnection::new(Arc::clone(&self.tls), host).map_err(Error::other)?;
        let mut tls = StreamOwned::new(client, tcp);
        while tls.conn.is_handshaking() {
            match tls.conn.complete_io(&mut tls.sock) {
                Ok(_) => {}
                // A read of `TcpConnector::open` returns now and then, so that we look at the clock.
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    if self.clock.is_stopped() || deadline.is_some_and(|at| self.clock.now() >= at)
                    {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(tls)
    }
}

impl Connect for Net {
    const TLS: bool = true;
    type Error = Error;
    type Io<'c> = Connection<Box<dyn Stream>>;

    fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> io::Result<Connection<Box<dyn Stream>>> {
        let stream = self.open(origin, deadline);
        if let Err(error) = &stream {
            eprintln!("{} port {}: {error}", origin.host, origin.port);
        }
        stream.map(Connection::new)
    }
}

/// A connection with or without TLS.
pub trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}
