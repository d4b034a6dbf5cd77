//! The proof that the server has a trusted key.

use embedded_tls::{
    CertificateRef, CertificateVerifyRef, CryptoProvider, CryptoRngCore, SignatureScheme,
    TlsError as Library, TlsVerifier,
};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::certificate::Certificate;
use super::error::TlsError;
use super::random::Random;
use super::suite::Suite;
use super::trust::Check;

/// What the library needs of us: random numbers, and a verifier.
pub(super) struct Provider<'a, T> {
    pub(super) random: Random,
    pub(super) verifier: Verifier<'a, T>,
}

impl<T: Check> CryptoProvider for Provider<'_, T> {
    type CipherSuite = Suite;
    type Signature = DerSignature;

    fn rng(&mut self) -> impl CryptoRngCore {
        &mut self.random
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Suite>, Library> {
        Ok(&mut self.verifier)
    }
}

/// Checks the server's messages and remembers what they have proven. The caller asks for the
/// [`proof`](Self::proof) after the handshake.
pub(super) struct Verifier<'a, T> {
    trust: &'a mut T,
    host: &'a str,
    state: State,
}

enum State {
    /// There was no certificate yet.
    Nothing,
    /// The key of the certificate is trusted. The hash is of all messages up to the certificate.
    Trusted {
        key: VerifyingKey,
        messages: Sha256,
    },
    /// The server has signed these messages with this key.
    Proven,
    Refused(TlsError),
}

impl<'a, T> Verifier<'a, T> {
    pub(super) fn new(trust: &'a mut T, host: &'a str) -> Self {
        Self {
            trust,
            host,
            state: State::Nothing,
        }
    }

    /// Whether the server has proven in this handshake that it has a trusted key.
    ///
    /// # Errors
    /// Returns why not. It is [`TlsError::NotProven`] if the messages for it did not arrive.
    pub(super) fn proof(&self) -> Result<(), TlsError> {
        match self.state {
            State::Proven => Ok(()),
            State::Refused(why) => Err(why),
            State::Nothing | State::Trusted { .. } => Err(TlsError::NotProven),
        }
    }

    /// Enters the state, and tells the library whether to go on.
    fn enter(&mut self, state: Result<State, TlsError>) -> Result<(), Library> {
        let is_refused = state.is_err();
        self.state = state.unwrap_or_else(State::Refused);
        if is_refused {
            return Err(Library::InvalidCertificate);
        }
        Ok(())
    }
}

impl<T: Check> TlsVerifier<Suite> for Verifier<'_, T> {
    /// The library passes the name only if we send it. We have the host from elsewhere.
    fn set_hostname_verification(&mut self, _: &str) -> Result<(), Library> {
        Ok(())
    }

    /// `messages` is the hash of all messages up to this one.
    fn verify_certificate(
        &mut self,
        messages: &Sha256,
        certificate: CertificateRef<'_>,
    ) -> Result<(), Library> {
        let state = match self.state {
            State::Nothing => {
                let key = self.trust.trusted_key(&certificate, self.host);
                key.map(|key| State::Trusted {
                    key,
                    messages: messages.clone(),
                })
            }
            // A second certificate.
            _ => Err(TlsError::NotProven),
        };
        self.enter(state)
    }

    fn verify_signature(&mut self, verify: CertificateVerifyRef<'_>) -> Result<(), Library> {
        let state = match &self.state {
            State::Trusted { key, messages } => match is_signed(key, messages, &verify) {
                true => Ok(State::Proven),
                false => Err(TlsError::WrongSignature),
            },
            // A signature before the certificate, or a second one.
            _ => Err(TlsError::NotProven),
        };
        self.enter(state)
    }
}

/// The public key in a certificate.
pub(super) fn key_of(certificate: &Certificate<'_>) -> Result<VerifyingKey, TlsError> {
    let point = certificate.p256_point().ok_or(TlsError::UnsupportedKey)?;
    VerifyingKey::from_sec1_bytes(point).map_err(|_| TlsError::UnsupportedKey)
}

/// Checks the signature of RFC 8446, section 4.4.3.
fn is_signed(key: &VerifyingKey, messages: &Sha256, verify: &CertificateVerifyRef<'_>) -> bool {
    let Ok(signature) = Signature::from_der(verify.signature) else {
        return false;
    };
    let mut signed = [0x20; 130];
    let (_, behind) = signed.split_at_mut(64);
    let (context, hash) = behind.split_at_mut(34);
    context.copy_from_slice(b"TLS 1.3, server CertificateVerify\0");
    hash.copy_from_slice(&messages.clone().finalize());
    verify.signature_scheme == SignatureScheme::EcdsaSecp256r1Sha256
        && key.verify(&signed, &signature).is_ok()
}
