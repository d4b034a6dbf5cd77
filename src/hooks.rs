//! What an application can change and see of an [`EventSource`](crate::EventSource) while it runs.

mod counters;
mod heartbeat;
mod recent;

use core::cell::{Cell, RefCell};
use core::time::Duration;

pub use counters::{Counters, Losses};
pub use heartbeat::Heartbeat;
pub use recent::Recent;

use crate::http::{Draft, Head, Verdict};
use crate::item::Item;

/// Functions that an [`EventSource`](crate::EventSource) calls. Each does nothing by default, and
/// those that you do not write take no flash.
///
/// They share one `&mut self`, so that a token which [`verdict`](Self::verdict) saw refused can be
/// renewed in [`before_connect`](Self::before_connect):
///
/// ```
/// use embedded_sse::hooks::Hooks;
/// use embedded_sse::{Decoder, Draft, EventSource, Head, Policy, Request, Url, Verdict};
///
/// struct Login {
///     token: u32,
///     is_refused: bool,
/// }
///
/// impl Hooks for Login {
///     fn before_connect(&mut self, draft: &mut Draft<'_>) {
///         if self.is_refused {
///             self.token += 1; // ask for another one
///         }
///         let _fits = draft.add_header("Authorization", format_args!("Bearer {}", self.token));
///     }
///
///     fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
///         self.is_refused = head.status() == 401;
///         if self.is_refused { Verdict::Retry } else { verdict }
///     }
/// }
///
/// let mut decoder: Decoder<1024> = Decoder::new();
/// let request = Request::get(Url::parse("http://192.168.1.2/events")?);
/// let source = EventSource::new(request, Policy::DEFAULT, 42, &mut decoder)?
///     .with_hooks(Login { token: 1, is_refused: false });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Two values make one: `(login, counters)` asks both, and the verdict of the first is given to the
/// second. To look at one while a ready loop has the source, share it: `&Cell<H>` and `&RefCell<H>`
/// are hooks too.
pub trait Hooks {
    /// An attempt begins: changes its path or headers, as for a fresh token or an API's own way to
    /// resume. Not called for the redirects of the attempt.
    fn before_connect(&mut self, draft: &mut Draft<'_>) {
        let _ = draft;
    }

    /// A response's head is complete: judges it. `verdict` is that of the hooks before this one, at
    /// first [`Verdict::default_for`] it.
    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        let _ = head;
        verdict
    }

    /// These bytes have come on a connection, with the response's head and the framing. Called
    /// before [`told`](Self::told) of what they cause.
    fn received(&mut self, bytes: &[u8], now: Duration) {
        let _ = (bytes, now);
    }

    /// The application gets this item. It is also told of [`Lost`](Item::Lost) and
    /// [`Stopped`](Item::Stopped) where you write the loop yourself, and where the application
    /// closed the source: each stream that opened comes to one of them.
    fn told(&mut self, item: &Item<'_>) {
        let _ = item;
    }

    /// Replaces [`Policy::idle_timeout`](crate::Policy::idle_timeout), if it returns a time. Called
    /// after each [`received`](Self::received).
    fn idle_timeout(&self) -> Option<Duration> {
        None
    }
}

/// Changes and sees nothing.
impl Hooks for () {}

impl<H: Hooks + ?Sized> Hooks for &mut H {
    fn before_connect(&mut self, draft: &mut Draft<'_>) {
        (**self).before_connect(draft);
    }

    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        (**self).verdict(head, verdict)
    }

    fn received(&mut self, bytes: &[u8], now: Duration) {
        (**self).received(bytes, now);
    }

    fn told(&mut self, item: &Item<'_>) {
        (**self).told(item);
    }

    fn idle_timeout(&self) -> Option<Duration> {
        (**self).idle_timeout()
    }
}

