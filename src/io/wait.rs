//! Waiting for the first of two futures, and yielding to other tasks.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;
use core::time::Duration;

use super::Clock;

/// Waits for the future until the deadline. Returns `None` at the deadline.
///
/// The future is polled first, so that a result that is ready counts even after the deadline. The
/// future is borrowed, since an `async fn` stores its arguments twice.
pub(super) async fn before<F: Future>(
    deadline: Option<Duration>,
    clock: &impl Clock,
    mut future: Pin<&mut F>,
) -> Option<F::Output> {
    let mut timer = pin!(deadline.map(|deadline| clock.sleep_until(deadline)));
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        match timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(context).map(|()| None),
            None => Poll::Pending,
        }
    })
    .await
}

/// Lets the executor poll other tasks.
pub(crate) async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
