//! Transports that are always ready, and transports that return wrong lengths.

use std::cell::Cell;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use embedded_io_async::{ErrorType, Read, Write};
use embedded_sse::{Decoder, EventSource, Item, Origin, Policy, Request, io};

use crate::script::{OPEN, line_of, url};

/// What a transport does in each call, without waiting.
#[derive(Clone, Copy)]
enum Always {
    /// No connection is made.
    Refuses,
    /// A read returns `Interrupted`.
    Interrupted,
    /// A read returns these bytes.
    Reads(&'static [u8]),
    /// A read or write returns a length that is this much greater than the buffer.
    ReadsMore(usize),
    WritesMore(usize),
    /// A write takes at most this many bytes.
    Writes(usize),
}

/// Counts its calls.
struct Ready {
    always: Always,
    /// Bytes that are read before anything else.
    head: &'static [u8],
    calls: Rc<Cell<usize>>,
    writes: Rc<Cell<usize>>,
}

impl Ready {
    fn call(&self) {
        self.calls.set(self.calls.get() + 1);
        assert!(self.calls.get() < 100, "the executor is starved");
    }
}

impl io::Connect for Ready {
    type Error = ();
    type Io<'c> = &'c mut Self;

    async fn connect(&mut self, _: Origin<'_>, _: Option<Duration>) -> Result<&mut Self, ()> {
        self.call();
        match self.always {
            Always::Refuses => Err(()),
            _ => Ok(self),
        }
    }
}

impl ErrorType for Ready {
    type Error = std::io::Error;
}

impl Read for Ready {
    async fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.call();
        let more = match self.always {
            _ if !self.head.is_empty() => std::mem::take(&mut self.head),
            Always::Interrupted => return Err(ErrorKind::Interrupted.into()),
            Always::ReadsMore(more) => return Ok(bytes.len().saturating_add(more)),
            Always::Reads(more) => more,
            _ => return Ok(0),
        };
        bytes[..more.len()].copy_from_slice(more);
        Ok(more.len())
    }
}

impl Write for Ready {
    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.writes.set(self.writes.get() + 1);
        Ok(match self.always {
            Always::WritesMore(more) => bytes.len().saturating_add(more),
            Always::Writes(most) => bytes.len().min(most),
            _ => bytes.len(),
        })
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A clock that stands still.
struct Noon;

impl io::Clock for Noon {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep_until(&self, time: Duration) {
        if !time.is_zero() {
            std::future::pending().await
        }
    }
}

/// What the application gets in this many polls of `sse`, and the number of writes.
fn told_by(
    always: Always,
    head: &'static str,
    policy: Policy,
    polls: usize,
) -> (Vec<String>, usize) {
    let (calls, writes) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let mut ready = Ready {
        always,
        head: head.as_bytes(),
        calls: Rc::clone(&calls),
        writes: Rc::clone(&writes),
    };
    let mut decoder = Decoder::<512>::new();
    let request = Request {
        headers: &[("Authorization", "Bearer token")],
        max_redirects: 255,
        ..Request::get(url(
            "http://192.168.1.2:8123/api/stream?restrict=state_changed",
        ))
    };
    let mut source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
    let mut told = Vec::new();
    let mut chunk = [0; 512];
    {
        let on_item = async |item: Item<'_>| {
            told.push(line_of(item));
            ControlFlow::Continue(())
        };
        let mut sse = pin!(io::sse(&mut ready, &Noon, &mut source, &mut chunk, on_item));
        for _ in 0..polls {
            calls.set(0);
            let poll = sse.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if poll.is_ready() {
                break;
            }
        }
    }
    (told, writes.get())
}

#[test]
fn no_loop_starves_the_executor() {
    let at_once = Policy {
        reconnection_time: Duration::ZERO,
        min_retry: Duration::ZERO,
        max_delay: Duration::ZERO,
        ..Policy::DEFAULT
    };
    // Without a limit, none of these would ever return from a poll.
    let (told, _) = told_by(Always::Refuses, "", at_once, 50);
    assert!(told.len() >= 40, "{}", told.len());
    let (told, _) = told_by(Always::Interrupted, OPEN, at_once, 50);
    assert_eq!(told, ["open 200"]);
    let (told, _) = told_by(Always::Interrupted, "", at_once, 50);
    assert_eq!(told, [""; 0]);
    let (told, _) = told_by(Always::Reads(b"data:a\n\n"), OPEN, at_once, 50);
    assert!(told.len() > 50);
    // Many items in one read.
    const FLOOD: &[u8] = b"data\n\ndata\n\ndata\n\ndata\n\ndata\n\ndata\n\ndata\n\ndata\n\n";
    let (told, _) = told_by(Always::Reads(FLOOD), OPEN, at_once, 50);
    assert!((50..50 * 33).contains(&told.len()), "{}", told.len());
    let (told, _) = told_by(Always::Reads(OPEN.as_bytes()), "", at_once, 50);
    assert_eq!(told, ["open 200"]);
    // This one would return, but only after 1025 reads and writes.
    let redirect = b"HTTP/1.1 307 R\r\nLocation: /x\r\n\r\n";
    let (told, _) = told_by(Always::Reads(redirect), "", at_once, 300);
    assert_eq!(told, ["stop Redirect(TooMany)"]);
}

#[test]
fn a_transport_that_returns_wrong_lengths_is_lost() {
    let policy = Policy {
        max_reconnection_attempts: Some(0),
        ..Policy::DEFAULT
    };
    for more in [1, 1000, usize::MAX] {
        for (always, head, told) in [
            (
                Always::ReadsMore(more),
                "",
                &["lost Transport, stop Attempts"][..],
            ),
            (
                Always::ReadsMore(more),
                OPEN,
                &["open 200", "lost Transport, stop Attempts"],
            ),
            (
                Always::WritesMore(more),
                "",
                &["lost Transport, stop Attempts"],
            ),
        ] {
            assert_eq!(told_by(always, head, policy, 50).0, told, "{more}");
        }
    }
}

#[test]
fn a_usual_request_is_written_at_once() {
    let (told, writes) = told_by(Always::Interrupted, OPEN, Policy::DEFAULT, 2);
    assert_eq!((told.as_slice(), writes), (&["open 200".to_owned()][..], 1));
    let (_, writes) = told_by(Always::Writes(100), OPEN, Policy::DEFAULT, 2);
    assert_eq!(writes, 2);
}
