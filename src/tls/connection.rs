//! An open connection.

use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};

use embedded_io_async::{ErrorType, Read, Write};
use embedded_tls::{TlsConnection, TlsError as Library};

use super::error::TlsError;
use super::filter::Filter;
use super::suite::Suite;

/// A TLS connection to a server that has proven that it has a trusted key. Dropping it closes the
/// transport without a `close_notify`.
///
/// A read returns 0 after the server's `close_notify`. If the transport ends without one, the read
/// fails with [`TlsError::CutOff`], so that a cut is never taken for an end.
///
/// A read may be dropped and repeated without losing a byte if the server's records are not longer
/// than the `HOLD` of [`TlsMemory`](super::TlsMemory). If a read is dropped inside a longer record,
/// the next read fails with [`TlsError::Broken`]. If a write or a flush is dropped, everything that
/// follows fails with it. After any error, the connection is over.
pub struct Connection<'c, T: Read + Write + 'c> {
    tls: TlsConnection<'c, Filter<'c, T>, Suite>,
    too_large: &'c AtomicUsize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The server has sent a `close_notify`.
    Ended,
    /// It failed, or a write has begun and not ended: another write would use its nonce again.
    Broken,
}

impl<T: Read + Write> fmt::Debug for Connection<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl<'c, T: Read + Write> Connection<'c, T> {
    /// The handshake must have succeeded, with a proof.
    pub(super) fn new(
        tls: TlsConnection<'c, Filter<'c, T>, Suite>,
        too_large: &'c AtomicUsize,
    ) -> Self {
        Self {
            tls,
            too_large,
            state: State::Open,
        }
    }

    fn fail(&mut self, error: Library) -> TlsError {
        self.state = State::Broken;
        let error = TlsError::from_library(error, self.too_large.load(Ordering::Relaxed));
        #[cfg(feature = "defmt")]
        defmt::warn!("TLS: {}", error);
        error
    }

    /// Marks the connection as broken until the write that follows is complete.
    fn begin_write(&mut self) -> Result<(), TlsError> {
        if self.state != State::Open {
            return Err(TlsError::Broken);
        }
        self.state = State::Broken;
        Ok(())
    }

    fn end_write<N>(&mut self, result: Result<N, Library>) -> Result<N, TlsError> {
        match result {
            Ok(written) => {
                self.state = State::Open;
                Ok(written)
            }
            Err(error) => Err(self.fail(error)),
        }
    }
}

impl<T: Read + Write> ErrorType for Connection<'_, T> {
    type Error = TlsError;
}

impl<T: Read + Write> Read for Connection<'_, T> {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, TlsError> {
        match self.state {
            State::Open => {}
            State::Ended => return Ok(0),
            State::Broken => return Err(TlsError::Broken),
        }
        match self.tls.read(bytes).await {
            Ok(len) => Ok(len),
            Err(Library::ConnectionClosed) => {
                self.state = State::Ended;
                Ok(0)
            }
            Err(error) => Err(self.fail(error)),
        }
    }
}

impl<T: Read + Write> Write for Connection<'_, T> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, TlsError> {
        self.begin_write()?;
        let result = self.tls.write(bytes).await;
        self.end_write(result)
    }

    async fn flush(&mut self) -> Result<(), TlsError> {
        self.begin_write()?;
        let result = self.tls.flush().await;
        self.end_write(result)
    }
}
