//! The idle timeout.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use embedded_sse::stream::{ByteStreamExt, EventStream, StreamError};

use super::event;
use super::script::{Item, Script, Step, Task, chunk, next, next_in, script};

const TIMEOUT: Duration = Duration::from_secs(90);

/// The timers that were started. A test lets them pass.
#[derive(Clone, Default)]
struct Timers(Arc<Mutex<Vec<Timer>>>);

#[derive(Default)]
struct Timer {
    has_passed: bool,
    is_dropped: bool,
    waker: Option<Waker>,
}

impl Timers {
    fn started(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn running(&self) -> usize {
        let timers = self.0.lock().unwrap();
        timers.iter().filter(|timer| !timer.is_dropped).count()
    }

    fn pass(&self) {
        let mut timers = self.0.lock().unwrap();
        let last = timers.last_mut().unwrap();
        assert!(!last.is_dropped, "no timer runs");
        last.has_passed = true;
        last.waker.take().unwrap().wake();
    }

    fn sleep(&self, time: Duration) -> Sleep {
        assert_eq!(time, TIMEOUT);
        let mut timers = self.0.lock().unwrap();
        timers.push(Timer::default());
        Sleep(self.clone(), timers.len() - 1)
    }
}

struct Sleep(Timers, usize);

impl Future for Sleep {
    type Output = &'static str;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<&'static str> {
        let timer = &mut self.0.0.lock().unwrap()[self.1];
        timer.waker = Some(context.waker().clone());
        match timer.has_passed {
            true => Poll::Ready("some runtimes return the time"),
            false => Poll::Pending,
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.0.0.lock().unwrap()[self.1].is_dropped = true;
    }
}

fn timed(steps: impl IntoIterator<Item = Step>) -> (EventStream<Script>, Timers) {
    let timers = Timers::default();
    let (bytes, _) = script(steps);
    let clone = timers.clone();
    let events = bytes
        .event_stream()
        .with_idle_timeout(TIMEOUT, move |time| clone.sleep(time));
    (events, timers)
}

fn timeout() -> Poll<Option<Item>> {
    Poll::Ready(Some(Err(StreamError::IdleTimeout(TIMEOUT))))
}

fn a() -> Poll<Option<Item>> {
    Poll::Ready(Some(Ok(event("message", "a", ""))))
}

#[test]
fn silence_is_reported_with_its_length() {
    let (mut events, timers) = timed([Step::Pending, Step::Pending]);
    let task = Arc::<Task>::default();
    assert_eq!(next_in(&task, &mut events), Poll::Pending);
    timers.pass();
    assert_eq!(task.wakes(), 1);
    assert_eq!(next_in(&task, &mut events), timeout());
}

#[test]
fn polling_may_go_on_after_silence() {
    let pending = || Step::Pending;
    let steps = [
        chunk("da"),
        pending(),
        pending(),
        pending(),
        pending(),
        chunk("ta: a\n\n"),
    ];
    let (mut events, timers) = timed(steps);
    assert_eq!(next(&mut events), Poll::Pending);
    timers.pass();
    assert_eq!(next(&mut events), timeout());
    assert_eq!(next(&mut events), Poll::Pending);
    assert_eq!((timers.started(), timers.running()), (2, 1));
    timers.pass();
    assert_eq!(next(&mut events), timeout());
    assert_eq!(next(&mut events), a());
    assert_eq!(next(&mut events), Poll::Ready(None));
    assert_eq!(timers.running(), 0);
}

#[test]
fn any_byte_postpones_the_timeout() {
    for byte in [":", "\n", "x", "\u{feff}"] {
        let steps = [Step::Pending, chunk(byte), Step::Pending, Step::Pending];
        let (mut events, timers) = timed(steps);
        assert_eq!(next(&mut events), Poll::Pending);
        assert_eq!((timers.started(), timers.running()), (1, 1));
        assert_eq!(next(&mut events), Poll::Pending);
        assert_eq!((timers.started(), timers.running()), (2, 1), "{byte:?}");
        timers.pass();
        assert_eq!(next(&mut events), timeout());
    }
}

#[test]
fn an_empty_chunk_is_not_a_byte() {
    let steps = [Step::Pending, chunk(""), Step::Pending, Step::Pending];
    let (mut events, timers) = timed(steps);
    assert_eq!(next(&mut events), Poll::Pending);
    assert_eq!(next(&mut events), Poll::Pending);
    assert_eq!((timers.started(), timers.running()), (1, 1));
}

#[test]
fn endless_empty_chunks_are_silence() {
    let (mut events, timers) = timed((0..1000).map(|_| chunk("")));
    assert_eq!(next(&mut events), Poll::Pending);
    assert_eq!(next(&mut events), Poll::Pending);
    assert_eq!(timers.started(), 1);
    timers.pass();
    assert_eq!(next(&mut events), timeout());
}

#[test]
fn comments_without_an_end_start_no_timer() {
    let (mut events, timers) = timed((0..1000).map(|_| chunk(": keep-alive\n\n")));
    assert_eq!(next(&mut events), Poll::Pending);
    assert_eq!(next(&mut events), Poll::Pending);
    assert_eq!(timers.started(), 0);
}

#[test]
fn spurious_polls_do_not_postpone_the_timeout() {
    let (mut events, timers) = timed((0..20).map(|_| Step::Pending));
    for _ in 0..10 {
        assert_eq!(next(&mut events), Poll::Pending);
    }
    assert_eq!(timers.started(), 1);
    timers.pass();
    assert_eq!(next(&mut events), timeout());
}

#[test]
fn bytes_come_before_a_timeout_that_passed_while_nobody_polled() {
    let (mut events, timers) = timed([Step::Pending, chunk("data: a\n\n"), Step::Pending]);
    assert_eq!(next(&mut events), Poll::Pending);
    timers.pass();
    assert_eq!(next(&mut events), a());
    assert_eq!(next(&mut events), Poll::Pending);
    assert_eq!((timers.started(), timers.running()), (2, 1));
}

#[test]
fn a_byte_stream_that_is_ready_starts_no_timer() {
    let (mut events, timers) = timed([chunk("data: a\n\n"), chunk("data: a\n\n")]);
    assert_eq!(next(&mut events), a());
    assert_eq!(next(&mut events), a());
    assert_eq!(next(&mut events), Poll::Ready(None));
    assert_eq!(timers.started(), 0);
}

#[test]
fn no_timer_runs_after_the_end_or_into_a_new_stream() {
    for end in [vec![], vec![Step::Error]] {
        let (mut events, timers) = timed([Step::Pending].into_iter().chain(end));
        assert_eq!(next(&mut events), Poll::Pending);
        let _none_or_error = next(&mut events);
        assert_eq!((timers.started(), timers.running()), (1, 0));
    }
    let (mut events, timers) = timed([Step::Pending]);
    assert_eq!(next(&mut events), Poll::Pending);
    events.new_stream(script([Step::Pending, Step::Pending]).0);
    assert_eq!(timers.running(), 0);
    assert_eq!(next(&mut events), Poll::Pending);
    assert_eq!((timers.started(), timers.running()), (2, 1));
    timers.pass();
    assert_eq!(next(&mut events), timeout());
}
