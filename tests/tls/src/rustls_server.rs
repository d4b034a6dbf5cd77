//! rustls as the server.

use std::io::{Read, Write};
use std::sync::Arc;

use rcgen::KeyPair;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, SupportedProtocolVersion, version::TLS13};

use crate::keys::Key;
use crate::net::Server;

pub fn provider() -> CryptoProvider {
    ring::default_provider()
}

pub fn config(key: &Key) -> ServerConfig {
    config_with(key, provider(), &[&TLS13])
}

pub fn config_with(
    key: &Key,
    provider: CryptoProvider,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    build(&[key.certificate.der()], &key.pair, provider, versions)
}

/// With these certificates, the server's own first.
pub fn config_of(certificates: &[&CertificateDer<'static>], pair: &KeyPair) -> ServerConfig {
    build(certificates, pair, provider(), &[&TLS13])
}

fn build(
    certificates: &[&CertificateDer<'static>],
    pair: &KeyPair,
    provider: CryptoProvider,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    let certificates = certificates.iter().copied().cloned().collect();
    let private = PrivatePkcs8KeyDer::from(pair.serialize_der());
    ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, private.into())
        .unwrap()
}

/// Answers the first request.
pub struct Rustls<A> {
    tls: ServerConnection,
    request: Vec<u8>,
    /// What to do after the request. Returns whether the connection ends then.
    answer: Option<A>,
    has_ended: bool,
}

impl<A: FnOnce(&mut ServerConnection) -> bool> Rustls<A> {
    pub fn new(config: &Arc<ServerConfig>, answer: A) -> Self {
        let mut tls = ServerConnection::new(config.clone()).unwrap();
        tls.set_buffer_limit(None);
        Self {
            tls,
            request: Vec::new(),
            answer: Some(answer),
            has_ended: false,
        }
    }
}

impl<A: FnOnce(&mut ServerConnection) -> bool> Server for Rustls<A> {
    fn receive(&mut self, mut bytes: &[u8]) -> Vec<u8> {
        while !bytes.is_empty() {
            self.tls.read_tls(&mut bytes).unwrap();
            if self.tls.process_new_packets().is_err() {
                self.has_ended = true;
                break;
            }
        }
        let mut part = [0; 1024];
        while let Ok(len @ 1..) = self.tls.reader().read(&mut part) {
            self.request.extend(&part[..len]);
        }
        if self.request.ends_with(b"\r\n\r\n")
            && let Some(answer) = self.answer.take()
        {
            self.has_ended = answer(&mut self.tls);
        }
        let mut sent = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut sent).unwrap();
        }
        sent
    }

    fn has_ended(&self) -> bool {
        self.has_ended
    }
}

/// Sends these events as a response whose length is not known.
pub fn send(tls: &mut ServerConnection, events: &str) {
    send_with(tls, "", events);
}

/// The same with this header, which has its line end.
pub fn send_with(tls: &mut ServerConnection, header: &str, events: &str) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
    write!(tls.writer(), "{head}{header}\r\n{events}").unwrap();
}
