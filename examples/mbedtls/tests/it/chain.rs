//! Certificates that an authority of the test has issued.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SignatureAlgorithm,
};

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

pub fn root() -> Issuer {
    let kind = &rcgen::PKCS_ECDSA_P256_SHA256;
    CertifiedIssuer::self_signed(authority("root"), pair(kind)).unwrap()
}

pub fn issued(params: CertificateParams, by: &Issuer) -> Issuer {
    issued_of_kind(params, by, &rcgen::PKCS_ECDSA_P256_SHA256)
}

pub fn issued_of_kind(
    params: CertificateParams,
    by: &Issuer,
    kind: &'static SignatureAlgorithm,
) -> Issuer {
    CertifiedIssuer::signed_by(params, pair(kind), by).unwrap()
}
