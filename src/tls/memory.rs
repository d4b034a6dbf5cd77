//! The memory of a TLS connection.

use core::fmt;

/// The buffers of a TLS connection. One connection at a time uses them.
///
/// * `READ` holds one record of the server without its header. 16,401 bytes are enough for every
///   server. With less, the client asks the server for smaller records (4096, 2048 or 1024 bytes;
///   each takes 17 bytes more). OpenSSL does as it is asked, rustls does not. A larger record loses
///   the connection. The server's certificates must fit into one record. At least 1041.
/// * `WRITE` holds one record to the server. At least 512.
/// * `HOLD` decides which records survive a dropped read: a record of at most this many bytes
///   without its header is collected here before it is decrypted. The default of 256 is enough for
///   [`sse`](crate::io::sse), which only drops a read to end the connection. For a
///   [`Session`](crate::io::Session) whose [`next`](crate::io::Session::next) is dropped, use the
///   same number as for `READ`. At least 256.
pub struct TlsMemory<const READ: usize, const WRITE: usize = 512, const HOLD: usize = 256> {
    pub(super) read: [u8; READ],
    pub(super) write: [u8; WRITE],
    pub(super) hold: [u8; HOLD],
}

impl<const READ: usize, const WRITE: usize, const HOLD: usize> TlsMemory<READ, WRITE, HOLD> {
    /// Creates the buffers. It is `const` and all zero bytes, for a `static` with
    /// `ConstStaticCell`. Buffers that are too small do not compile:
    ///
    /// ```compile_fail,E0080
    /// embedded_sse::tls::TlsMemory::<1040>::new();
    /// ```
    pub const fn new() -> Self {
        const {
            assert!(READ >= 1041, "READ must be at least 1041");
            assert!(WRITE >= 512, "WRITE must be at least 512");
            assert!(HOLD >= 256, "HOLD must be at least 256");
        };
        Self {
            read: [0; READ],
            write: [0; WRITE],
            hold: [0; HOLD],
        }
    }
}

impl<const READ: usize, const WRITE: usize, const HOLD: usize> fmt::Debug
    for TlsMemory<READ, WRITE, HOLD>
{
    /// Prints the sizes only, since the buffers hold decrypted data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsMemory<{READ}, {WRITE}, {HOLD}>")
    }
}

impl<const READ: usize, const WRITE: usize, const HOLD: usize> Default
    for TlsMemory<READ, WRITE, HOLD>
{
    fn default() -> Self {
        Self::new()
    }
}
