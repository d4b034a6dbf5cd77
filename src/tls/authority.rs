//! Trust in servers whose certificate was issued by a private authority.

use core::fmt;

use embedded_tls::CertificateRef;
use p256::ecdsa::VerifyingKey;
use rustls_pki_types::CertificateDer;

use super::certificate::{Certificate, KeyUsage};
use super::chain;
use super::error::TlsError;
use super::trust::Check;
use super::verifier::key_of;

/// Trusts servers whose certificate was issued by a certificate authority (CA) of your own,
/// directly or through up to four intermediate authorities (three if the server sends the root too).
///
/// The certificates are checked as RFC 5280 says, by `rustls-webpki`: signatures, dates, which
/// certificates may issue others and how many, name constraints, key usage, and critical extensions.
/// The host of the URL must be among the names of the server's certificate (subjectAltName), or
/// among its IP addresses if the host is one. Nothing is checked for revocation.
///
/// Use an authority that only you control. With a public one, every server that has one of its
/// certificates would be trusted.
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
/// let roots = [root];
/// let trust = PrivateCa::new(&roots, || match rtc.unix_time() {
///     Some(time) => Now::Is(time),
///     None => Now::AtLeast(BUILT),
/// })?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct PrivateCa<'a, N> {
    roots: &'a [&'a [u8]],
    now: N,
}

/// What is known about the time, in seconds since 1970 (Unix time).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Now {
    /// It is this time, by a clock that was set. All certificates must be valid at this time.
    Is(u64),
    /// There is no clock, but it is this time or later. Use the time when the firmware was built. The
    /// certificates are checked at this time, or at the latest `notBefore` among them if that is
    /// later. So a certificate that expires after that is accepted, even if it has expired by now.
    ///
    /// [`Head::date`](crate::Head::date) of a trusted server's response can raise the bound.
    AtLeast(u64),
}

impl<'a, N: FnMut() -> Now> PrivateCa<'a, N> {
    /// Creates the trust in an authority.
    ///
    /// `roots` are the authority's certificates in DER: one, or several so that the authority can be
    /// changed without changing the firmware at the same moment. (`openssl x509 -in root.pem
    /// -outform DER -out root.der` makes it from PEM.) Their keys must be ECDSA keys on the curve
    /// P-256, as must those of intermediate authorities and of servers. `now` is called once for each
    /// connection.
    ///
    /// # Errors
    /// Fails if there is no root, or if one is not such a certificate. Dates are only checked in a
    /// handshake.
    pub fn new(roots: &'a [&'a [u8]], now: N) -> Result<Self, InvalidRoot> {
        if roots.is_empty() {
            return Err(InvalidRoot::Missing);
        }
        for root in roots {
            check_root(root)?;
        }
        Ok(Self { roots, now })
    }
}

fn check_root(root: &[u8]) -> Result<(), InvalidRoot> {
    let certificate = CertificateDer::from(root);
    let is_valid = webpki::anchor_from_trusted_cert(&certificate).is_ok();
    let fields = Certificate::read(root).filter(|_| is_valid);
    let fields = fields.ok_or(InvalidRoot::Malformed)?;
    fields.validity().ok_or(InvalidRoot::Malformed)?;
    if fields.path_len().is_none() || !fields.allows(KeyUsage::CertificateSigning) {
        return Err(InvalidRoot::NotAuthority);
    }
    key_of(&fields).map_err(|_| InvalidRoot::UnsupportedKey)?;
    Ok(())
}

impl<N: FnMut() -> Now> Check for PrivateCa<'_, N> {
    fn trusted_key(
        &mut self,
        certificates: &CertificateRef<'_>,
        host: &str,
    ) -> Result<VerifyingKey, TlsError> {
        let leaf = chain::verify(self.roots, certificates, host, (self.now)())?;
        key_of(&leaf)
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
    /// There is none.
    Missing,
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
            Self::Missing => "there is no root",
            Self::Malformed => "the root is not a certificate in DER; convert PEM to DER",
            Self::NotAuthority => "the root is not a certificate authority (CA:TRUE, keyCertSign)",
            Self::UnsupportedKey => "the root's key is not ECDSA P-256",
        })
    }
}

impl core::error::Error for InvalidRoot {}
