//! The public key in a certificate.

use sha2::{Digest, Sha256};
use spki::der::asn1::AnyRef;
use spki::der::{Decode, Reader, Result, SliceReader, Tag, Tagged};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

/// The SubjectPublicKeyInfo of a certificate.
pub struct Key<'a> {
    der: &'a [u8],
    info: SubjectPublicKeyInfoRef<'a>,
}

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// The context-specific tag 0.
const VERSION: u8 = 0xa0;

impl<'a> Key<'a> {
    /// Returns `None` if this is not a certificate.
    pub fn of(certificate: &'a [u8]) -> Option<Self> {
        let der = spki(certificate).ok()?;
        let info = SubjectPublicKeyInfoRef::from_der(der).ok()?;
        Some(Self { der, info })
    }

    /// The pin, in hexadecimal digits.
    pub fn pin(&self) -> String {
        let hash = Sha256::digest(self.der);
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What kind of key it is, unless the module `tls` supports it.
    pub fn unsupported(&self) -> Option<String> {
        let algorithm = &self.info.algorithm;
        let curve = algorithm.parameters_oid().ok();
        match (algorithm.oid, curve) {
            (EC, Some(P256)) => match self.info.subject_public_key.as_bytes() {
                Some([4, point @ ..]) if point.len() == 64 => None,
                _ => Some("on P-256, but compressed".into()),
            },
            (EC, Some(curve)) => Some(format!("ECDSA on {}", name(curve))),
            (other, _) => Some(name(other)),
        }
    }
}

fn name(oid: ObjectIdentifier) -> String {
    let name = match oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        other => return format!("of the kind {other}"),
    };
    name.into()
}

/// Finds the SubjectPublicKeyInfo in certificates of all versions, with its tag and length.
fn spki(certificate: &[u8]) -> Result<&[u8]> {
    SliceReader::new(certificate)?.sequence(|certificate| {
        let key = certificate.sequence(|fields| {
            // Certificates of version 1 have no version.
            if fields.peek_byte() == Some(VERSION) {
                AnyRef::decode(fields)?;
            }
            // The serial number, then the signature's algorithm, issuer, validity and subject.
            for tag in [Tag::Integer, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] {
                AnyRef::decode(fields)?.tag().assert_eq(tag)?;
            }
            let key = fields.tlv_bytes()?;
            while !fields.is_finished() {
                AnyRef::decode(fields)?;
            }
            Ok(key)
        })?;
        for tag in [SEQUENCE, Tag::BitString] {
            AnyRef::decode(certificate)?.tag().assert_eq(tag)?;
        }
        Ok(key)
    })
}

const SEQUENCE: Tag = Tag::Sequence;
