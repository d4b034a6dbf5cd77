//! The parts of a certificate (RFC 5280, section 4.1) that we read ourselves.

use crate::calendar::{two_digits, unix_time};

/// The fields that we need. Reading them checks nothing else.
pub(super) struct Certificate<'a> {
    /// The SubjectPublicKeyInfo, with its tag and length.
    pub(super) spki: &'a [u8],
    validity: &'a [u8],
    /// The tagged list of extensions, or nothing.
    extensions: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads a certificate in DER.
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let (certificate, _) = element(SEQUENCE, der)?;
        let (fields, _) = element(SEQUENCE, certificate.content)?;
        // Certificates of version 1 have no version.
        let fields = element(VERSION, fields.content).map_or(fields.content, |(_, rest)| rest);
        let (_serial_number, fields) = element(INTEGER, fields)?;
        let (_algorithm, fields) = element(SEQUENCE, fields)?;
        let (_issuer, fields) = element(SEQUENCE, fields)?;
        let (validity, fields) = element(SEQUENCE, fields)?;
        let (_subject, fields) = element(SEQUENCE, fields)?;
        let (spki, extensions) = element(SEQUENCE, fields)?;
        Some(Self {
            spki: spki.whole,
            validity: validity.content,
            extensions,
        })
    }

    /// The point of an ECDSA key on the curve P-256, uncompressed.
    pub(super) fn p256_point(&self) -> Option<&'a [u8; 65]> {
        self.spki.strip_prefix(P256)?.try_into().ok()
    }

    /// The first and the last second in which it is valid, since 1970.
    pub(super) fn validity(&self) -> Option<(u64, u64)> {
        let (from, rest) = time(self.validity)?;
        let (until, _) = time(rest)?;
        Some((from, until))
    }

    /// Whether its key may be used for this. It may be used for everything if the certificate does
    /// not say what for (RFC 5280, section 4.2.1.3).
    pub(super) fn allows(&self, usage: KeyUsage) -> bool {
        match self.extension(KEY_USAGE) {
            None => true,
            Some(value) => element(BIT_STRING, value).is_some_and(|(bits, _)| {
                let bits = match bits.content {
                    // Bits that are unused mean nothing.
                    [unused @ 0..=7, last] => last >> unused << unused,
                    [0..=7, first, _, ..] => *first,
                    _ => 0,
                };
                bits & usage as u8 != 0
            }),
        }
    }

    /// If it is the certificate of an authority, how many other authorities may be between it and
    /// the certificate of a server (RFC 5280, section 4.2.1.9).
    pub(super) fn path_len(&self) -> Option<usize> {
        let (constraints, _) = element(SEQUENCE, self.extension(BASIC_CONSTRAINTS)?)?;
        let (is_authority, rest) = element(BOOLEAN, constraints.content)?;
        match (is_authority.content, element(INTEGER, rest)) {
            ([0xff], None) if rest.is_empty() => Some(usize::MAX),
            ([0xff], Some((len, _))) => match len.content {
                [len @ 0..=0x7f] => Some(usize::from(*len)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value of an extension.
    fn extension(&self, id: &[u8]) -> Option<&'a [u8]> {
        let (tagged, _) = element(EXTENSIONS, self.extensions)?;
        let (list, _) = element(SEQUENCE, tagged.content)?;
        let mut rest = list.content;
        while let Some((extension, others)) = element(SEQUENCE, rest) {
            let (found, value) = element(OBJECT_IDENTIFIER, extension.content)?;
            if found.content == id {
                let value = element(BOOLEAN, value).map_or(value, |(_critical, value)| value);
                let (value, _) = element(OCTET_STRING, value)?;
                return Some(value.content);
            }
            rest = others;
        }
        None
    }
}

/// What a key is used for: the bit in the first byte of the extension.
#[derive(Clone, Copy)]
pub(super) enum KeyUsage {
    DigitalSignature = 0x80,
    CertificateSigning = 0x04,
}

/// Splits a time from the bytes: UTCTime up to 2049, GeneralizedTime from 2050 on.
fn time(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (year, digits, rest) = if let Some((time, rest)) = element(UTC_TIME, bytes) {
        let (year, digits) = two_digits(time.content)?;
        let century = if year < 50 { 2000 } else { 1900 };
        (century + year, digits, rest)
    } else {
        let (time, rest) = element(GENERALIZED_TIME, bytes)?;
        let (century, digits) = two_digits(time.content)?;
        let (year, digits) = two_digits(digits)?;
        (century * 100 + year, digits, rest)
    };
    let (month, digits) = two_digits(digits)?;
    let (day, digits) = two_digits(digits)?;
    let (hour, digits) = two_digits(digits)?;
    let (minute, digits) = two_digits(digits)?;
    let (second, digits) = two_digits(digits)?;
    if digits != b"Z" {
        return None;
    }
    let time = unix_time([year, month, day], [hour, minute, second])?;
    Some((time, rest))
}

/// What precedes the point: the OIDs of an elliptic curve key and of P-256, and the lengths.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// The context-specific tags 0 and 3.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

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

    /// With a subject of this many bytes.
    fn certificate(version: &[u8], subject: usize, behind: &[&[u8]]) -> Vec<u8> {
        let subject = der(SEQUENCE, &[&std::vec![7; subject]]);
        let empty = der(SEQUENCE, &[]);
        let serial = der(INTEGER, &[&[1]]);
        let times = [
            der(UTC_TIME, &[b"700101000001Z"]),
            der(GENERALIZED_TIME, &[b"20500101000000Z"]),
        ];
        let validity = der(SEQUENCE, &[&times.concat()]);
        let fields = [version, &serial, &empty, &empty, &validity, &subject].concat();
        let fields = [&[&fields[..]][..], behind].concat();
        der(SEQUENCE, &[&der(SEQUENCE, &fields), &empty])
    }

    fn with_extensions(extensions: &[(&[u8], &[u8])]) -> Vec<u8> {
        let extensions = extensions.iter().map(|(id, value)| {
            let critical = der(BOOLEAN, &[&[0xff]]);
            let value = der(OCTET_STRING, &[value]);
            der(
                SEQUENCE,
                &[&der(OBJECT_IDENTIFIER, &[id]), &critical, &value],
            )
        });
        let list = der(SEQUENCE, &[&extensions.collect::<Vec<_>>().concat()]);
        let key = der(SEQUENCE, &[]);
        certificate(&[], 0, &[&key, &der(EXTENSIONS, &[&list])])
    }

    #[test]
    fn key_and_dates_are_found_in_certificates_of_all_versions_and_lengths() {
        let key = der(SEQUENCE, &[&[1, 2, 3]]);
        let version = der(VERSION, &[&der(INTEGER, &[&[2]])]);
        for version in [&version[..], &[]] {
            for subject in [0, 100, 200, 1000] {
                let certificate = certificate(version, subject, &[&key]);
                let read = Certificate::read(&certificate).unwrap();
                assert_eq!(read.spki, &key[..]);
                assert_eq!(read.validity(), Some((1, 2_524_608_000)));
                for len in 0..certificate.len() {
                    assert!(Certificate::read(&certificate[..len]).is_none());
                }
            }
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        assert!(Certificate::read(&[0x30, 0x82, 0xff, 0xff, 0x30]).is_none());
        assert!(Certificate::read(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).is_none());
        assert!(Certificate::read(&[]).is_none());
    }

    #[test]
    fn an_element_has_its_own_tag_at_every_length() {
        for len in [0, 200, 1000] {
            let bytes = der(OCTET_STRING, &[&std::vec![7; len]]);
            assert!(element(OCTET_STRING, &bytes).is_some());
            assert!(element(BOOLEAN, &bytes).is_none());
        }
    }

    #[test]
    fn only_p256_keys_have_a_point() {
        let is_p256 = |spki: &[u8]| {
            let certificate = Certificate {
                spki,
                validity: &[],
                extensions: &[],
            };
            certificate.p256_point().is_some()
        };
        let key = [P256, &[4; 65]].concat();
        assert!(is_p256(&key));
        assert!(!is_p256(&key[..90]));
        assert!(!is_p256(&[&key[..], &[0]].concat()));
        for at in 0..P256.len() {
            let mut other = key.clone();
            other[at] ^= 1;
            assert!(!is_p256(&other));
        }
    }

    #[test]
    fn times_are_whole_seconds_in_utc() {
        let seconds = |tag, text: &[u8]| time(&der(tag, &[text])).map(|(seconds, _)| seconds);
        assert_eq!(seconds(UTC_TIME, b"491231235959Z"), Some(2_524_607_999));
        assert_eq!(seconds(UTC_TIME, b"500101000000Z"), Some(0));
        assert_eq!(
            seconds(GENERALIZED_TIME, b"20090213233130Z"),
            Some(1_234_567_890)
        );
        for wrong in [
            &b"4912312359Z"[..],
            b"491231235959",
            b"491231235959+0100",
            b"491331235959Z",
        ] {
            assert_eq!(seconds(UTC_TIME, wrong), None);
            assert_eq!(seconds(GENERALIZED_TIME, &[b"20", wrong].concat()), None);
        }
        assert_eq!(seconds(OCTET_STRING, b"491231235959Z"), None);
    }

    #[test]
    fn a_key_may_be_used_for_what_is_written() {
        let usages = |bits: &[u8]| {
            let der = with_extensions(&[
                (BASIC_CONSTRAINTS, &[SEQUENCE, 0]),
                (KEY_USAGE, &der(BIT_STRING, &[bits])),
            ]);
            let certificate = Certificate::read(&der).unwrap();
            [KeyUsage::DigitalSignature, KeyUsage::CertificateSigning]
                .map(|usage| certificate.allows(usage))
        };
        assert_eq!(usages(&[7, 0x80]), [true, false]);
        assert_eq!(usages(&[1, 0x06]), [false, true]);
        assert_eq!(usages(&[2, 0x84]), [true, true]);
        assert_eq!(usages(&[7, 0x00, 0x80]), [false, false]);
        assert_eq!(usages(&[7, 0x84, 0x80]), [true, true]);
        assert_eq!(usages(&[3, 0x84]), [true, false]);
        assert_eq!(usages(&[8, 0x84]), [false, false]);
        assert_eq!(usages(&[8, 0x84, 0x80]), [false, false]);
        assert_eq!(usages(&[0]), [false, false]);
        let without = with_extensions(&[]);
        assert!(
            Certificate::read(&without)
                .unwrap()
                .allows(KeyUsage::CertificateSigning)
        );
    }

    #[test]
    fn only_authorities_have_a_path_length() {
        let path_len = |constraints: &[u8]| {
            let constraints = der(SEQUENCE, &[constraints]);
            let der = with_extensions(&[
                (&[0x55, 0x1d, 0x0e], &[]),
                (BASIC_CONSTRAINTS, &constraints),
            ]);
            Certificate::read(&der).unwrap().path_len()
        };
        assert_eq!(path_len(&[BOOLEAN, 1, 0xff]), Some(usize::MAX));
        assert_eq!(path_len(&[BOOLEAN, 1, 0xff, INTEGER, 1, 0]), Some(0));
        assert_eq!(path_len(&[BOOLEAN, 1, 0xff, INTEGER, 1, 2]), Some(2));
        for wrong in [
            &[][..],
            &[BOOLEAN, 1, 0],
            &[BOOLEAN, 1, 1],
            &[INTEGER, 1, 2],
            &[BOOLEAN, 1, 0xff, INTEGER, 0],
            &[BOOLEAN, 1, 0xff, INTEGER, 1, 0xff],
            &[BOOLEAN, 1, 0xff, INTEGER, 2, 0, 0],
            &[BOOLEAN, 1, 0xff, BOOLEAN, 1, 0xff],
        ] {
            assert_eq!(path_len(wrong), None);
        }
        let without = with_extensions(&[]);
        assert_eq!(Certificate::read(&without).unwrap().path_len(), None);
    }
}
