//! What only sessions have: the head, and that the application opens them at any time.

use std::cell::Cell;
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::script::{Dialer, Manner, OPEN, World, answers, gone, line_of, ms, opens, refuses, url};
use embedded_sse::io::{Clock, Connect, NoSession, Session};
use embedded_sse::{Decoder, EventSource, LossCause, Origin, Policy, Request, StopReason};

const POLICY: Policy = Policy {
    jitter_percent: 0,
    ..Policy::DEFAULT
};

fn source(decoder: &mut Decoder<1024>) -> EventSource<'_, 1024, 64> {
    EventSource::new(Request::get(url("http://h/")), POLICY, 1, decoder).unwrap()
}

/// A scripted world, without pending operations.
fn world(connections: &[crate::script::Connection]) -> World {
    World::new(Manner::PLAIN, connections, 0)
}

#[test]
fn the_head_is_available_until_the_first_item() {
    let head = OPEN.replacen("\r\n\r\n", "\r\nX-More: yes\r\n\r\n", 1);
    let connection = answers(head)
        .pauses(100)
        .sends("data: a\n\n")
        .pauses(100)
        .ends();
    let world = world(&[connection]);
    let mut decoder = Decoder::new();
    let (mut source, mut chunk) = (source(&mut decoder), [0; 64]);
    let mut dialer = Dialer(&world);
    let open = Session::open(&mut dialer, &world, &mut source, &mut chunk);
    let mut session = world.block_on(open).map_err(drop).unwrap();

    let more = |head: embedded_sse::Head<'_>| head.header("x-more").map(str::to_owned);
    assert_eq!(session.head().and_then(more).as_deref(), Some("yes"));
    let item = world.block_on(session.next()).map(line_of);
    assert_eq!(item.as_deref(), Some("open 200"));
    assert_eq!(session.head().map(|head| head.status()), Some(200));
    // A `next` that is dropped before anything arrives changes nothing.
    assert!(world.poll(pin!(session.next())).is_pending());
    assert_eq!(session.head().and_then(more).as_deref(), Some("yes"));
    let item = world.block_on(session.next()).map(line_of);
    assert_eq!(item.as_deref(), Some("message: a"));
    assert_eq!(session.head(), None);
    assert!(world.block_on(session.next()).is_none());
    // Later calls return `None` too.
    assert!(world.block_on(session.next()).is_none());
    assert_eq!(session.head(), None);
}

#[test]
fn a_session_that_is_closed_at_once_has_no_item() {
    let world = world(&[opens("data: a\n\n")]);
    let mut decoder = Decoder::new();
    let (mut source, mut chunk) = (source(&mut decoder), [0; 64]);
    let mut dialer = Dialer(&world);
    let open = Session::open(&mut dialer, &world, &mut source, &mut chunk);
    let mut session = world.block_on(open).map_err(drop).unwrap();
    session.close();
    assert!(world.block_on(session.next()).is_none());
}

#[test]
fn a_closed_session_has_no_further_item() {
    let world = world(&[opens("data: a\n\ndata: b\n\n")]);
    let mut decoder = Decoder::new();
    let (mut source, mut chunk) = (source(&mut decoder), [0; 64]);
    let mut dialer = Dialer(&world);
    let open = Session::open(&mut dialer, &world, &mut source, &mut chunk);
    let mut session = world.block_on(open).map_err(drop).unwrap();
    world.block_on(session.next());
    world.block_on(session.next());
    session.close();
    assert_eq!(session.head(), None);
    assert!(world.block_on(session.next()).is_none());
    drop(session);
    let again = Session::open(&mut dialer, &world, &mut source, &mut chunk);
    let Err(NoSession::Stop(stop)) = world.block_on(again) else {
        panic!("not closed");
    };
    assert_eq!((stop.reason, stop.status), (StopReason::Closed, Some(200)));
}

#[test]
fn a_session_that_is_opened_too_early_returns_the_wait_again() {
    let world = world(&[refuses(), opens("")]);
    let mut decoder = Decoder::new();
    let (mut source, mut chunk) = (source(&mut decoder), [0; 64]);
    let mut dialer = Dialer(&world);
    let mut open = || {
        let open = Session::open(&mut dialer, &world, &mut source, &mut chunk);
        world.block_on(open).map(|session| session.head().is_some())
    };
    let Err(NoSession::Wait(wait)) = open() else {
        panic!("a session without a server");
    };
    assert_eq!((wait.cause, wait.delay), (LossCause::Connect, ms(3000)));
    assert_eq!(open(), Err(NoSession::Wait(wait)));
    world.pass_until(wait.until - ms(1));
    assert_eq!(open(), Err(NoSession::Wait(wait)));
    world.pass_until(wait.until);
    assert_eq!(open(), Ok(true));
    // The session was dropped before its end, and its connection with it.
    let Err(NoSession::Wait(wait)) = open() else {
        panic!("a session on the old connection");
    };
    assert_eq!(wait.cause, LossCause::Transport);
}

/// A clock on which each call takes a millisecond.
struct Ticking(Cell<Duration>);

impl Clock for Ticking {
    fn now(&self) -> Duration {
        self.0.set(self.0.get() + ms(1));
        self.0.get()
    }

    async fn sleep_until(&self, _: Duration) {
        panic!("a session does not sleep");
    }
}

/// Refuses each connection, and records the calls.
#[derive(Default)]
struct Refuses {
    asked: Vec<&'static str>,
}

