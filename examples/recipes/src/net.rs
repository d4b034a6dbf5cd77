//! Connections for `http` and `https`: TLS by rustls, with the root certificates of the system.

use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use embedded_sse::blocking::{Clock, Connect};
use embedded_sse::std_net::{Connection, StdTime, TcpConnector};
use embedded_sse::{Origin, Scheme};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::printable;

/// Connects over TCP, and over TLS for `https`. Prints why an attempt fails.
pub struct Net {
    tcp: TcpConnector,
    clock: StdTime,
    config: Arc<ClientConfig>,
    has_roots: bool,
}

impl Net {
    /// Prints what is wrong with the root certificates of the system.
    pub fn new(clock: &StdTime) -> Self {
        let native = rustls_native_certs::load_native_certs();
        for error in native.errors {
            eprintln!("root certificates: {error}");
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(native.certs);
        let has_roots = !roots.is_empty();
        // Named, since another part of a program could choose another provider.
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring supports them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            tcp: TcpConnector::new(clock),
            clock: clock.clone(),
            config: Arc::new(config),
            has_roots,
        }
    }

    fn open(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> io::Result<Box<dyn Stream>> {
        if origin.scheme == Scheme::Https && !self.has_roots {
            return Err(Error::other(
                "no server can be trusted, because there are no root certificates: install those of \
                 your system (on Debian the package ca-certificates), or name a file of them in \
                 SSL_CERT_FILE",
            ));
        }
        let tcp = self.tcp.open(origin, deadline)?;
        match origin.scheme {
            Scheme::Http => Ok(Box::new(tcp)),
            Scheme::Https => Ok(Box::new(self.handshake(tcp, origin.host, deadline)?)),
        }
    }

    fn handshake(
        &self,
        tcp: TcpStream,
        host: &str,
        deadline: Option<Duration>,
    ) -> io::Result<TlsStream> {
        let host = ServerName::try_from(host.to_owned()).map_err(Error::other)?;
        let session =
            ClientConnection::new(Arc::clone(&self.config), host).map_err(Error::other)?;
        let mut tls = TlsStream { tcp, session };
        while tls.session.is_handshaking() {
            if self.clock.is_stopped() || deadline.is_some_and(|at| self.clock.now() >= at) {
                return Err(Error::new(ErrorKind::TimedOut, "no TLS handshake in time"));
            }
            match tls.exchange() {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Err(error) if !is_timeout(&error) => return Err(error),
                _ => {}
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
            // The host may come from a redirect, and the names in an error from a certificate.
            let (host, error) = (printable(origin.host), printable(error));
            eprintln!("{host} port {}: {error}", origin.port);
        }
        stream.map(Connection::new)
    }
}

/// A connection with or without TLS. Its reads return after 50 ms, as those of `TcpConnector::open`.
pub trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// TLS over TCP. `rustls::Stream` reads until a TLS record is complete, so a slow server could keep
/// the loop from checking its deadlines. This reads once.
struct TlsStream {
    tcp: TcpStream,
    session: ClientConnection,
}

impl TlsStream {
    /// Sends what is to be sent, and reads once. Returns the number of bytes read.
    fn exchange(&mut self) -> io::Result<usize> {
        self.send()?;
        let read = self.session.read_tls(&mut self.tcp)?;
        if let Err(error) = self.session.process_new_packets() {
            // Tell the server why, if it still listens.
            let _ = self.send();
            return Err(Error::other(error));
        }
        Ok(read)
    }

    fn send(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut self.tcp)?;
        }
        Ok(())
    }
}

impl Read for TlsStream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.session.reader().read(bytes) {
            Err(error) if is_timeout(&error) => {}
            read => return read,
        }
        self.exchange()?;
        self.session.reader().read(bytes)
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send()?;
        self.session.writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

/// Whether nothing happened in time, which Unix and Windows report differently.
fn is_timeout(error: &Error) -> bool {
    let kind = error.kind();
    kind == ErrorKind::WouldBlock || cfg!(windows) && kind == ErrorKind::TimedOut
}
