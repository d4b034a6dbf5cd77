//! What the connection asks of the transport below, and which error each failure has.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::cell::Cell;

use embassy_futures::block_on;
use embedded_io_async::{Error, ErrorKind, ErrorType, Read, Write};
use embedded_sse::io::Connect;
use embedded_sse::tls::{Tls, TlsError, TlsMemory};
use embedded_sse::{Origin, Scheme};
use tls::by_hand::{ByHand, Part, good};
use tls::keys::Key;
use tls::net::Net;
use tls::random;

const ORIGIN: Origin<'static> = Origin {
    scheme: Scheme::Https,
    host: "localhost",
    port: 443,
};

/// Sends what was written only when it is flushed, and fails when the test says so.
struct Buffered<'a, C> {
    transport: C,
    fails: &'a Cell<bool>,
}

impl<'a, C: Connect> Connect for Buffered<'a, C> {
    type Error = C::Error;
    type Io<'c>
        = BufferedIo<'a, C::Io<'c>>
    where
        Self: 'c;

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, C::Error> {
        let io = self.transport.connect(origin, deadline).await?;
        Ok(BufferedIo {
            io,
            unsent: Vec::new(),
            fails: self.fails,
        })
    }
}

struct BufferedIo<'a, T> {
    io: T,
    unsent: Vec<u8>,
    fails: &'a Cell<bool>,
}

impl<T> BufferedIo<'_, T> {
    fn check(&self) -> Result<(), ErrorKind> {
        match self.fails.get() {
            true => Err(ErrorKind::TimedOut),
            false => Ok(()),
        }
    }
}

impl<T> ErrorType for BufferedIo<'_, T> {
    type Error = ErrorKind;
}

impl<T: Read> Read for BufferedIo<'_, T> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        self.check()?;
        self.io.read(into).await.map_err(|error| error.kind())
    }
}

impl<T: Write> Write for BufferedIo<'_, T> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.check()?;
        self.unsent.extend(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.check()?;
        let sent = self.io.write_all(&self.unsent).await;
        self.unsent.clear();
        sent.map_err(|error| error.kind())
    }
}

/// The output of a future that does not wait.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits for bytes that were not sent"),
    }
}

#[test]
fn every_message_to_the_server_is_flushed() {
    let key = Key::new();
    let fails = Cell::new(false);
    let transport = Net::new(|| ByHand::new(good(&key)));
    let fails = &fails;
    let mut memory = TlsMemory::<2065>::new();
    let below = Buffered { transport, fails };
    let mut tls = Tls::new(below, &mut memory, key.pins(), random());
    let mut connection = at_once(tls.connect(ORIGIN, None)).unwrap();
    at_once(connection.write(b"go")).unwrap();
    at_once(connection.flush()).unwrap();
    let mut bytes = [0; 99];
    let len = at_once(connection.read(&mut bytes)).unwrap();
    assert!(bytes[..len].starts_with(b"HTTP/1.1 200 OK"));
}

#[test]
fn a_failure_of_the_transport_is_no_fault_of_the_server() {
    let key = Key::new();
    let fails = Cell::new(false);
    let transport = Net::new(|| ByHand::new(good(&key)));
    let fails = &fails;
    let mut memory = TlsMemory::<2065>::new();
    let below = Buffered { transport, fails };
    let mut tls = Tls::new(below, &mut memory, key.pins(), random());
    let mut bytes = [0; 99];
    for in_read in [true, false] {
        fails.set(false);
        let mut connection = at_once(tls.connect(ORIGIN, None)).unwrap();
        at_once(connection.write(b"go")).unwrap();
        fails.set(true);
        let error = match in_read {
            true => at_once(connection.read(&mut bytes)).unwrap_err(),
            false => at_once(connection.flush()).unwrap_err(),
        };
        assert_eq!(error, TlsError::Transport);
        assert_eq!(error.kind(), ErrorKind::Other);
    }
}

#[test]
fn each_end_of_a_connection_has_its_own_error() {
    let key = Key::new();
    let key_update = Part::Message(24, vec![0]);
    for (part, error, kind) in [
        (None, TlsError::CutOff, ErrorKind::ConnectionReset),
        (
            Some(Part::Clear(21, vec![1, 0])),
            TlsError::InvalidRecord,
            ErrorKind::InvalidData,
        ),
        (
            Some(Part::Encrypted(vec![0; 9])),
            TlsError::InvalidContent,
            ErrorKind::InvalidData,
        ),
        (
            Some(Part::Clear(23, vec![7; 2066])),
            TlsError::RecordTooLarge(2066),
            ErrorKind::OutOfMemory,
        ),
        (
            Some(key_update),
            TlsError::Unsupported,
            ErrorKind::Unsupported,
        ),
    ] {
        let mut parts = good(&key);
        parts.truncate(5);
        parts.extend(part);
        let net = Net::new(|| ByHand::new(parts.clone()));
        let mut memory = TlsMemory::<2065>::new();
        let mut tls = Tls::new(net, &mut memory, key.pins(), random());
        let mut connection = block_on(tls.connect(ORIGIN, None)).unwrap();
        block_on(connection.write(b"go")).unwrap();
        block_on(connection.flush()).unwrap();
        let read = block_on(connection.read(&mut [0; 99]));
        assert_eq!(read, Err(error));
        assert_eq!(error.kind(), kind);
    }
}
