//! The path from a private authority to the certificate of a server (RFC 5280, section 6).

use core::sync::atomic::{AtomicU8, Ordering};
use core::time::Duration;

use embedded_tls::{CertificateEntryRef, CertificateRef};
use heapless::Vec;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, ServerName,
    SignatureVerificationAlgorithm, UnixTime, alg_id,
};
use webpki::{EndEntityCert, Error, VerifiedPath};

use super::authority::Now;
use super::certificate::{Certificate, KeyUsage};
use super::error::TlsError;

/// Intermediate authorities, and perhaps the root, which need not be sent.
const MOST_OTHERS: usize = 4;

/// Of all roots together. Checking one takes a microcontroller a good part of a second. Without a
/// limit, certificates that all claim to have issued each other would be checked in every order.
const MOST_SIGNATURES: u8 = 8;

/// Checks that one of the roots has issued the server's certificate, and that this is valid now and
/// for the host. Returns it.
pub(super) fn verify<'a>(
    roots: &[&[u8]],
    certificates: &CertificateRef<'a>,
    host: &str,
    now: Now,
) -> Result<Certificate<'a>, TlsError> {
    let mut sent = certificates.entries.iter().map(|entry| match entry {
        CertificateEntryRef::X509(der) => Ok(*der),
        _ => Err(TlsError::InvalidCertificate),
    });
    let leaf = sent.next().ok_or(TlsError::NotProven)??;
    let mut others: Vec<CertificateDer<'_>, MOST_OTHERS> = Vec::new();
    for other in sent {
        let pushed = others.push(CertificateDer::from(other?));
        pushed.map_err(|_| TlsError::InvalidCertificate)?;
    }

    let der = CertificateDer::from(leaf);
    let checked = EndEntityCert::try_from(&der).map_err(refused)?;
    let algorithm = EcdsaP256::default();
    let mut result = Err(TlsError::UnknownIssuer);
    for root in roots {
        let answer = verify_path(root, &checked, &others, now, &algorithm);
        // Another root may be a newer certificate of the same authority.
        if answer.is_ok() || result == Err(TlsError::UnknownIssuer) {
            result = answer;
        }
        if result.is_ok() {
            break;
        }
    }
    result?;
    let name = ServerName::try_from(host).map_err(|_| TlsError::WrongName)?;
    let is_valid = checked.verify_is_valid_for_subject_name(&name);
    is_valid.map_err(refused)?;
    Certificate::read(leaf).ok_or(TlsError::InvalidCertificate)
}

fn verify_path(
    root: &[u8],
    leaf: &EndEntityCert<'_>,
    others: &[CertificateDer<'_>],
    now: Now,
    algorithm: &EcdsaP256,
) -> Result<(), TlsError> {
    let fields = Certificate::read(root).ok_or(TlsError::InvalidCertificate)?;
    let (from, until) = fields.validity().ok_or(TlsError::InvalidCertificate)?;
    let time = match now {
        Now::Is(time) => time,
        Now::AtLeast(bound) => others
            .iter()
            .chain([&leaf.der()])
            .filter_map(|der| Certificate::read(der)?.validity())
            .fold(bound.max(from), |time, (from, _)| time.max(from)),
    };
    let anchor = CertificateDer::from(root);
    let anchor = webpki::anchor_from_trusted_cert(&anchor).map_err(refused)?;
    leaf.verify_for_usage(
        &[algorithm],
        &[anchor],
        others,
        UnixTime::since_unix_epoch(Duration::from_secs(time)),
        webpki::KeyUsage::server_auth(),
        None,
        Some(&|path| key_usage_and_length(path, &fields)),
    )
    .map_err(refused)?;
    // The library does not look at the dates of a root.
    if time < from {
        return Err(TlsError::NotYetValid);
    }
    if time > until {
        return Err(TlsError::Expired);
    }
    Ok(())
}

/// What the library does not check of a path that is otherwise valid.
fn key_usage_and_length(path: &VerifiedPath<'_>, root: &Certificate<'_>) -> Result<(), Error> {
    let allows = |der: CertificateDer<'_>, usage| {
        Certificate::read(&der).is_some_and(|certificate| certificate.allows(usage))
    };
    let mut others = path.intermediate_certificates();
    if !allows(path.end_entity().der(), KeyUsage::DigitalSignature)
        || !others.all(|other| allows(other.der(), KeyUsage::CertificateSigning))
    {
        return Err(Error::ExtensionValueInvalid);
    }
    if root.path_len() < Some(path.intermediate_certificates().count()) {
        return Err(Error::PathLenConstraintViolated);
    }
    Ok(())
}

/// The only algorithm of certificates: ECDSA on P-256 with SHA-256.
#[derive(Debug)]
struct EcdsaP256 {
    /// How many more signatures it checks.
    left: AtomicU8,
}

impl Default for EcdsaP256 {
    fn default() -> Self {
        Self {
            left: AtomicU8::new(MOST_SIGNATURES),
        }
    }
}

impl SignatureVerificationAlgorithm for EcdsaP256 {
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA256
    }

    fn verify_signature(
        &self,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        // No other thread uses it. A Cortex-M0 has no atomic subtraction.
        let left = self.left.load(Ordering::Relaxed).checked_sub(1);
        self.left
            .store(left.ok_or(InvalidSignature)?, Ordering::Relaxed);
        let key = VerifyingKey::from_sec1_bytes(key).map_err(|_| InvalidSignature)?;
        let signature = DerSignature::from_bytes(signature).map_err(|_| InvalidSignature)?;
        key.verify(message, &signature)
            .map_err(|_| InvalidSignature)
    }
}

fn refused(error: Error) -> TlsError {
    match error {
        Error::UnknownIssuer | Error::InvalidSignatureForPublicKey => TlsError::UnknownIssuer,
        Error::CertNotValidForName(_) => TlsError::WrongName,
        Error::CertExpired { .. } => TlsError::Expired,
        Error::CertNotValidYet { .. } => TlsError::NotYetValid,
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => TlsError::UnsupportedKey,
        _ => TlsError::InvalidCertificate,
    }
}
