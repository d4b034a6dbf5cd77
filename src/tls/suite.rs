//! The cipher suite: AES-128-GCM, and a check of what was decrypted before the library sees it.

use aes_gcm::Aes128Gcm;
use aes_gcm::aead::consts::{U0, U12, U16};
use aes_gcm::aead::{AeadCore, AeadInPlace, Error, Key, KeyInit, KeySizeUser, Nonce, Tag};
use embedded_tls::{Aes128GcmSha256, TlsCipherSuite};
use sha2::Sha256;

use super::record::{self, Phase};

/// `TLS_AES_128_GCM_SHA256`.
pub(super) struct Suite;

impl TlsCipherSuite for Suite {
    const CODE_POINT: u16 = Aes128GcmSha256::CODE_POINT;
    type Cipher = CheckedCipher;
    type KeyLen = U16;
    type IvLen = U12;
    type Hash = Sha256;
    type LabelBufferSize = <Aes128GcmSha256 as TlsCipherSuite>::LabelBufferSize;
}

/// AES-128-GCM. It refuses decrypted records whose content is not allowed.
///
/// What is allowed depends on the phase of the connection. The [`Filter`](super::filter::Filter)
/// writes it into the header of each record in place of the version, and the library passes the
/// header on as the associated data.
pub(super) struct CheckedCipher(Aes128Gcm);

impl KeySizeUser for CheckedCipher {
    type KeySize = U16;
}

impl KeyInit for CheckedCipher {
    fn new(key: &Key<Self>) -> Self {
        Self(Aes128Gcm::new(key))
    }
}

impl AeadCore for CheckedCipher {
    type NonceSize = U12;
    type TagSize = U16;
    type CiphertextOverhead = U0;
}

impl AeadInPlace for CheckedCipher {
    fn encrypt_in_place_detached(
        &self,
        nonce: &Nonce<Self>,
        header: &[u8],
        content: &mut [u8],
    ) -> Result<Tag<Self>, Error> {
        self.0.encrypt_in_place_detached(nonce, header, content)
    }

    fn decrypt_in_place_detached(
        &self,
        nonce: &Nonce<Self>,
        header: &[u8],
        content: &mut [u8],
        tag: &Tag<Self>,
    ) -> Result<(), Error> {
        let header: [u8; record::HEADER] = header.try_into().map_err(|_| Error)?;
        let (phase, header) = record::unmark(header).ok_or(Error)?;
        self.0
            .decrypt_in_place_detached(nonce, &header, content, tag)?;
        check(phase, content)
    }
}

/// Checks the content of a record. It ends with its type and any number of zeros.
fn check(phase: Phase, content: &mut [u8]) -> Result<(), Error> {
    let end = content.iter().rposition(|byte| *byte != 0).ok_or(Error)?;
    let (message, rest) = content.split_at_mut_checked(end).ok_or(Error)?;
    let [kind, ..] = rest else {
        return Err(Error);
    };
    let is_allowed = match (phase, *kind, &*message) {
        (_, record::ALERT, alert) => alert.len() == 2,
        (Phase::Handshake, record::HANDSHAKE, messages) => {
            // EncryptedExtensions, Certificate, CertificateRequest, CertificateVerify, Finished.
            are_messages(messages, &[8, 11, 13, 15, 20])
        }
        (Phase::Open, record::APPLICATION_DATA, _) => true,
        // KeyUpdate, for which the library returns an error at once.
        (Phase::Open, record::HANDSHAKE, [24, ..]) => true,
        // NewSessionTicket, which this client does not use. The library gets a record without data.
        (Phase::Open, record::HANDSHAKE, messages) if are_messages(messages, &[4]) => {
            content.fill(0);
            if let [first, ..] = content {
                *first = record::APPLICATION_DATA;
            }
            true
        }
        _ => false,
    };
    if is_allowed { Ok(()) } else { Err(Error) }
}

/// Whether these bytes are one or more whole handshake messages of these types.
fn are_messages(mut bytes: &[u8], types: &[u8]) -> bool {
    while let [kind, high, middle, low, behind @ ..] = bytes {
        let len = u32::from_be_bytes([0, *high, *middle, *low]);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let Some((_, rest)) = behind.split_at_checked(len) else {
            return false;
        };
        if !types.contains(kind) {
            return false;
        }
        if rest.is_empty() {
            return true;
        }
        bytes = rest;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_phases(content: &[u8]) -> [bool; 2] {
        [Phase::Handshake, Phase::Open].map(|phase| check(phase, &mut content.to_vec()).is_ok())
    }

    #[test]
    fn content_is_allowed_in_its_phase_only() {
        for kind in 1..=255 {
            let is_data = kind == 23;
            assert_eq!(in_phases(&[b'a', 1, 2, kind]), [false, is_data]);
            assert_eq!(in_phases(&[kind, 0, 0]), [false, is_data]);
            let is_alert = kind == 21;
            assert_eq!(in_phases(&[1, 0, kind, 0]), [is_alert, is_alert || is_data]);
        }
    }

    #[test]
    fn messages_are_allowed_in_their_phase_only() {
        for kind in 0..=255 {
            let is_for_handshake = [8, 11, 13, 15, 20].contains(&kind);
            let is_for_later = [4, 24].contains(&kind);
            let expected = [is_for_handshake, is_for_later];
            assert_eq!(in_phases(&[kind, 0, 0, 1, 9, 22, 0]), expected);
        }
    }

    #[test]
    fn a_ticket_becomes_a_record_without_data() {
        let mut content = [4, 0, 0, 1, 9, 4, 0, 0, 0, 22, 0, 0];
        assert!(check(Phase::Open, &mut content).is_ok());
        assert_eq!(content, [23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn content_without_a_type_is_refused() {
        assert_eq!(in_phases(&[]), [false; 2]);
        assert_eq!(in_phases(&[0; 9]), [false; 2]);
    }

    #[test]
    fn split_messages_and_wrong_lengths_are_refused() {
        assert_eq!(in_phases(&[22]), [false; 2]);
        assert_eq!(in_phases(&[8, 0, 0, 22]), [false; 2]);
        assert_eq!(in_phases(&[8, 0, 0, 2, 9, 22]), [false; 2]);
        assert_eq!(in_phases(&[8, 0, 0, 0, 20, 0, 0, 0, 22]), [true, false]);
        assert_eq!(in_phases(&[8, 0, 0, 0, 4, 0, 0, 0, 22]), [false; 2]);
        assert_eq!(in_phases(&[8, 255, 255, 255, 9, 22]), [false; 2]);
        assert_eq!(in_phases(&[1, 21]), [false; 2]);
        assert_eq!(in_phases(&[1, 2, 3, 21]), [false; 2]);
    }
}