impl<A: Hooks, B: Hooks> Hooks for (A, B) {
    fn before_connect(&mut self, draft: &mut Draft<'_>) {
        self.0.before_connect(draft);
        self.1.before_connect(draft);
    }

    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        let verdict = self.0.verdict(head, verdict);
        self.1.verdict(head, verdict)
    }

    fn received(&mut self, bytes: &[u8], now: Duration) {
        self.0.received(bytes, now);
        self.1.received(bytes, now);
    }

    fn told(&mut self, item: &Item<'_>) {
        self.0.told(item);
        self.1.told(item);
    }

    fn idle_timeout(&self) -> Option<Duration> {
        self.0.idle_timeout().or(self.1.idle_timeout())
    }
}

impl<H: Hooks + Copy> Hooks for &Cell<H> {
    fn before_connect(&mut self, draft: &mut Draft<'_>) {
        let mut hooks = self.get();
        hooks.before_connect(draft);
        self.set(hooks);
    }

    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        let mut hooks = self.get();
        let verdict = hooks.verdict(head, verdict);
        self.set(hooks);
        verdict
    }

    fn received(&mut self, bytes: &[u8], now: Duration) {
        let mut hooks = self.get();
        hooks.received(bytes, now);
        self.set(hooks);
    }

    fn told(&mut self, item: &Item<'_>) {
        let mut hooks = self.get();
        hooks.told(item);
        self.set(hooks);
    }

    fn idle_timeout(&self) -> Option<Duration> {
        self.get().idle_timeout()
    }
}

/// Is not called while you borrow it.
impl<H: Hooks> Hooks for &RefCell<H> {
    fn before_connect(&mut self, draft: &mut Draft<'_>) {
        if let Ok(mut hooks) = self.try_borrow_mut() {
            hooks.before_connect(draft);
        }
    }

    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        match self.try_borrow_mut() {
            Ok(mut hooks) => hooks.verdict(head, verdict),
            Err(_) => verdict,
        }
    }

    fn received(&mut self, bytes: &[u8], now: Duration) {
        if let Ok(mut hooks) = self.try_borrow_mut() {
            hooks.received(bytes, now);
        }
    }

    fn told(&mut self, item: &Item<'_>) {
        if let Ok(mut hooks) = self.try_borrow_mut() {
            hooks.told(item);
        }
    }

    fn idle_timeout(&self) -> Option<Duration> {
        self.try_borrow().ok()?.idle_timeout()
    }
}

/// A closure as [`Hooks::before_connect`]. Write the type of its argument, or it does not compile:
///
/// ```
/// use embedded_sse::{Draft, hooks};
///
/// let hooks = hooks::before_connect(|draft: &mut Draft<'_>| {
///     let _fits = draft.add_header("X-Attempt", 1);
/// });
/// # let _: &dyn hooks::Hooks = &hooks;
/// ```
pub fn before_connect<F: FnMut(&mut Draft<'_>)>(change: F) -> BeforeConnect<F> {
    BeforeConnect(change)
}

/// What [`before_connect`] returns.
#[derive(Clone, Copy, Debug)]
pub struct BeforeConnect<F>(F);

impl<F: FnMut(&mut Draft<'_>)> Hooks for BeforeConnect<F> {
    fn before_connect(&mut self, draft: &mut Draft<'_>) {
        (self.0)(draft);
    }
}

/// A closure as [`Hooks::verdict`]. Write the type of its first argument, or it does not compile:
///
/// ```
/// use embedded_sse::{Head, Verdict, hooks};
///
/// // A server that is still starting.
/// let hooks = hooks::judge(|head: &Head<'_>, verdict| match head.status() {
///     404 => Verdict::Retry,
///     _ => verdict,
/// });
/// # let _: &dyn hooks::Hooks = &hooks;
/// ```
pub fn judge<F: FnMut(&Head<'_>, Verdict) -> Verdict>(judge: F) -> Judge<F> {
    Judge(judge)
}

/// What [`judge`] returns.
#[derive(Clone, Copy, Debug)]
pub struct Judge<F>(F);

impl<F: FnMut(&Head<'_>, Verdict) -> Verdict> Hooks for Judge<F> {
    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        (self.0)(head, verdict)
    }
}
