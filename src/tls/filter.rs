//! The filter between the transport and the library.

use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};

use embedded_io_async::{Error, ErrorKind, ErrorType, Read, Write};

use super::error::{BROKEN, INVALID_RECORD, TOO_LARGE, TRANSPORT};
use super::record::{self, HEADER, Phase};
use crate::io::yield_now;

/// Hands over whole records, and only those that may arrive in the phase of the connection.
pub(super) struct Filter<'c, T> {
    io: T,
    /// Collects records that fit into it.
    hold: &'c mut [u8],
    /// The longest record that the library can take, without its header.
    most: usize,
    /// Where the length of a record that is too large is written.
    too_large: &'c AtomicUsize,
    phase: Phase,
    header: [u8; HEADER],
    /// How many bytes of the record were read, with its header.
    received: usize,
    /// How many of them were handed over.
    handed: usize,
    /// A read of a record that does not fit into `hold` has begun and not ended.
    in_body: bool,
    /// There was a `change_cipher_spec`, which is allowed once.
    has_changed: bool,
    records: u8,
}

/// A server's handshake has at most seven records.
const HANDSHAKE_RECORDS: u8 = 16;

/// After this many records, other tasks get a turn, even if the transport was always ready.
const RECORDS_IN_A_ROW: u8 = 32;

impl<'c, T: Read + Write> Filter<'c, T> {
    pub(super) fn new(io: T, hold: &'c mut [u8], most: usize, too_large: &'c AtomicUsize) -> Self {
        Self {
            io,
            hold,
            most,
            too_large,
            phase: Phase::Hello,
            header: [0; HEADER],
            received: 0,
            handed: 0,
            in_body: false,
            has_changed: false,
            records: 0,
        }
    }

    /// The length of the record without its header.
    fn body(&self) -> usize {
        let [_, _, _, high, low] = self.header;
        u16::from_be_bytes([high, low]).into()
    }

    fn is_held(&self) -> bool {
        self.body() <= self.hold.len()
    }

    /// Waits for a record that may be handed over: for its header, and for all of it if it fits.
    /// Returns `false` at the end of the connection.
    ///
    /// This is cancel-safe: each received byte is counted.
    async fn next_record(&mut self) -> Result<bool, ErrorKind> {
        loop {
            while let Some(rest) = self.header.get_mut(self.received..)
                && !rest.is_empty()
            {
                match read(&mut self.io, rest).await? {
                    0 => return Ok(false),
                    len => self.received += len,
                }
            }
            self.check_header()?;
            if !self.is_held() {
                return Ok(true);
            }
            let body = self.body();
            while let Some(rest) = self.hold.get_mut(self.received - HEADER..body)
                && !rest.is_empty()
            {
                match read(&mut self.io, rest).await? {
                    0 => return Ok(false),
                    len => self.received += len,
                }
            }
            if self.is_to_hand_over()? {
                return Ok(true);
            }
            self.received = 0;
        }
    }

    fn check_header(&self) -> Result<(), ErrorKind> {
        let [kind, ..] = self.header;
        let (allowed, most) = match (self.phase, kind) {
            (Phase::Hello, record::HANDSHAKE | record::ALERT) => (true, self.hold.len()),
            (Phase::Handshake, record::CHANGE_CIPHER_SPEC) => (!self.has_changed, self.hold.len()),
            (Phase::Handshake | Phase::Open, record::APPLICATION_DATA) => {
                // With a byte for its type and 16 for the tag.
                let has_content = self.body() >= 17;
                (has_content && record::is_encrypted(self.header), self.most)
            }
            _ => (false, 0),
        };
        if !allowed {
            return Err(INVALID_RECORD);
        }
        if self.body() > most {
            self.too_large.store(self.body(), Ordering::Relaxed);
            return Err(TOO_LARGE);
        }
        Ok(())
    }

