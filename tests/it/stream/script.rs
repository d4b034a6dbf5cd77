//! A byte stream that does what a test says, and counts what is done to it.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use embedded_sse::stream::{EventStream, OwnedEvent, StreamError};
use futures_util::Stream;

/// What one poll of the byte stream does. After the last step it returns `None`.
pub enum Step {
    Chunk(Vec<u8>),
    Error,
    /// Returns `Pending`, once.
    Pending,
}

pub fn chunk(text: &str) -> Step {
    Step::Chunk(text.as_bytes().to_vec())
}

/// The error of the byte stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

pub struct Script {
    steps: VecDeque<Step>,
    seen: Arc<Seen>,
}

/// What a byte stream has seen.
#[derive(Default)]
pub struct Seen {
    polls: AtomicUsize,
    drops: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

pub fn script(steps: impl IntoIterator<Item = Step>) -> (Script, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let script = Script {
        steps: steps.into_iter().collect(),
        seen: seen.clone(),
    };
    (script, seen)
}

impl Seen {
    pub fn polls(&self) -> usize {
        self.polls.load(Relaxed)
    }

    pub fn is_dropped(&self) -> bool {
        self.drops.load(Relaxed) == 1
    }

    /// Wakes the task that polled last and got `Pending`.
    pub fn wake(&self) {
        self.waker.lock().unwrap().take().unwrap().wake();
    }
}

impl Stream for Script {
    type Item = Result<Vec<u8>, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.seen.polls.fetch_add(1, Relaxed);
        Poll::Ready(match self.steps.pop_front() {
            Some(Step::Chunk(bytes)) => Some(Ok(bytes)),
            Some(Step::Error) => Some(Err(Broken)),
            Some(Step::Pending) => {
                *self.seen.waker.lock().unwrap() = Some(context.waker().clone());
                return Poll::Pending;
            }
            None => None,
        })
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.seen.drops.fetch_add(1, Relaxed);
    }
}

/// Counts how often its task is woken.
#[derive(Default)]
pub struct Task(AtomicUsize);

impl Task {
    pub fn wakes(&self) -> usize {
        self.0.load(Relaxed)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

pub type Item = Result<OwnedEvent, StreamError<Broken>>;

pub fn next(events: &mut EventStream<Script>) -> Poll<Option<Item>> {
    next_in(&Arc::default(), events)
}

pub fn next_in(task: &Arc<Task>, events: &mut EventStream<Script>) -> Poll<Option<Item>> {
    let waker = Waker::from(task.clone());
    Pin::new(events).poll_next(&mut Context::from_waker(&waker))
}

/// All items up to the end. A `Pending` is polled again at once.
pub fn all(events: &mut EventStream<Script>) -> Vec<Item> {
    let mut items = Vec::new();
    loop {
        match next(events) {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => return items,
            Poll::Pending => {}
        }
    }
}
