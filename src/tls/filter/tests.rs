//! Random records, compared with a model.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::vec::Vec;

use super::*;
use crate::tls::record::tests::server_hello;

const HOLD: usize = 300;
const MOST: usize = 400;

/// Waits in front of each read, if it is told to.
struct Script<'a> {
    bytes: &'a [u8],
    chunk: usize,
    waits: bool,
    has_waited: bool,
}

impl ErrorType for Script<'_> {
    type Error = core::convert::Infallible;
}

impl Read for Script<'_> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Self::Error> {
        poll_fn(|_| {
            self.has_waited = !self.has_waited;
            match self.waits && self.has_waited {
                true => Poll::Pending,
                false => Poll::Ready(()),
            }
        })
        .await;
        let len = into.len().min(self.chunk).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(len);
        into[..len].copy_from_slice(now);
        self.bytes = later;
        Ok(len)
    }
}

impl Write for Script<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Reads a record as the library does. What it has read is lost if the future is dropped.
async fn read_record(
    filter: &mut Filter<'_, Script<'_>>,
) -> Result<Option<(Phase, Vec<u8>)>, ErrorKind> {
    let mut header = [0; HEADER];
    if filter
        .read(&mut header)
        .await
        .map_err(|error| error.kind())?
        < HEADER
    {
        return Ok(None);
    }
    let mut body = std::vec![0; u16::from_be_bytes([header[3], header[4]]).into()];
    let mut at = 0;
    while at < body.len() {
        let read = filter.read(&mut body[at..]).await;
        match read.map_err(|error| error.kind())? {
            0 => return Ok(None),
            len => at += len,
        }
    }
    let (phase, header) = record::unmark(header).unwrap_or((Phase::Hello, header));
    Ok(Some((phase, [&header[..], &body].concat())))
}

fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// A generator of random numbers that is good enough for tests.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1);
        (self.0 >> 33) as usize % most
    }

    fn record(&mut self) -> Vec<u8> {
        let kind = [23, 23, 23, 23, 22, 21, 20, 24][self.below(8)];
        let version = [3, [3, 3, 3, 3, 3, 3, 3, 1][self.below(8)]];
        let most = [3, 18, 60, MOST + 9][self.below(4)];
        let body = match (kind, self.below(4)) {
            (22, 1..) => server_hello(),
            (21, 1..) => std::vec![1, 0],
            (20, 1..) => std::vec![1],
            _ => (0..self.below(most)).map(|n| n as u8).collect(),
        };
        let [high, low] = (body.len() as u16).to_be_bytes();
        [&[kind][..], &version, &[high, low], &body].concat()
    }
}

/// What the filter does with a record: hands it over, skips it, or fails.
fn model(phase: Phase, has_changed: bool, record: &[u8]) -> Result<bool, ErrorKind> {
    let body = &record[HEADER..];
    let is_clear = match (phase, record[0]) {
        (Phase::Hello, 21 | 22) => true,
        (Phase::Handshake, 20) if !has_changed => true,
        (Phase::Handshake | Phase::Open, 23) if record[1..3] == [3, 3] && body.len() > 16 => false,
        _ => return Err(INVALID_RECORD),
    };
    match (is_clear, record[0]) {
        (true, _) if body.len() > HOLD => Err(TOO_LARGE),
        (false, _) if body.len() > MOST => Err(TOO_LARGE),
        (true, 22) if body != server_hello() => Err(INVALID_RECORD),
        (true, 21) if body.len() != 2 => Err(INVALID_RECORD),
        (true, 20) => (body == [1]).then_some(false).ok_or(INVALID_RECORD),
        _ => Ok(true),
    }
}