    /// Checks the whole record. Returns whether it is for the library.
    fn is_to_hand_over(&mut self) -> Result<bool, ErrorKind> {
        let body = self.hold.get(..self.body()).unwrap_or_default();
        match (self.header, body) {
            ([record::APPLICATION_DATA, ..], _) => Ok(true),
            ([record::ALERT, ..], [_, _]) => Ok(true),
            ([record::HANDSHAKE, ..], hello) if record::is_server_hello(hello) => Ok(true),
            ([record::CHANGE_CIPHER_SPEC, ..], [1]) => {
                self.has_changed = true;
                Ok(false)
            }
            _ => Err(INVALID_RECORD),
        }
    }

    /// Hands over bytes of the record. Returns 0 at the end of the connection.
    async fn hand_over(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        let body = self.body();
        let len = if self.handed < HEADER {
            let header = record::mark(self.header, self.phase);
            copy(header.get(self.handed..), into)
        } else if self.is_held() {
            copy(self.hold.get(self.handed - HEADER..body), into)
        } else {
            let left = (HEADER + body).saturating_sub(self.handed);
            let len = left.min(into.len());
            self.in_body = true;
            let read = read(&mut self.io, into.get_mut(..len).unwrap_or_default()).await?;
            self.in_body = false;
            read
        };
        self.handed += len;
        if self.handed >= HEADER + body {
            self.handed = 0;
            self.received = 0;
            // The only record in clear text is the ServerHello. After an alert, the library ends.
            if self.phase == Phase::Hello {
                self.phase = Phase::Handshake;
            }
        }
        Ok(len)
    }

    /// Counts a record. Returns whether it is time to let other tasks run.
    fn is_long_turn(&mut self) -> Result<bool, ErrorKind> {
        self.records = self.records.wrapping_add(1);
        if self.phase != Phase::Open && self.records > HANDSHAKE_RECORDS {
            return Err(INVALID_RECORD);
        }
        Ok(self.records.is_multiple_of(RECORDS_IN_A_ROW))
    }
}

/// Reads. A transport that reports more bytes than fit is faulty.
async fn read(io: &mut impl Read, into: &mut [u8]) -> Result<usize, ErrorKind> {
    match io.read(into).await {
        Ok(len) if len <= into.len() => Ok(len),
        _ => Err(TRANSPORT),
    }
}

fn copy(from: Option<&[u8]>, into: &mut [u8]) -> usize {
    let from = from.unwrap_or_default();
    for (byte, other) in into.iter_mut().zip(from) {
        *byte = *other;
    }
    from.len().min(into.len())
}

impl<T: Read + Write> Read for Filter<'_, T> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, FilterError> {
        // An earlier read was dropped: the library has lost the start of the record.
        if self.in_body {
            return Err(FilterError(BROKEN));
        }
        if self.handed == 0 {
            if self.received == 0 && self.is_long_turn().map_err(FilterError)? {
                yield_now().await;
            }
            if !self.next_record().await.map_err(FilterError)? {
                return Ok(0);
            }
        }
        self.hand_over(into).await.map_err(FilterError)
    }
}

impl<T: Read + Write> Write for Filter<'_, T> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, FilterError> {
        // The client's first encrypted record follows the server's last message of the handshake.
        if self.phase == Phase::Handshake
            && let [record::APPLICATION_DATA, ..] = bytes
        {
            self.phase = Phase::Open;
        }
        match self.io.write(bytes).await {
            // Nothing written is a failure too.
            Ok(len) if len <= bytes.len() && (len > 0 || bytes.is_empty()) => Ok(len),
            _ => Err(FilterError(TRANSPORT)),
        }
    }

    async fn flush(&mut self) -> Result<(), FilterError> {
        self.io.flush().await.map_err(|_| FilterError(TRANSPORT))
    }
}

impl<T> ErrorType for Filter<'_, T> {
    type Error = FilterError;
}

/// The library keeps nothing of an error but its kind.
#[derive(Debug)]
pub(super) struct FilterError(ErrorKind);

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl core::error::Error for FilterError {}

impl Error for FilterError {
    fn kind(&self) -> ErrorKind {
        self.0
    }
}

#[cfg(test)]
mod tests;
