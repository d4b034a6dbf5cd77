//! Waiting for the first of two futures, keeping the result of one, and yielding to other tasks.

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll};

/// Waits for the future or the timer, if there is one. Returns `None` if the timer ends first.
///
/// The future is polled first, so that a result that is ready counts even after the deadline. Both
/// are borrowed, so that they are not moved into this future.
pub(super) fn before<F: Future, T: Future<Output = ()>>(
    mut timer: Pin<&mut Option<T>>,
    mut future: Pin<&mut F>,
) -> impl Future<Output = Option<F::Output>> {
    poll_fn(move |context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        match timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(context).map(|()| None),
            None => Poll::Pending,
        }
    })
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
pub(crate) fn yield_now() -> impl Future<Output = ()> {
    let mut has_yielded = false;
    poll_fn(move |context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
}
