//! The keys that a server may have.

use embedded_tls::{CertificateEntryRef, CertificateRef};
use p256::ecdsa::VerifyingKey;
use sha2::{Digest, Sha256};

use super::certificate::Certificate;
use super::error::TlsError;
use super::trust::Check;
use super::verifier::key_of;

/// Trusts a server by its public key alone. Holds one or two pins: with two, you can change the
/// server's key without updating the firmware at the same time.
///
/// A pin is the SHA-256 hash of the key's SubjectPublicKeyInfo (SPKI) in DER. `docs/https.md` has
/// the command that prints it.
///
/// ```
/// use embedded_sse::tls::PinnedKeys;
///
/// const PINS: PinnedKeys = PinnedKeys::parse(&[
///     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
/// ])
/// .expect("a valid pin");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PinnedKeys {
    /// If there is only one pin, it is here twice.
    pins: [[u8; 32]; 2],
}

impl PinnedKeys {
    /// Parses one or two pins of 64 hexadecimal digits each. Returns `None` if a pin is invalid, or
    /// if there is none or more than two.
    pub const fn parse(pins: &[&str]) -> Option<Self> {
        let (first, second) = match pins {
            [only] => (only, only),
            [first, second] => (first, second),
            _ => return None,
        };
        match (parse_pin(first.as_bytes()), parse_pin(second.as_bytes())) {
            (Some(first), Some(second)) => Some(Self {
                pins: [first, second],
            }),
            _ => None,
        }
    }

    /// Whether this key is pinned.
    fn contains(&self, spki: &[u8]) -> bool {
        let hash: [u8; 32] = Sha256::digest(spki).into();
        self.pins.contains(&hash)
    }
}

impl Check for PinnedKeys {
    /// The host is not checked.
    fn trusted_key(
        &mut self,
        certificates: &CertificateRef<'_>,
        _: &str,
    ) -> Result<VerifyingKey, TlsError> {
        let Some(CertificateEntryRef::X509(leaf)) = certificates.entries.first() else {
            return Err(TlsError::NotProven);
        };
        let leaf = Certificate::read(leaf).ok_or(TlsError::UnsupportedKey)?;
        leaf.p256_point().ok_or(TlsError::UnsupportedKey)?;
        if !self.contains(leaf.spki) {
            return Err(TlsError::WrongKey);
        }
        key_of(&leaf)
    }
}

const fn parse_pin(mut digits: &[u8]) -> Option<[u8; 32]> {
    let mut pin = [0; 32];
    let mut rest: &mut [u8] = &mut pin;
    while let [byte, behind @ ..] = rest {
        let [high, low, others @ ..] = digits else {
            return None;
        };
        match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => *byte = high << 4 | low,
            _ => return None,
        }
        digits = others;
        rest = behind;
    }
    if digits.is_empty() { Some(pin) } else { None }
}

const fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const OTHER: &str = "00B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B8FF";

    #[test]
    fn a_key_is_pinned_by_its_hash() {
        assert!(PinnedKeys::parse(&[EMPTY]).unwrap().contains(b""));
        assert!(PinnedKeys::parse(&[EMPTY, OTHER]).unwrap().contains(b""));
        assert!(PinnedKeys::parse(&[OTHER, EMPTY]).unwrap().contains(b""));
        assert!(!PinnedKeys::parse(&[OTHER]).unwrap().contains(b""));
        assert!(!PinnedKeys::parse(&[EMPTY]).unwrap().contains(b"a"));
    }

    #[test]
    fn the_digits_of_a_pin_may_be_upper_case() {
        let pins = PinnedKeys::parse(&[&EMPTY.to_uppercase()]);
        assert_eq!(pins, PinnedKeys::parse(&[EMPTY]));
        let last = PinnedKeys::parse(&[OTHER]).unwrap().pins[0];
        assert!(last.starts_with(&[0x00, 0xb0, 0xc4]) && last.ends_with(&[0xb8, 0xff]));
    }

    #[test]
    fn a_pin_has_64_hexadecimal_digits() {
        assert_eq!(PinnedKeys::parse(&[]), None);
        assert_eq!(PinnedKeys::parse(&[EMPTY, EMPTY, EMPTY]), None);
        assert_eq!(PinnedKeys::parse(&[""]), None);
        assert_eq!(PinnedKeys::parse(&[EMPTY, ""]), None);
        assert_eq!(PinnedKeys::parse(&[&EMPTY[1..]]), None);
        assert_eq!(PinnedKeys::parse(&[&EMPTY[2..]]), None);
        assert_eq!(PinnedKeys::parse(&[&EMPTY.replace('e', "g")]), None);
        assert_eq!(PinnedKeys::parse(&[&EMPTY.replace("e3", "e3e3")]), None);
    }
}
