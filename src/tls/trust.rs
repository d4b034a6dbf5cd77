//! The ways to trust a server.

use embedded_tls::CertificateRef;
use p256::ecdsa::VerifyingKey;

use super::error::TlsError;

/// Why a server is trusted. There are two ways: [`PinnedKeys`](super::PinnedKeys) and
/// [`PrivateCa`](super::PrivateCa). It is a trait so that only the one that you use takes flash.
pub trait Trust: Check {}

impl<T: Check> Trust for T {}

/// Cannot be named outside of this crate, so there is no other way to trust a server.
pub trait Check {
    /// The key of the server, if these are the certificates of a trusted server with this host.
    fn trusted_key(
        &mut self,
        certificates: &CertificateRef<'_>,
        host: &str,
    ) -> Result<VerifyingKey, TlsError>;
}
