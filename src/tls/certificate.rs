//! The public key in a certificate.

/// The SubjectPublicKeyInfo of a certificate, with its tag and length. Nothing else of the
/// certificate is checked: the key is all that is trusted.
pub(super) fn spki(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(SEQUENCE, certificate)?;
    let (mut fields, _) = element(SEQUENCE, certificate.content)?;
    // Certificates of version 1 have no version.
    if let Some((version, rest)) = element(VERSION, fields.content) {
        let _ = version;
        fields.content = rest;
    }
    let mut rest = fields.content;
    // The serial number, then the signature's algorithm, issuer, validity and subject.
    for tag in [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] {
        (_, rest) = element(tag, rest)?;
    }
    element(SEQUENCE, rest).map(|(spki, _)| spki.whole)
}

/// The point of an ECDSA key on the curve P-256, uncompressed.
pub(super) fn p256_point(spki: &[u8]) -> Option<&[u8; 65]> {
    spki.strip_prefix(P256)?.try_into().ok()
}

/// What precedes the point: the OIDs of an elliptic curve key and of P-256, and the lengths.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
/// The context-specific tag 0.
const VERSION: u8 = 0xa0;

/// An element of DER.
struct Element<'a> {
    /// With tag and length.
    whole: &'a [u8],
    content: &'a [u8],
}

/// Splits an element with this tag from the bytes that follow it.
fn element(tag: u8, bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (header, len, behind) = match bytes {
        [first, len @ 0..=0x7f, behind @ ..] if *first == tag => (2, usize::from(*len), behind),
        [first, 0x81, len, behind @ ..] if *first == tag => (3, usize::from(*len), behind),
        [first, 0x82, high, low, behind @ ..] if *first == tag => {
            (4, usize::from(u16::from_be_bytes([*high, *low])), behind)
        }
        _ => return None,
    };
    let (content, rest) = behind.split_at_checked(len)?;
    let whole = bytes.get(..len.checked_add(header)?)?;
    Some((Element { whole, content }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut bytes = std::vec![tag];
        match u8::try_from(content.len()) {
            Ok(len @ 0..=0x7f) => bytes.push(len),
            Ok(len) => bytes.extend([0x81, len]),
            Err(_) => {
                bytes.push(0x82);
                bytes.extend((content.len() as u16).to_be_bytes());
            }
        }
        bytes.extend(content);
        bytes
    }

    fn certificate(version: &[u8], subject: usize, spki: &[u8]) -> Vec<u8> {
        let subject = der(SEQUENCE, &[&std::vec![7; subject]]);
        let empty = der(SEQUENCE, &[]);
        let serial = der(INTEGER, &[&[1]]);
        let fields = [
            version, &serial, &empty, &empty, &empty, &subject, spki, &empty,
        ];
        der(SEQUENCE, &[&der(SEQUENCE, &fields), &empty])
    }

    #[test]
    fn the_key_is_found_in_certificates_of_all_versions_and_lengths() {
        let spki_of_test = der(SEQUENCE, &[&[1, 2, 3]]);
        let version = der(VERSION, &[&der(INTEGER, &[&[2]])]);
        for version in [&version[..], &[]] {
            for subject in [0, 100, 200, 1000] {
                let certificate = certificate(version, subject, &spki_of_test);
                assert_eq!(spki(&certificate), Some(&spki_of_test[..]));
                for len in 0..certificate.len() {
                    assert_eq!(spki(&certificate[..len]), None);
                }
            }
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        assert_eq!(spki(&[0x30, 0x82, 0xff, 0xff, 0x30]), None);
        assert_eq!(spki(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(spki(&[]), None);
    }

    #[test]
    fn only_p256_keys_have_a_point() {
        let key = [P256, &[4; 65]].concat();
        assert_eq!(p256_point(&key), Some(&[4; 65]));
        assert_eq!(p256_point(&key[..90]), None);
        assert_eq!(p256_point(&[&key[..], &[0]].concat()), None);
        for at in 0..P256.len() {
            let mut other = key.clone();
            other[at] ^= 1;
            assert_eq!(p256_point(&other), None);
        }
    }
}
