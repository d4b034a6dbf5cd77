//! rustls as the server, on loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, SupportedProtocolVersion};

use crate::chain::Issuer;

/// A server of one connection.
pub struct Server {
    pub port: u16,
    thread: JoinHandle<Vec<u8>>,
}

impl Server {
    /// Starts a server with the key of the first certificate. It answers a request with the response, and
    /// ends with or without a `close_notify`.
    pub fn start(
        chain: &[&Issuer],
        version: &'static SupportedProtocolVersion,
        response: &str,
        notify: bool,
    ) -> Self {
        let key = PrivatePkcs8KeyDer::from(chain[0].key().serialize_der());
        let chain = chain.iter().map(|issuer| issuer.der().clone()).collect();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key.into())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let response = response.to_string();
        let thread = std::thread::spawn(move || {
            let (tcp, _) = listener.accept().unwrap();
            tcp.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            serve(tcp, Arc::new(config), &response, notify)
        });
        Self { port, thread }
    }

    /// What the client has sent after the handshake, once it has closed the connection.
    pub fn request(self) -> String {
        String::from_utf8(self.thread.join().unwrap()).unwrap()
    }
}

fn serve(mut tcp: TcpStream, config: Arc<ServerConfig>, response: &str, notify: bool) -> Vec<u8> {
    let mut tls = ServerConnection::new(config).unwrap();
    let mut request = Vec::new();
    loop {
        // The client has gone, or does not accept the certificate.
        if tls.complete_io(&mut tcp).is_err() {
            return request;
        }
        let mut part = [0; 1024];
        match tls.reader().read(&mut part) {
            Ok(0) => return request,
            Ok(len) => request.extend(&part[..len]),
            Err(_) => continue,
        }
        if request.ends_with(b"\r\n\r\n") {
            tls.writer().write_all(response.as_bytes()).unwrap();
            if notify {
                tls.send_close_notify();
            }
            while tls.wants_write() {
                tls.write_tls(&mut tcp).unwrap();
            }
            return request;
        }
    }
}
