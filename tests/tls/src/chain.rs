//! Certificates that a private authority has issued.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SignatureAlgorithm,
};

use crate::by_hand::{Part, u24};

/// A certificate with its key, which can issue others.
pub type Issuer = CertifiedIssuer<'static, KeyPair>;

/// The certificate of an authority with this name.
pub fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// The certificate of a server with these names and addresses.
pub fn server(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).into()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

fn pair(kind: &'static SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(kind).unwrap()
}

pub fn root(params: CertificateParams) -> Issuer {
    root_of_kind(params, &rcgen::PKCS_ECDSA_P256_SHA256)
}

pub fn root_of_kind(params: CertificateParams, kind: &'static SignatureAlgorithm) -> Issuer {
    root_of_pair(params, pair(kind))
}

pub fn root_of_pair(params: CertificateParams, pair: KeyPair) -> Issuer {
    CertifiedIssuer::self_signed(params, pair).unwrap()
}

pub fn issued(params: CertificateParams, by: &Issuer) -> Issuer {
    issued_of_kind(params, by, &rcgen::PKCS_ECDSA_P256_SHA256)
}

pub fn issued_of_kind(
    params: CertificateParams,
    by: &Issuer,
    kind: &'static SignatureAlgorithm,
) -> Issuer {
    issued_of_pair(params, by, pair(kind))
}

pub fn issued_of_pair(params: CertificateParams, by: &Issuer, pair: KeyPair) -> Issuer {
    CertifiedIssuer::signed_by(params, pair, by).unwrap()
}

/// The message with these certificates, the server's own first.
pub fn message(certificates: &[&[u8]]) -> Part {
    let entry = |der: &&[u8]| [&u24(der.len())[..], der, &[0, 0]].concat();
    let entries = certificates.iter().map(entry).collect::<Vec<_>>().concat();
    Part::Message(11, [&[0][..], &u24(entries.len()), &entries].concat())
}
