//! A small executor in simulated time, which can abandon a future.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use embedded_sse::io::{Clock, Connect};

use super::End;
use super::ready::{self, Way};
use super::tls;
use super::transport::Dialer;
use crate::device::{App, Interruption, Source};
use crate::network::World;
use crate::plan::ms;
use crate::trace::Entry;

/// After this many polls at one time, a loop counts as endless.
const MOST_POLLS: usize = 100_000;

pub struct Timers<'w> {
    pub world: &'w World<'w>,
    /// The times for which the last poll waits.
    sleepers: RefCell<Vec<Duration>>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<'w> Timers<'w> {
    pub fn new(world: &'w World<'w>) -> Self {
        Self {
            world,
            sleepers: RefCell::default(),
        }
    }

    pub fn wake_at(&self, time: Duration) {
        self.sleepers.borrow_mut().push(time);
    }

    pub async fn sleep(&self, until: Duration) {
        poll_fn(|_| {
            if self.world.now() >= until {
                return Poll::Ready(());
            }
            self.wake_at(until);
            Poll::Pending
        })
        .await;
    }

    /// Polls a future until it is done or the application is interrupted.
    fn run<F: Future>(&self, app: &App<'_>, mut future: Pin<&mut F>) -> Option<F::Output> {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut polls = 0;
        while !app.is_interrupted() {
            self.sleepers.borrow_mut().clear();
            woken.0.store(false, Ordering::Relaxed);
            let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
            if let Poll::Ready(output) = poll {
                return Some(output);
            }
            polls += 1;
            assert!(polls < MOST_POLLS, "a loop without end");
            if !woken.0.load(Ordering::Relaxed) {
                let sleepers = self.sleepers.borrow();
                let first = sleepers.iter().min().copied();
                let first = first.unwrap_or(Duration::MAX).min(app.interrupted_at());
                if first > self.world.now() {
                    polls = 0;
                }
                self.world.pass_until(first);
            }
        }
        None
    }
}

/// The clock of the device.
impl Clock for Timers<'_> {
    fn now(&self) -> Duration {
        self.world.device_now()
    }

    async fn sleep_until(&self, time: Duration) {
        self.sleep(self.world.to_world(time)).await;
    }
}

/// Runs the loop of this kind, and interrupts it.
pub fn drive(app: &App<'_>, source: &mut Source<'_>, way: Way, has_tls: bool) -> End {
    loop {
        let interruption = match has_tls {
            false => {
                let timers = Timers::new(app.world);
                follow_until_dropped(app, source, way, &timers, &mut Dialer(&timers))
            }
            true => tls::follow(app, source, way),
        };
        match interruption {
            None | Some(Interruption::Sleep { .. }) => return End::Over,
            Some(Interruption::Reboot { torn, off }) => return End::Reboot { torn, off },
            Some(Interruption::Restart) => {
                app.world.tell(Entry::Dropped);
                source.restart();
                app.world.tell(Entry::Restarted);
            }
            Some(Interruption::Drop { until }) => {
                app.world.tell(Entry::Dropped);
                app.world.pass_until(ms(until));
                app.world.tell(Entry::Slept);
            }
        }
        app.keep_time(source);
    }
}

/// Follows the source until the future must be dropped, and drops it.
pub fn follow_until_dropped(
    app: &App<'_>,
    source: &mut Source<'_>,
    way: Way,
    timers: &Timers<'_>,
    connect: &mut impl Connect,
) -> Option<Interruption> {
    let mut future = pin!(ready::follow(app, timers, connect, source, way));
    loop {
        let _never = timers.run(app, future.as_mut());
        match app.interruption() {
            Some(Interruption::Sleep { until }) => {
                app.world.pass_until(ms(until));
                app.world.tell(Entry::Slept);
            }
            other => return other,
        }
    }
}
