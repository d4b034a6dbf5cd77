//! The errors of TLS.

use core::fmt;

use embedded_io_async::ErrorKind;
use embedded_tls::TlsError as Library;

/// Why a TLS connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TlsError {
    /// The scheme of the URL is not `https`. Nothing was sent.
    NotHttps,
    /// The source of random numbers returned equal bytes, or the same bytes as before. Nothing was
    /// sent.
    NotRandom,
    /// The server's key is not one of the pinned keys.
    WrongKey,
    /// The server's certificate was not issued by a root of the [`PrivateCa`](super::PrivateCa), or
    /// an intermediate certificate is missing, or checking it would take more than eight signatures.
    UnknownIssuer,
    /// The host of the URL is not among the names or IP addresses of the server's certificate
    /// (subjectAltName; the common name does not count).
    WrongName,
    /// The certificate of the server or of an authority has expired.
    Expired,
    /// The certificate of the server or of an authority is not valid yet.
    NotYetValid,
    /// A certificate is malformed, or may not be used in this way: for example that of a server
    /// which issued another, one with a critical extension that is not known, or one for a name that
    /// its authority may not issue. Or the server sent more than four besides its own.
    InvalidCertificate,
    /// The key of the server or of an authority is not an ECDSA key on the curve P-256, or the
    /// server's certificate is malformed.
    UnsupportedKey,
    /// The server's signature is not made with its key, or not for this handshake.
    WrongSignature,
    /// The server did not prove that it has a key.
    NotProven,
    /// The server refused the handshake with this alert of RFC 8446, section 6. 40 means that it
    /// has no key, key exchange or cipher in common with this client. 70 means that it does not
    /// speak TLS 1.3. An attacker can send this alert too.
    Alert(u8),
    /// A record has this many bytes without its header, which is more than the `READ` of
    /// [`TlsMemory`](super::TlsMemory), or more than `HOLD` in clear text.
    RecordTooLarge(usize),
    /// A record is not allowed here or is malformed: clear text after the first message, an empty
    /// record, or a first message that this client did not ask for.
    InvalidRecord,
    /// The record cannot be decrypted, or its content is not allowed here. A handshake message that
    /// is split over several records is not allowed either.
    InvalidContent,
    /// The connection ended without a `close_notify`.
    CutOff,
    /// The transport failed.
    Transport,
    /// The connection cannot be used any more: it failed before, or a read was dropped inside a
    /// record larger than `HOLD`, or a write was dropped.
    Broken,
    /// The server asked for something that the library does not do, such as an update of the keys.
    Unsupported,
}

impl TlsError {
    /// The error of the library. The filter marks its own errors by their kind.
    pub(super) fn from_library(error: Library, too_large: usize) -> Self {
        match error {
            Library::HandshakeAborted(_, description) => Self::Alert(description as u8),
            Library::Io(TOO_LARGE) => Self::RecordTooLarge(too_large),
            Library::Io(INVALID_RECORD) => Self::InvalidRecord,
            Library::Io(BROKEN) | Library::MissingHandshake => Self::Broken,
            Library::Io(_) => Self::Transport,
            Library::IoError | Library::ConnectionClosed => Self::CutOff,
            Library::Unimplemented => Self::Unsupported,
            _ => Self::InvalidContent,
        }
    }
}

pub(super) const TOO_LARGE: ErrorKind = ErrorKind::OutOfMemory;
pub(super) const INVALID_RECORD: ErrorKind = ErrorKind::InvalidData;
pub(super) const BROKEN: ErrorKind = ErrorKind::Unsupported;
/// The kind of all errors of the transport.
pub(super) const TRANSPORT: ErrorKind = ErrorKind::Other;

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHttps => f.write_str("the URL is not https"),
            Self::NotRandom => f.write_str("there are no random numbers, or they repeat"),
            Self::WrongKey => f.write_str("the server's key is not pinned"),
            Self::UnknownIssuer => f.write_str("the root did not issue the server's certificate"),
            Self::WrongName => f.write_str("the server's certificate is for another host"),
            Self::Expired => f.write_str("a certificate has expired"),
            Self::NotYetValid => f.write_str("a certificate is not valid yet"),
            Self::InvalidCertificate => f.write_str(
                "a certificate may not be used like this; is it self-signed, or that of an authority?",
            ),
            Self::UnsupportedKey => f.write_str("a key is not ECDSA P-256"),
            Self::WrongSignature => f.write_str("the server's signature is wrong"),
            Self::NotProven => f.write_str("the server did not prove its key"),
            Self::Alert(40) => f.write_str(
                "alert 40: no TLS 1.3 with P-256, AES-128-GCM and an ECDSA P-256 key in common",
            ),
            Self::Alert(70) => f.write_str("alert 70: the server does not speak TLS 1.3"),
            Self::Alert(number) => write!(f, "alert {number} of the server"),
            Self::RecordTooLarge(len) => write!(f, "a record of {len} bytes is too large"),
            Self::InvalidRecord => f.write_str("a record is invalid"),
            Self::InvalidContent => f.write_str(
                "the content of a record is not allowed; do the certificates fit into one record?",
            ),
            Self::CutOff => f.write_str("the connection was cut off"),
            Self::Transport => f.write_str("the transport failed"),
            Self::Broken => f.write_str("the connection is broken"),
            Self::Unsupported => f.write_str("the server asked for something unsupported"),
        }
    }
}

impl core::error::Error for TlsError {}

impl embedded_io_async::Error for TlsError {
    /// Never [`Interrupted`](ErrorKind::Interrupted): after an error, the connection is over.
    fn kind(&self) -> ErrorKind {
        match self {
            Self::CutOff => ErrorKind::ConnectionReset,
            Self::InvalidRecord | Self::InvalidContent => ErrorKind::InvalidData,
            Self::RecordTooLarge(_) => ErrorKind::OutOfMemory,
            Self::Unsupported => ErrorKind::Unsupported,
            _ => ErrorKind::Other,
        }
    }
}

/// Why there is no TLS connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ConnectError<E> {
    /// The transport below could not connect.
    Transport(E),
    /// The handshake failed.
    Tls(TlsError),
}

impl<E: fmt::Display> fmt::Display for ConnectError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(f),
            Self::Tls(error) => write!(f, "TLS: {error}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for ConnectError<E> {}