impl Connect for Refuses {
    type Error = ();
    type Io<'c> = NoIo;

    async fn ready(&mut self) {
        self.asked.push("ready");
    }

    async fn connect(&mut self, _: Origin<'_>, _: Option<Duration>) -> Result<NoIo, ()> {
        self.asked.push("connect");
        Err(())
    }
}

struct NoIo;

impl embedded_io_async::ErrorType for NoIo {
    type Error = io::Error;
}

impl embedded_io_async::Read for NoIo {
    async fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl embedded_io_async::Write for NoIo {
    async fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Ok(0)
    }

    async fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The wait may end between any two calls of the clock.
#[test]
fn ready_is_called_before_each_attempt() {
    let world = world(&[gone()]);
    for before_end in 0..10 {
        let clock = Ticking(Cell::new(ms(0)));
        let mut connect = Refuses::default();
        let mut decoder = Decoder::new();
        let (mut source, mut chunk) = (source(&mut decoder), [0; 64]);
        let mut wait = |until: Option<Duration>| {
            if let Some(until) = until {
                clock.0.set(until - ms(before_end));
            }
            let open = Session::open(&mut connect, &clock, &mut source, &mut chunk);
            match world.block_on(open) {
                Err(NoSession::Wait(wait)) => wait.until,
                _ => panic!("a session without a server"),
            }
        };
        let first = wait(None);
        let second = wait(Some(first));
        if second == first {
            wait(Some(first + ms(20)));
        }
        let asked = ["ready", "connect", "ready", "connect"];
        assert_eq!(
            connect.asked, asked,
            "{before_end} ms before the wait is over"
        );
    }
}

#[test]
fn a_connection_that_takes_nothing_is_lost() {
    let world = world(&[]);
    let mut decoder = Decoder::new();
    let (mut source, mut chunk) = (source(&mut decoder), [0; 1]);
    struct Made;
    impl Connect for Made {
        type Error = ();
        type Io<'c> = NoIo;
        async fn connect(&mut self, _: Origin<'_>, _: Option<Duration>) -> Result<NoIo, ()> {
            Ok(NoIo)
        }
    }
    let mut made = Made;
    let mut open = pin!(Session::open(&mut made, &world, &mut source, &mut chunk));
    let Poll::Ready(Err(NoSession::Wait(wait))) = world.poll(open.as_mut()) else {
        panic!("a session, although no byte was written");
    };
    assert_eq!(wait.cause, LossCause::Transport);
}

mod deadlines_between_two_looks_at_the_clock {
    use std::ops::ControlFlow;

    use embedded_sse::Item;
    use embedded_sse::hooks::Hooks;
    use embedded_sse::io::sse;

    use super::*;

    /// A millisecond passes whenever somebody looks at it.
    struct Slow(Cell<Duration>);
    impl Clock for Slow {
        fn now(&self) -> Duration {
            self.0.set(self.0.get() + ms(1));
            self.0.get()
        }
        async fn sleep_until(&self, time: Duration) {
            if self.0.get() < time {
                self.0.set(time)
            }
        }
    }

    struct Redirecting {
        count: usize,
    }
    struct Io<'a>(&'a mut usize, bool);
    impl Connect for Redirecting {
        type Error = ();
        type Io<'c> = Io<'c>;
        async fn connect(&mut self, _: Origin<'_>, _: Option<Duration>) -> Result<Io<'_>, ()> {
            self.count += 1;
            if self.count > 1 {
                return Err(());
            }
            Ok(Io(&mut self.count, false))
        }
    }
    impl embedded_io_async::ErrorType for Io<'_> {
        type Error = io::Error;
    }
    impl embedded_io_async::Read for Io<'_> {
        async fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let _ = &self.0;
            if self.1 {
                return Ok(0);
            }
            self.1 = true;
            let head = b"HTTP/1.1 307 A\r\nLocation: /b\r\n\r\n";
            into[..head.len()].copy_from_slice(head);
            Ok(head.len())
        }
    }
    impl embedded_io_async::Write for Io<'_> {
        async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        async fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[derive(Default)]
    struct Told(Vec<String>);
    impl Hooks for Told {
        fn told(&mut self, item: &Item<'_>) {
            self.0.push(format!("{item:?}"));
        }
    }

    #[test]
    fn sse_reports_each_loss_that_hooks_are_told_of() {
        let world = world(&[gone()]);
        let mut wrong = vec![];
        for attempts in [Some(0), Some(3)] {
            for timeout in 0..40 {
                let clock = Slow(Cell::new(ms(0)));
                let mut decoder: Decoder<1024> = Decoder::new();
                let policy = Policy {
                    connect_timeout: Some(ms(timeout)),
                    max_reconnection_attempts: attempts,
                    ..POLICY
                };
                let mut source =
                    EventSource::new(Request::get(url("http://h/")), policy, 1, &mut decoder)
                        .unwrap()
                        .with_hooks(Told::default());
                let mut chunk = [0; 512];
                let mut connect = Redirecting { count: 0 };
                let mut items = vec![];
                let future = sse(
                    &mut connect,
                    &clock,
                    &mut source,
                    &mut chunk,
                    async |item: Item<'_>| {
                        items.push(format!("{item:?}"));
                        ControlFlow::Continue(())
                    },
                );
                world.block_on(future);
                let told = &source.hooks().0;
                if *told != items {
                    wrong.push((attempts, timeout, told.len(), items.len()));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
