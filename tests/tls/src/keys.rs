//! Keys, their certificates and pins.

use std::fmt::Write;

use embedded_sse::tls::PinnedKeys;
use p256::SecretKey;
use p256::pkcs8::EncodePrivateKey;
use rcgen::{CertificateParams, KeyPair, PublicKeyData, SignatureAlgorithm};
use sha2::{Digest, Sha256};

/// A key pair on P-256 that is the same each time.
pub fn fixed_pair(secret: &[u8; 32]) -> KeyPair {
    let secret = SecretKey::from_slice(secret).unwrap();
    KeyPair::try_from(secret.to_pkcs8_der().unwrap().as_bytes()).unwrap()
}

/// A key with a certificate that it has signed itself.
pub struct Key {
    pub pair: KeyPair,
    pub certificate: rcgen::Certificate,
}

impl Key {
    pub fn new() -> Self {
        Self::of_kind(&rcgen::PKCS_ECDSA_P256_SHA256)
    }

    pub fn of_kind(kind: &'static SignatureAlgorithm) -> Self {
        let pair = KeyPair::generate_for(kind).unwrap();
        let params = CertificateParams::new(vec!["localhost".into()]).unwrap();
        let certificate = params.self_signed(&pair).unwrap();
        Self { pair, certificate }
    }

    /// The hash of the public key, in hexadecimal digits.
    pub fn pin(&self) -> String {
        let mut pin = String::new();
        for byte in Sha256::digest(self.pair.subject_public_key_info()) {
            write!(pin, "{byte:02x}").unwrap();
        }
        pin
    }

    pub fn pins(&self) -> PinnedKeys {
        PinnedKeys::parse(&[&self.pin()]).unwrap()
    }
}

impl Default for Key {
    fn default() -> Self {
        Self::new()
    }
}
