//! The timer of the idle timeout.

use alloc::boxed::Box;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

/// Measures silence with the timers of the caller's runtime.
///
/// A timer starts when the byte stream has no bytes, and is dropped when bytes come. So a stream
/// that is always ready never pays for a timer.
pub(super) struct IdleTimer {
    timeout: Duration,
    sleep: Box<dyn FnMut(Duration) -> Sleep + Send>,
    running: Option<Sleep>,
}

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

impl IdleTimer {
    pub(super) fn new<F>(
        timeout: Duration,
        mut sleep: impl FnMut(Duration) -> F + Send + 'static,
    ) -> Self
    where
        F: Future + Send + 'static,
    {
        let sleep = move |timeout| -> Sleep {
            let sleeping = sleep(timeout);
            Box::pin(async move {
                sleeping.await;
            })
        };
        Self {
            timeout,
            sleep: Box::new(sleep),
            running: None,
        }
    }

    pub(super) fn stop(&mut self) {
        self.running = None;
    }

    /// Returns the timeout when it has passed. The next poll starts anew.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Duration> {
        let Self {
            timeout,
            sleep,
            running,
        } = self;
        let timer = running.get_or_insert_with(|| sleep(*timeout));
        ready!(timer.as_mut().poll(context));
        *running = None;
        Poll::Ready(*timeout)
    }
}
