//! The keys and the configuration of the servers.

use std::sync::{Arc, OnceLock};

use embedded_sse::tls::PinnedKeys;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::version::TLS13;
use rustls::{ServerConfig, ServerConnection};

use super::keys::Key;

struct Server {
    pins: PinnedKeys,
    config: Arc<ServerConfig>,
}

impl Server {
    fn new() -> Self {
        let key = Key::new();
        let certificate = key.certificate.der().clone();
        let private = PrivatePkcs8KeyDer::from(key.pair.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .expect("the provider has TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], private.into())
            .expect("a valid key");
        Self {
            pins: key.pins(),
            config: Arc::new(config),
        }
    }

    /// The keys are made once for each run of the program. No trace shows them.
    fn trusted() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Self::new)
    }

    fn untrusted() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Self::new)
    }
}

/// The pins of the servers that the client trusts.
pub fn pins() -> PinnedKeys {
    Server::trusted().pins
}

pub fn connection(is_trusted: bool) -> ServerConnection {
    let server = match is_trusted {
        true => Server::trusted(),
        false => Server::untrusted(),
    };
    let connection = ServerConnection::new(server.config.clone());
    let mut connection = connection.expect("a valid configuration");
    connection.set_buffer_limit(None);
    connection
}
