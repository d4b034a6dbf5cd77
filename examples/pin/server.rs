//! Asks a server for its certificate.

use std::io::{Error, ErrorKind, Result};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use embedded_sse::Origin;
use embedded_sse::blocking::Clock as _;
use embedded_sse::std_net::{StdTime, TcpConnector};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::TLS13;
use rustls::{
    ALL_VERSIONS, CipherSuite, ClientConfig, ClientConnection, DigitallySignedStruct, NamedGroup,
    SignatureScheme, SupportedProtocolVersion,
};

/// For the connection, and for each handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// The server's certificate, and a warning if the module `tls` could not make this handshake.
///
/// A server may have several keys and choose one by what the client offers. So the first handshake
/// offers what the module `tls` does.
pub fn certificate(
    origin: Origin<'_>,
) -> std::result::Result<(CertificateDer<'static>, Option<String>), String> {
    let mut provider = ring::default_provider();
    provider
        .kx_groups
        .retain(|group| group.name() == NamedGroup::secp256r1);
    provider
        .cipher_suites
        .retain(|suite| suite.suite() == CipherSuite::TLS13_AES_128_GCM_SHA256);
    let schemes = vec![
        SignatureScheme::ECDSA_NISTP256_SHA256,
        SignatureScheme::ECDSA_NISTP384_SHA384,
        SignatureScheme::ED25519,
    ];
    let first = match ask(origin, provider, &[&TLS13], schemes) {
        Ok(certificate) => return Ok((certificate, None)),
        Err(error) => error,
    };
    if !matches!(
        first.get_ref().and_then(|error| error.downcast_ref()),
        Some(rustls::Error::AlertReceived(_) | rustls::Error::PeerIncompatible(_))
    ) {
        return Err(format!("{origin}: {}", explain(&first)));
    }
    let provider = ring::default_provider();
    let mut schemes = provider
        .signature_verification_algorithms
        .supported_schemes();
    schemes.push(SignatureScheme::ED448);
    let certificate = ask(origin, provider, ALL_VERSIONS, schemes)
        .map_err(|error| format!("{origin}: {}", explain(&error)))?;
    let warning = format!(
        "the module `tls` cannot connect to this server ({first}). The server needs TLS 1.3 with a key \
         exchange on P-256, AES-128-GCM, and an ECDSA key on P-256."
    );
    Ok((certificate, Some(warning)))
}

fn explain(error: &Error) -> String {
    match error.get_ref().and_then(|error| error.downcast_ref()) {
        Some(rustls::Error::InvalidMessage(_)) => {
            format!("the server does not speak TLS ({error}). Is it http instead of https?")
        }
        Some(rustls::Error::AlertReceived(_)) => {
            format!("the server refused the TLS connection ({error})")
        }
        _ => error.to_string(),
    }
}

/// Does a handshake up to the server's certificate.
fn ask(
    origin: Origin<'_>,
    provider: CryptoProvider,
    versions: &[&'static SupportedProtocolVersion],
    schemes: Vec<SignatureScheme>,
) -> Result<CertificateDer<'static>> {
    let taker = Arc::new(Taker {
        schemes,
        certificate: Mutex::new(None),
    });
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .map_err(Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(taker.clone())
        .with_no_client_auth();
    // As the module `tls` sends it: without the dot at the end.
    let name = origin.host.strip_suffix('.').unwrap_or(origin.host);
    let name = ServerName::try_from(name.to_owned()).map_err(Error::other)?;
    let mut session = ClientConnection::new(Arc::new(config), name).map_err(Error::other)?;

    let clock = StdTime::new();
    let deadline = clock.now() + PATIENCE;
    let mut tcp = TcpConnector::new(&clock).open(origin, Some(deadline))?;
    loop {
        let result = exchange(&mut session, &mut tcp);
        let taken = taker.certificate.lock().ok();
        if let Some(certificate) = taken.and_then(|mut taken| taken.take()) {
            return Ok(certificate);
        }
        match result {
            Ok(0) => {
                let problem = "the server closed the connection during the TLS handshake";
                return Err(Error::new(ErrorKind::UnexpectedEof, problem));
            }
            Err(error) if !is_timeout(&error) => return Err(error),
            _ if clock.now() >= deadline => {
                let problem = "the server sent no certificate in time";
                return Err(Error::new(ErrorKind::TimedOut, problem));
            }
            _ => {}
        }
    }
}

/// Sends what is to be sent, and reads once. Returns the number of bytes read.
fn exchange(session: &mut ClientConnection, tcp: &mut TcpStream) -> Result<usize> {
    while session.wants_write() {
        session.write_tls(tcp)?;
    }
    let read = session.read_tls(tcp)?;
    let result = session.process_new_packets().map_err(Error::other);
    result.map(|_| read)
}

/// Unix and Windows report it differently when a socket's timeout expires.
fn is_timeout(error: &Error) -> bool {
    let kind = error.kind();
    kind == ErrorKind::WouldBlock
        || kind == ErrorKind::Interrupted
        || cfg!(windows) && kind == ErrorKind::TimedOut
}

/// Keeps the server's certificate and checks nothing, not even that the server has its key: the
/// person who compares the pin decides.
#[derive(Debug)]
struct Taker {
    schemes: Vec<SignatureScheme>,
    certificate: Mutex<Option<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Taker {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if let Ok(mut taken) = self.certificate.lock() {
            *taken = Some(certificate.clone().into_owned());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}
