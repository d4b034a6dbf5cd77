//! Reads and writes that are dropped, and connections that are cut, at every point.

use core::future::{Future, poll_fn};
use core::ops::ControlFlow;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::cell::Cell;

use embassy_futures::block_on;
use embedded_io_async::{ErrorType, Read, Write};
use embedded_sse::io::{Connect, Session, sse};
use embedded_sse::tls::{Connection, Tls, TlsError, TlsMemory};
use embedded_sse::{Decoder, EventSource, Item, LossCause, Origin, Policy, Request, Scheme, Url};
use tls::by_hand::{ByHand, Part, good};
use tls::keys::Key;
use tls::net::{Manner, Net, Time};
use tls::{follow, random};

const ORIGIN: Origin<'static> = Origin {
    scheme: Scheme::Https,
    host: "localhost",
    port: 443,
};

/// Every read returns one byte, after it has waited once.
const SLOW: Manner = Manner {
    chunk: 1,
    waits: true,
    cut: None,
};

const LENGTHS: [usize; 8] = [1, 2, 100, 255, 256, 257, 500, 3];

/// A good handshake, and records of these lengths after the first request.
fn parts(key: &Key) -> (Vec<Part>, Vec<u8>) {
    let mut parts = good(key);
    parts.pop();
    let mut all = Vec::new();
    for (number, len) in (b'a'..).zip(LENGTHS) {
        let data = vec![number; len];
        all.extend(&data);
        parts.push(Part::Encrypted([&data[..], &[23]].concat()));
        // A ticket.
        parts.push(Part::Message(4, vec![0; 13]));
    }
    parts.push(Part::Encrypted(vec![1, 0, 21]));
    (parts, all)
}

/// Polls the future up to this many times, then drops it.
fn poll<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..times).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    })
}

#[test]
fn a_read_may_be_dropped_at_every_pending_point() {
    let key = Key::new();
    let (parts, all) = parts(&key);
    for times in [1, 2, 3, 7, 100] {
        let net = Net::with_manner(SLOW, || ByHand::new(parts.clone()));
        let mut memory = TlsMemory::<2065, 512, 2065>::new();
        let mut tls = Tls::new(net, &mut memory, key.pins(), random());
        let mut connection = block_on(tls.connect(ORIGIN, None)).unwrap();
        block_on(connection.write(b"go")).unwrap();
        block_on(connection.flush()).unwrap();
        let (mut received, mut drops) = (Vec::<u8>::new(), 0);
        let mut bytes = [0; 90];
        loop {
            match poll(connection.read(&mut bytes), times) {
                Some(Ok(0)) => break,
                Some(Ok(len)) => received.extend(&bytes[..len]),
                Some(Err(error)) => panic!("{error}"),
                None => drops += 1,
            }
        }
        assert_eq!(received, all);
        assert!(drops * times > 1000, "{drops} drops");
    }
}

/// With a `HOLD` that is smaller than some records.
#[test]
fn a_read_dropped_inside_a_long_record_breaks_the_connection() {
    let key = Key::new();
    let (parts, all) = parts(&key);
    let (mut broken, mut complete) = (0, 0);
    for drop_at in 0.. {
        let net = Net::with_manner(SLOW, || ByHand::new(parts.clone()));
        let mut memory = TlsMemory::<2065>::new();
        let mut tls = Tls::new(net, &mut memory, key.pins(), random());
        let mut connection = block_on(tls.connect(ORIGIN, None)).unwrap();
        block_on(connection.write(b"go")).unwrap();
        block_on(connection.flush()).unwrap();
        let (mut received, mut pending) = (Vec::new(), 0);
        let mut bytes = [0; 600];
        let result = loop {
            let left: usize = drop_at + 1 - pending.min(drop_at);
            let is_to_drop = pending <= drop_at;
            let count = Cell::new(0);
            let times = if is_to_drop { left } else { usize::MAX };
            let counted = async {
                let mut read = pin!(connection.read(&mut bytes));
                poll_fn(|context| {
                    count.set(count.get() + 1);
                    read.as_mut().poll(context)
                })
                .await
            };
            let result = poll(counted, times);
            pending += count.get();
            match result {
                Some(Ok(0)) => break Ok(()),
                Some(Ok(len)) => {
                    pending -= 1;
                    received.extend(&bytes[..len]);
                }
                Some(Err(error)) => break Err(error),
                None => pending = drop_at + 1,
            }
        };
        // What was received is right in any case.
        assert!(all.starts_with(&received));
        match result {
            Ok(()) => {
                assert_eq!(received, all);
                complete += 1;
            }
            Err(error) => {
                assert_eq!(error, TlsError::Broken);
                broken += 1;
            }
        }
        if pending <= drop_at {
            break;
        }
    }
    // Four records have more than 256 bytes without their header.
    let long: usize = LENGTHS
        .iter()
        .map(|len| len + 17)
        .filter(|len| *len > 256)
        .sum();
    assert_eq!(broken, long);
    assert!(complete > 0);
}

