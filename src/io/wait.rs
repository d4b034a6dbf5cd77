//! Waiting for the first of two futures, keeping the result of one, and yielding to other tasks.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
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

/// Puts the connection that a future makes into its place.
///
/// A TLS connection is 1.3 KB, and the compiler reserves stack for each move of it in every function
/// that contains one. This `poll` is separate so that neither a session nor a stream pays for the
/// moves.
pub(super) struct Place<'f, F, T> {
    pub(super) future: Pin<&'f mut F>,
    pub(super) into: &'f mut Option<T>,
}

impl<F: Future<Output = Result<T, E>>, T, E> Future for Place<'_, F, T> {
    type Output = ();

    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // `map` takes a third more stack.
        match self.future.as_mut().poll(context) {
            Poll::Ready(Ok(connection)) => *self.into = Some(connection),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => return Poll::Pending,
        }
        Poll::Ready(())
    }
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