#[test]
fn random_records_are_handled_as_the_model_says() {
    let mut random = Random(1);
    let (mut handed, mut failed, mut dropped) = (0, 0, 0);
    for round in 0..20_000 {
        let records: Vec<_> = (0..random.below(9)).map(|_| random.record()).collect();
        let hello = hello_record();
        let is_good = random.below(8) > 0;
        let records: Vec<_> = is_good
            .then_some(hello)
            .into_iter()
            .chain(records)
            .collect();
        let all = records.concat();
        let is_cut = random.below(4) == 0;
        let end = if is_cut {
            random.below(all.len() + 1)
        } else {
            all.len()
        };
        let script = Script {
            bytes: &all[..end],
            chunk: [1, 4, 5, 6, 1000][random.below(5)],
            waits: random.below(2) == 0,
            has_waited: false,
        };
        let drops = random.below(2) == 0;
        let opens_at = random.below(9);
        let mut hold = [0; HOLD];
        let too_large = AtomicUsize::new(0);
        let mut filter = Filter::new(script, &mut hold, MOST, &too_large);

        let (mut phase, mut has_changed, mut at, mut seen) = (Phase::Hello, false, 0, 0);
        let mut records = records.iter();
        loop {
            // The next record that is handed over, according to the model.
            let expected = loop {
                let Some(record) = records.next() else {
                    break Ok(None);
                };
                at += record.len();
                let verdict = model(phase, has_changed, record);
                let is_known = at - record.len() + HEADER <= end;
                match verdict {
                    _ if !is_known => break Ok(None),
                    Ok(_) if at > end => break Ok(None),
                    Ok(true) => break Ok(Some((phase, record.clone()))),
                    Ok(false) => has_changed = true,
                    Err(error) => break Err((error, record.len() > HEADER && at > end)),
                }
            };
            let mut was_pending = 0;
            let result = loop {
                let future = read_record(&mut filter);
                if !drops {
                    let mut future = pin!(future);
                    let mut context = Context::from_waker(Waker::noop());
                    break loop {
                        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
                            break result;
                        }
                    };
                }
                match poll_once(future) {
                    Some(result) => break result,
                    None => was_pending += 1,
                }
            };
            dropped += was_pending;
            match (result, expected) {
                (Ok(Some(record)), Ok(Some(expected))) => {
                    assert_eq!(record, expected, "{round}");
                    handed += 1;
                    seen += 1;
                }
                (Ok(None), Ok(None)) => break,
                // A long record, inside which a read was dropped.
                (Err(BROKEN), Ok(expected)) => {
                    assert!(drops && was_pending > 0, "{round}");
                    assert!(expected.is_none_or(|(_, record)| record.len() > HOLD + HEADER));
                    assert_eq!(poll_once(read_record(&mut filter)), Some(Err(BROKEN)));
                    break;
                }
                (Err(error), Err((expected, _))) => {
                    assert_eq!(error, expected, "{round}");
                    failed += 1;
                    break;
                }
                // The rest of the record would have told.
                (Ok(None), Err((INVALID_RECORD, true))) => break,
                other => panic!("{round}: {other:?}"),
            }
            if phase == Phase::Hello {
                phase = Phase::Handshake;
            }
            if phase == Phase::Handshake && seen > opens_at {
                assert!(poll_once(filter.write(&[23, 3, 3])).unwrap().is_ok());
                phase = Phase::Open;
            }
        }
    }
    assert!(
        handed > 10_000 && failed > 5_000 && dropped > 100_000,
        "{handed} {failed} {dropped}"
    );
}

/// Records for a filter, the ServerHello first.
fn script(bytes: &[u8]) -> Script<'_> {
    Script {
        bytes,
        chunk: usize::MAX,
        waits: false,
        has_waited: false,
    }
}

fn hello_record() -> Vec<u8> {
    let hello = server_hello();
    [&[22, 3, 3, 0, hello.len() as u8][..], &hello].concat()
}

#[test]
fn a_handshake_has_at_most_16_records() {
    let encrypted = [&[23, 3, 3, 0, 17][..], &[7; 17]].concat();
    let bytes = [hello_record(), encrypted.repeat(20)].concat();
    let (too_large, mut hold) = (AtomicUsize::new(0), [0; HOLD]);
    let mut filter = Filter::new(script(&bytes), &mut hold, MOST, &too_large);
    for at in 1..=16 {
        let record = poll_once(read_record(&mut filter)).unwrap();
        assert!(matches!(record, Ok(Some(_))), "{at}");
    }
    let record = poll_once(read_record(&mut filter)).unwrap();
    assert_eq!(record, Err(INVALID_RECORD));
}

/// Otherwise, the header of the next record would not be checked.
#[test]
fn a_read_ends_with_its_record() {
    for len in [17, HOLD, HOLD + 1, MOST] {
        let [high, low] = (len as u16).to_be_bytes();
        let encrypted = [&[23, 3, 3, high, low][..], &std::vec![7; len]].concat();
        let bytes = [hello_record(), encrypted.repeat(3)].concat();
        let (too_large, mut hold) = (AtomicUsize::new(0), [0; HOLD]);
        let mut filter = Filter::new(script(&bytes), &mut hold, MOST, &too_large);
        poll_once(read_record(&mut filter)).unwrap().unwrap();
        let mut into = std::vec![0; 10_000];
        for expected in [HEADER, len, HEADER, len, HEADER, len, 0] {
            let read = poll_once(filter.read(&mut into)).unwrap();
            assert_eq!(read.unwrap(), expected, "{len}");
        }
    }
}

/// A transport that writes nothing, and reports one byte more than fits.
struct Faulty;

impl ErrorType for Faulty {
    type Error = core::convert::Infallible;
}

impl Read for Faulty {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Self::Error> {
        Ok(into.len() + 1)
    }
}

impl Write for Faulty {
    async fn write(&mut self, _: &[u8]) -> Result<usize, Self::Error> {
        Ok(0)
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

#[test]
fn a_transport_that_writes_nothing_has_failed() {
    let (too_large, mut hold) = (AtomicUsize::new(0), [0; HOLD]);
    let mut filter = Filter::new(Faulty, &mut hold, MOST, &too_large);
    for (bytes, is_error) in [(&b"a"[..], true), (b"", false)] {
        let written = poll_once(filter.write(bytes)).unwrap();
        assert_eq!(written.is_err(), is_error);
    }
}

#[test]
fn a_transport_that_reports_more_bytes_than_fit_has_failed() {
    let (too_large, mut hold) = (AtomicUsize::new(0), [0; HOLD]);
    let mut filter = Filter::new(Faulty, &mut hold, MOST, &too_large);
    let read = poll_once(filter.read(&mut [0; HEADER])).unwrap();
    assert_eq!(read.map_err(|error| error.kind()), Err(TRANSPORT));
}