/// Sends each write in single bytes, and waits in front of each.
struct SlowWrites<T>(T);

impl<T: ErrorType> ErrorType for SlowWrites<T> {
    type Error = T::Error;
}

impl<T: Read> Read for SlowWrites<T> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, T::Error> {
        self.0.read(into).await
    }
}

impl<T: Write> Write for SlowWrites<T> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, T::Error> {
        let mut has_waited = false;
        poll_fn(|context| {
            if core::mem::replace(&mut has_waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        self.0.write(bytes).await
    }

    async fn flush(&mut self) -> Result<(), T::Error> {
        self.0.flush().await
    }
}

struct SlowNet<C>(C);

impl<C: Connect> Connect for SlowNet<C> {
    type Error = C::Error;
    type Io<'c>
        = SlowWrites<C::Io<'c>>
    where
        Self: 'c;

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, C::Error> {
        self.0.connect(origin, deadline).await.map(SlowWrites)
    }
}

#[test]
fn nothing_is_written_after_a_dropped_write() {
    let key = Key::new();
    let net = Net::new(|| ByHand::new(good(&key)));
    let sent = net.sent.clone();
    let mut memory = TlsMemory::<2065>::new();
    let mut tls = Tls::new(SlowNet(net), &mut memory, key.pins(), random());
    let mut connection = block_on(tls.connect(ORIGIN, None)).unwrap();
    block_on(connection.write(b"go")).unwrap();
    let len = sent.borrow()[0].len();
    assert_eq!(poll(connection.flush(), 1), None);
    assert_eq!(block_on(connection.write(b"go")), Err(TlsError::Broken));
    assert_eq!(block_on(connection.flush()), Err(TlsError::Broken));
    assert_eq!(
        block_on(connection.read(&mut [0; 9])),
        Err(TlsError::Broken)
    );
    assert_eq!(sent.borrow()[0].len(), len);
}

#[test]
fn a_handshake_may_be_dropped_at_every_pending_point() {
    let key = Key::new();
    let net = Net::with_manner(SLOW, || ByHand::new(good(&key)));
    let mut memory = TlsMemory::<2065>::new();
    let mut tls = Tls::new(net, &mut memory, key.pins(), random());
    for times in 1.. {
        if poll(tls.connect(ORIGIN, None), times).is_some() {
            assert!(times > 700, "{times} pending points");
            break;
        }
    }
}

/// Panics if there is a read after a read was dropped.
struct Undropped<T> {
    io: T,
    is_reading: bool,
}

impl<T: ErrorType> ErrorType for Undropped<T> {
    type Error = T::Error;
}

impl<T: Read> Read for Undropped<T> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, T::Error> {
        assert!(!self.is_reading, "a read was dropped");
        self.is_reading = true;
        let result = self.io.read(into).await;
        self.is_reading = false;
        result
    }
}

impl<T: Write> Write for Undropped<T> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, T::Error> {
        self.io.write(bytes).await
    }

    async fn flush(&mut self) -> Result<(), T::Error> {
        self.io.flush().await
    }
}

struct UndroppedNet<C>(C);

impl<C: Connect> Connect for UndroppedNet<C> {
    type Error = C::Error;
    type Io<'c>
        = Undropped<C::Io<'c>>
    where
        Self: 'c;

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, C::Error> {
        let io = self.0.connect(origin, deadline).await?;
        let is_reading = false;
        Ok(Undropped { io, is_reading })
    }
}

