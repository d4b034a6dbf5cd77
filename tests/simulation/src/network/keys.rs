//! The keys of the servers over TLS.

use std::sync::{Arc, OnceLock};

use embedded_sse::tls::PinnedKeys;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::version::TLS13;
use rustls::{ServerConfig, ServerConnection};
use sha2::{Digest, Sha256};

use crate::server::{HOST, OTHER};

struct Server {
    /// The hash of the public key.
    pin: String,
    config: Arc<ServerConfig>,
}

impl Server {
    fn new() -> Self {
        let pair = KeyPair::generate().expect("random numbers");
        let params = CertificateParams::new(vec![HOST.into(), OTHER.into()]);
        let certificate = params
            .and_then(|params| params.self_signed(&pair))
            .expect("valid names");
        let certificate = certificate.der().clone();
        let hash = Sha256::digest(pair.subject_public_key_info());
        let private = PrivatePkcs8KeyDer::from(pair.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .expect("the provider has TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], private.into())
            .expect("a valid key");
        Self {
            pin: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
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
pub fn pins(trusts_any: bool) -> PinnedKeys {
    let [trusted, untrusted] = [Server::trusted(), Server::untrusted()].map(|server| &*server.pin);
    let second = if trusts_any { untrusted } else { trusted };
    PinnedKeys::parse(&[trusted, second]).expect("64 hexadecimal digits")
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
