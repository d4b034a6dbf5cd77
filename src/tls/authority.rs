//! Trust in servers whose certificate was issued by a private authority.

use core::fmt;

use embedded_tls::CertificateRef;
use p256::ecdsa::VerifyingKey;
use rustls_pki_types::CertificateDer;

use super::certificate::{Certificate, KeyUsage};
use super::chain;
use super::error::TlsError;
use super::trust::Check;
use super::verifier::server_key;

/// Trusts servers whose certificate was issued by a certificate authority (CA) of your own,
/// directly or through up to three intermediate authorities.
///
/// The certificates are checked as RFC 5280 says, by `rustls-webpki`: signatures, dates, which
/// certificates may issue others and how many, name constraints, key usage, and critical extensions.
/// The host of the URL must be among the names of the server's certificate (subjectAltName), or
/// among its IP addresses if the host is one. Nothing is checked for revocation.
///
/// Use an authority that only you control. An authority of the public web would make each server
/// trusted that one of its customers has.
///
/// ```
/// # #[derive(Debug)] struct Rtc;
/// # impl Rtc { fn unix_time(&self) -> Option<u64> { None } }
/// use embedded_sse::tls::{InvalidRoot, Now, PrivateCa};
///
/// /// When this firmware was built: what `date +%s` printed.
/// const BUILT: u64 = 1_796_000_000;
///
/// # fn trust<'a>(root: &'a [u8], rtc: &'a Rtc) -> Result<(), InvalidRoot> {
/// // `root` is `include_bytes!("root.der")`.
/// let trust = PrivateCa::new(root, || match rtc.unix_time() {
///     Some(time) => Now::Is(time),
///     None => Now::AtLeast(BUILT),
/// })?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct PrivateCa<'a, N> {
    root: &'a [u8],
    now: N,
}

/// What is known about the time, in seconds since 1970 (Unix time).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Now {
    /// It is this time, by a clock that was set. All certificates must be valid at this time.
    Is(u64),
    /// It is this time or later, since there is no clock. Use the time when the firmware was built.
    /// The certificates must be valid together at some time that is not earlier. So a certificate
    /// that had expired at this time is refused, and one that expired later is not.
    ///
    /// [`Head::date`](crate::Head::date) of a trusted server's response can raise the bound.
    AtLeast(u64),
}

impl<'a, N: FnMut() -> Now> PrivateCa<'a, N> {
    /// Creates the trust in an authority.
    ///
    /// `root` is the authority's certificate in DER. (`openssl x509 -in root.pem -outform DER -out
    /// root.der` makes it from PEM.) Its key must be an ECDSA key on the curve P-256, as must those
    /// of intermediate authorities and of servers. `now` is called once for each connection.
    ///
    /// # Errors
    /// Fails if `root` is not such a certificate. Its dates are only checked in a handshake.
    pub fn new(root: &'a [u8], now: N) -> Result<Self, InvalidRoot> {
        let certificate = CertificateDer::from(root);
        let is_valid = webpki::anchor_from_trusted_cert(&certificate).is_ok();
        let read = Certificate::read(root).filter(|_| is_valid);
        let read = read.ok_or(InvalidRoot::Malformed)?;
        read.validity().ok_or(InvalidRoot::Malformed)?;
        if read.path_len().is_none() || !read.allows(KeyUsage::CertificateSigning) {
            return Err(InvalidRoot::NotAuthority);
        }
        let point = read.p256_point().ok_or(InvalidRoot::UnsupportedKey)?;
        VerifyingKey::from_sec1_bytes(point).map_err(|_| InvalidRoot::UnsupportedKey)?;
        Ok(Self { root, now })
    }
}

impl<N: FnMut() -> Now> Check for PrivateCa<'_, N> {
    fn trusted_key(
        &mut self,
        certificates: &CertificateRef<'_>,
        host: &str,
    ) -> Result<VerifyingKey, TlsError> {
        let leaf = chain::verify(self.root, certificates, host, (self.now)())?;
        server_key(&leaf)
    }
}

impl<N> fmt::Debug for PrivateCa<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateCa").finish_non_exhaustive()
    }
}

/// Why a certificate cannot be the root of a [`PrivateCa`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidRoot {
    /// It is not a certificate in DER.
    Malformed,
    /// It may not issue certificates: basicConstraints has no `CA:TRUE`, or keyUsage is there
    /// without `keyCertSign`.
    NotAuthority,
    /// Its key is not an ECDSA key on the curve P-256.
    UnsupportedKey,
}

impl fmt::Display for InvalidRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the root is not a certificate in DER; convert PEM to DER",
            Self::NotAuthority => "the root is not a certificate authority (CA:TRUE, keyCertSign)",
            Self::UnsupportedKey => "the root's key is not ECDSA P-256",
        })
    }
}

impl core::error::Error for InvalidRoot {}