/// The server falls silent inside a record. The idle timeout drops the read there.
#[test]
fn sse_drops_a_read_only_to_end_the_connection() {
    let key = Key::new();
    let mut parts = good(&key);
    for _ in 0..3 {
        parts.push(Part::data(&format!("data: {:0500}\n\n", 1)));
    }
    parts.push(Part::Raw(vec![23, 3, 3, 1, 100, 7, 7]));
    // For the records of the request.
    parts.extend([const { Part::Wait }; 10]);
    let net = Net::new(|| ByHand::new(parts.clone()));
    let mut memory = TlsMemory::<2065>::new();
    let mut tls = Tls::new(UndroppedNet(net), &mut memory, key.pins(), random());
    let mut decoder: Decoder<1024> = Decoder::new();
    let request = Request::get(Url::parse("https://localhost/").unwrap());
    let policy = Policy {
        idle_timeout: Some(Duration::from_secs(10)),
        ..Policy::DEFAULT
    };
    let mut source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
    let (clock, mut chunk) = (Time::new(), [0; 64]);
    let (mut events, mut losses) = (0, 0);
    let on_item = async |item: Item<'_>| {
        match item {
            Item::Event(_) => events += 1,
            Item::Lost(wait) => {
                assert_eq!(wait.cause, LossCause::IdleTimeout);
                losses += 1;
            }
            _ => {}
        }
        match losses {
            20 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    };
    block_on(sse(&mut tls, &clock, &mut source, &mut chunk, on_item));
    assert_eq!((events, losses), (80, 20));
}

/// The connection ends with `close_notify`.
#[test]
fn a_session_over_tls_may_be_dropped_at_every_pending_point() {
    let key = Key::new();
    let mut parts = good(&key);
    for data in ["da", "ta: b", "\n", "\ndata: c\n\ndata: ", "d\n\n"] {
        parts.push(Part::data(data));
    }
    parts.push(Part::Encrypted(vec![1, 0, 21]));
    let net = Net::with_manner(SLOW, || ByHand::new(parts.clone()));
    let mut memory = TlsMemory::<2065, 512, 2065>::new();
    let mut tls = Tls::new(net, &mut memory, key.pins(), random());
    let mut decoder: Decoder<512> = Decoder::new();
    let request = Request::get(Url::parse("https://localhost/").unwrap());
    let mut source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    let (clock, mut chunk) = (Time::new(), [0; 512]);
    let open = Session::open(&mut tls, &clock, &mut source, &mut chunk);
    let mut session = block_on(open).unwrap();
    let (mut data, mut drops) = (Vec::new(), 0);
    loop {
        match poll(session.next(), 1) {
            Some(Some(Item::Event(event))) => data.push(event.data.to_string()),
            Some(Some(_)) => {}
            Some(None) => break,
            None => drops += 1,
        }
    }
    assert_eq!(data, ["a", "b", "c", "d"]);
    assert!(drops > 100, "{drops} drops");
}

#[test]
fn a_cut_at_any_byte_is_never_an_end() {
    let key = Key::new();
    let (mut handshakes, mut streams) = (0, 0);
    for cut in 0.. {
        let manner = Manner {
            cut: Some(cut),
            ..Manner::default()
        };
        let net = Net::with_manner(manner, || ByHand::new(good(&key)));
        let mut memory = Box::new(TlsMemory::<2065>::new());
        let mut tls = Tls::new(net, &mut memory, key.pins(), random());
        let (data, causes) = block_on(follow(&mut tls, &Time::new(), "https://localhost/", 1));
        let expected = [LossCause::Connect, LossCause::Transport];
        assert!(causes.iter().all(|cause| expected.contains(cause)));
        match (&data[..], causes.first()) {
            ([], Some(LossCause::Connect)) => handshakes += 1,
            ([], Some(_)) => streams += 1,
            // The length of the signature varies, so this cut may have lost connections too.
            (all, _) => {
                assert_eq!(all, ["a"]);
                break;
            }
        }
    }
    assert!(handshakes > 600 && streams > 60, "{handshakes} {streams}");
}

#[test]
fn records_without_data_do_not_starve_other_tasks() {
    let key = Key::new();
    let mut parts = good(&key);
    let empty = [Part::data(""), Part::Message(4, vec![])];
    parts.pop();
    parts.extend(empty.into_iter().cycle().take(1000));
    parts.push(Part::data("a"));
    let net = Net::new(|| ByHand::new(parts.clone()));
    let mut memory = TlsMemory::<2065>::new();
    let mut tls = Tls::new(net, &mut memory, key.pins(), random());
    let mut connection = block_on(tls.connect(ORIGIN, None)).unwrap();
    block_on(connection.write(b"go")).unwrap();
    block_on(connection.flush()).unwrap();
    let (mut turns, mut bytes) = (0, [0; 9]);
    while poll(connection.read(&mut bytes), 1).is_none() {
        turns += 1;
    }
    assert!((30..40).contains(&turns), "{turns}");
}

#[test]
fn a_connection_is_send_if_its_transport_is() {
    fn is_send<T: Send>() {}
    is_send::<Connection<'_, embedded_sse::tokio_net::Connection<tokio::net::TcpStream>>>();
}
