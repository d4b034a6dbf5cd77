//! TLS with rustls, over a TCP stream whose reads and writes time out.

mod insecure;

use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use embedded_sse::blocking::Clock;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore};

/// Makes TLS connections, with the root certificates of this computer.
pub struct Tls {
    is_insecure: bool,
    /// Loaded for the first `https` connection.
    config: Option<Arc<ClientConfig>>,
}

impl Tls {
    /// If `is_insecure`, any certificate is accepted.
    pub fn new(is_insecure: bool) -> Self {
        Self {
            is_insecure,
            config: None,
        }
    }

    /// Does the TLS handshake, until the deadline or until the clock is stopped.
    pub fn connect(
        &mut self,
        tcp: TcpStream,
        host: &str,
        clock: &impl Clock,
        deadline: Option<Duration>,
    ) -> io::Result<TlsStream> {
        let name = ServerName::try_from(host.to_owned()).map_err(Error::other)?;
        let session = ClientConnection::new(self.config()?, name).map_err(Error::other)?;
        let mut stream = TlsStream { tcp, session };
        while stream.session.is_handshaking() {
            if clock.is_stopped() || deadline.is_some_and(|at| clock.now() >= at) {
                return Err(Error::new(ErrorKind::TimedOut, "no TLS handshake in time"));
            }
            match stream.exchange() {
                Ok(0) => {
                    let problem = "the server closed the connection during the TLS handshake";
                    return Err(Error::new(ErrorKind::UnexpectedEof, problem));
                }
                Err(error) if !is_timeout(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(stream)
    }

    fn config(&mut self) -> io::Result<Arc<ClientConfig>> {
        if let Some(config) = &self.config {
            return Ok(Arc::clone(config));
        }
        // Named, since another part of a program could choose another provider.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::other)?;
        let builder = match self.is_insecure {
            true => builder
                .dangerous()
                .with_custom_certificate_verifier(insecure::verifier()),
            false => builder.with_root_certificates(roots()?),
        };
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let config = Arc::new(config);
        self.config = Some(Arc::clone(&config));
        Ok(config)
    }
}

/// The root certificates of this computer, or of the file that `SSL_CERT_FILE` names.
fn roots() -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let mut problem = String::from("this computer has no root certificates");
        for error in found.errors {
            problem += &format!("; {error}");
        }
        return Err(Error::other(problem));
    }
    Ok(roots)
}

/// An open TLS connection. Its reads and writes time out as those of the TCP stream.
///
/// `rustls::Stream` would not do: its `read` returns only when a whole TLS record has arrived, so a
/// slow server could block it for minutes.
pub struct TlsStream {
    tcp: TcpStream,
    session: ClientConnection,
}

impl TlsStream {
    /// Sends what is to be sent, and reads once from the TCP stream. Returns the number of bytes read.
    fn exchange(&mut self) -> io::Result<usize> {
        self.send()?;
        let read = self.session.read_tls(&mut self.tcp)?;
        if let Err(error) = self.session.process_new_packets() {
            // Tell the server why, if it still listens.
            let _ = self.session.write_tls(&mut self.tcp);
            return Err(explain(error));
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
    /// Returns 0 only after the server's `close_notify`. If the connection ends without it, somebody may
    /// have cut it, and this fails with `UnexpectedEof`.
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.session.reader().read(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result,
        }
        self.exchange()?;
        // Again `WouldBlock` if the record is not complete yet.
        self.session.reader().read(bytes)
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send()?;
        self.session.writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()?;
        self.tcp.flush()
    }
}

/// Unix and Windows report it differently when a socket's timeout expires.
fn is_timeout(error: &Error) -> bool {
    let kind = error.kind();
    kind == ErrorKind::WouldBlock
        || kind == ErrorKind::Interrupted
        || cfg!(windows) && kind == ErrorKind::TimedOut
}

/// Says what the error means for a user, and what to do.
fn explain(error: rustls::Error) -> Error {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, UnknownIssuer,
    };
    let text = match &error {
        rustls::Error::InvalidCertificate(cause) => {
            let meaning = match cause {
                UnknownIssuer => "no known authority has signed the server's certificate",
                Expired | ExpiredContext { .. } => "the server's certificate has expired",
                NotValidYet | NotValidYetContext { .. } => {
                    "the server's certificate is not valid yet; is this computer's clock right?"
                }
                NotValidForName | NotValidForNameContext { .. } => {
                    "the server's certificate is for another host"
                }
                _ => "the server's certificate is not accepted",
            };
            format!(
                "{meaning} ({error}). SSL_CERT_FILE=roots.pem trusts other authorities; --insecure \
                 accepts any certificate"
            )
        }
        rustls::Error::InvalidMessage(_) => {
            format!("the server does not speak TLS ({error}). Is it http instead of https?")
        }
        rustls::Error::AlertReceived(_) => {
            format!("the server refused the TLS connection ({error})")
        }
        _ => format!("TLS failed: {error}"),
    };
    Error::new(ErrorKind::InvalidData, text)
}
