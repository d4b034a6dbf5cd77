//! A `Connect` over mbedtls-rs. It checks the server's certificates against authorities.

mod clock;

use std::error::Error as StdError;
use std::ffi::{CString, NulError};
use std::fmt;
use std::time::Duration;

use critical_section as _;
use embedded_io_async::{Error as _, ErrorKind, ErrorType, Read, Write};
use embedded_sse::io::Connect;
use embedded_sse::{Origin, Scheme};
use mbedtls_rs::{
    AuthMode, Certificate, ClientSessionConfig, Session, SessionConfig, SessionError, TlsReference,
};

pub use clock::use_clock;

/// Makes TLS connections over another `Connect`. The server needs a certificate for the URL's host from one
/// of the authorities.
///
/// Call [`use_clock`] first. Otherwise, no certificate is accepted. Use it from one thread only, since the C
/// library is built without locks.
///
/// Follow it with `sse`, which drops a read only to end the connection. A dropped read of mbedtls-rs
/// cannot be repeated.
pub struct MbedTls<'t, C> {
    transport: C,
    tls: TlsReference<'t>,
    authorities: Certificate<'static>,
}

impl<'t, C> MbedTls<'t, C> {
    pub fn new(transport: C, tls: TlsReference<'t>, authorities: Certificate<'static>) -> Self {
        Self {
            transport,
            tls,
            authorities,
        }
    }
}

impl<'t, C: Connect> Connect for MbedTls<'t, C> {
    const TLS: bool = true;
    type Error = Error<C::Error>;
    type Io<'c>
        = Connection<'t, C::Io<'c>>
    where
        Self: 'c;

    async fn ready(&mut self) {
        self.transport.ready().await;
    }

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, Self::Error> {
        if origin.scheme != Scheme::Https {
            return Err(Error::NotHttps);
        }
        let host = origin.host.strip_suffix('.').unwrap_or(origin.host);
        let host = CString::new(host).map_err(Error::Host)?;
        let config = SessionConfig::Client(ClientSessionConfig {
            ca_chain: Some(self.authorities.clone()),
            auth_mode: AuthMode::Required,
            ..ClientSessionConfig::new()
        });

        // TLS is done here.
        let scheme = Scheme::Http;
        let below = Origin { scheme, ..origin };
        let io = self.transport.connect(below, deadline).await;
        let io = io.map_err(Error::Transport)?;
        let mut session = Session::new(self.tls, io, &config).map_err(Error::Tls)?;
        session.set_server_name(&host).map_err(Error::Tls)?;
        session.connect().await.map_err(Error::Tls)?;
        // `Required` has refused all others already.
        match session.tls_verification_details() {
            0 => Ok(Connection(session)),
            problems => Err(Error::Certificate(problems)),
        }
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub enum Error<E> {
    /// The URL is not `https`. Nothing was sent.
    NotHttps,
    /// The host has a character that C cannot represent.
    Host(NulError),
    /// The transport below failed.
    Transport(E),
    /// The handshake failed, for example because of the server's certificate.
    Tls(SessionError),
    /// The certificate is not accepted: the flags `MBEDTLS_X509_BADCERT_…`.
    Certificate(u32),
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHttps => f.write_str("the URL is not https"),
            Self::Host(error) => write!(f, "the host is invalid: {error}"),
            Self::Transport(error) => error.fmt(f),
            Self::Tls(error) => write!(f, "TLS: {error}"),
            Self::Certificate(flags) => write!(f, "the certificate is not accepted: {flags:#x}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> StdError for Error<E> {}

/// An open connection.
pub struct Connection<'t, T: Read + Write>(Session<'t, T>);

impl<T: Read + Write> ErrorType for Connection<'_, T> {
    type Error = ErrorKind;
}

impl<T: Read + Write> Read for Connection<'_, T> {
    /// Returns 0 after a `close_notify`. If the transport ends without one, it fails.
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.read(bytes).await.map_err(kind)
    }
}

impl<T: Read + Write> Write for Connection<'_, T> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.0.write(bytes).await.map_err(kind)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.flush().await.map_err(kind)
    }
}

/// Never `Interrupted`, after which the loop would try again.
fn kind(error: SessionError) -> ErrorKind {
    match error.kind() {
        ErrorKind::Interrupted => ErrorKind::Other,
        kind => kind,
    }
}
