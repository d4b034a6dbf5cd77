//! Hooks: functions of the application that an [`EventSource`](crate::EventSource) calls.
//!
//! Ready implementations: [`Counters`] counts events, bytes and losses, [`Recent`] keeps the last
//! bytes for a log, and [`Heartbeat`] learns the idle timeout. [`before_connect`] and [`judge`]
//! make hooks of closures.

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

/// Functions that an [`EventSource`](crate::EventSource) calls. Every method has a default that
/// does nothing. Methods that you do not implement take no flash.
///
/// All methods share one `&mut self`. So [`verdict`](Self::verdict) can note that a token was
/// refused, and [`before_connect`](Self::before_connect) can renew it:
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
///             self.token += 1; // get a new token
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
/// A pair of hooks is a hook: `(login, counters)` calls both in this order, and `counters` receives
/// the verdict of `login`. To read hooks while a ready loop borrows the source, share them:
/// `&Cell<H>` and `&RefCell<H>` implement `Hooks`.
pub trait Hooks {
    /// An attempt begins. Change its path, its headers or its last event ID here, for example to
    /// send a new token. Not called again for redirects of the same attempt.
    fn before_connect(&mut self, draft: &mut Draft<'_>) {
        let _ = draft;
    }

    /// The head of a response is complete. Returns what to do with the response. `verdict` is the
    /// result of the hooks before this one, or [`Verdict::default_for`] the head. If the
    /// request may not be sent again, a default of `Retry` is passed as `Stop`.
    ///
    /// If you return `Retry`, the request is sent again even if it is not `repeatable`. Return it
    /// for a status that says that the server has not acted on the request, such as 429.
    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        let _ = head;
        verdict
    }

    /// These bytes were received, including response heads and chunk framing. Called before
    /// [`told`](Self::told) reports what they caused.
    fn received(&mut self, bytes: &[u8], now: Duration) {
        let _ = (bytes, now);
    }

    /// An item is reported to the application. [`Lost`](Item::Lost) and [`Stopped`](Item::Stopped)
    /// are reported here too if you write the loop yourself, and if the application closes the
    /// source. So each [`Open`](Item::Open) is followed by one of them.
    fn told(&mut self, item: &Item<'_>) {
        let _ = item;
    }

    /// Returns an idle timeout that replaces [`Policy::idle_timeout`](crate::Policy::idle_timeout),
    /// or `None` to keep the current one, which may come from an
    /// earlier call. Called after each [`received`](Self::received).
    fn idle_timeout(&self) -> Option<Duration> {
        None
    }

    /// Whether redirects are followed. If this returns `false`, a redirect stops the source, as with a
    /// [`Request::max_redirects`](crate::Request::max_redirects) of 0. Then the code that follows redirects
    /// is not linked, and [`keeps_bodies`](Self::keeps_bodies) saves some more flash:
    ///
    /// ```
    /// use embedded_sse::hooks::Hooks;
    ///
    /// /// For a server that never redirects, in the smallest firmware.
    /// struct Small;
    ///
    /// impl Hooks for Small {
    ///     fn follows_redirects(&self) -> bool {
    ///         false
    ///     }
    ///
    ///     fn keeps_bodies(&self) -> bool {
    ///         false
    ///     }
    /// }
    /// ```
    ///
    /// Return the same constant on each call. A pair of hooks follows redirects if both do. A `RefCell`
    /// hides the constant from the optimizer, so use a pair such as `(Small, &cell)`.
    fn follows_redirects(&self) -> bool {
        true
    }

    /// Whether bodies of responses that are not streams are read. If this returns `false`, a response
    /// that stops the source does so at once, and the body in
    /// [`EventSource::response`](crate::EventSource::response) is empty. [`Verdict::Collect`] then does the
    /// same as [`Verdict::Finish`].
    ///
    /// The rules of [`follows_redirects`](Self::follows_redirects) apply: return a constant, so that the
    /// code that reads bodies is not linked.
    fn keeps_bodies(&self) -> bool {
        true
    }
}

/// No hooks.
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

    fn follows_redirects(&self) -> bool {
        (**self).follows_redirects()
    }

    fn keeps_bodies(&self) -> bool {
        (**self).keeps_bodies()
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

    fn follows_redirects(&self) -> bool {
        self.0.follows_redirects() && self.1.follows_redirects()
    }

    fn keeps_bodies(&self) -> bool {
        self.0.keeps_bodies() && self.1.keeps_bodies()
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

    fn follows_redirects(&self) -> bool {
        self.get().follows_redirects()
    }

    fn keeps_bodies(&self) -> bool {
        self.get().keeps_bodies()
    }
}

/// Hooks are not called while you borrow the `RefCell`.
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

    fn follows_redirects(&self) -> bool {
        self.try_borrow()
            .map_or(true, |hooks| hooks.follows_redirects())
    }

    fn keeps_bodies(&self) -> bool {
        self.try_borrow().map_or(true, |hooks| hooks.keeps_bodies())
    }
}

/// Makes [`Hooks`] of a closure that is called as [`Hooks::before_connect`].
///
/// If the closure is in a variable, write the type of its argument as here, or the compiler reports
/// "implementation of `FnMut` is not general enough".
///
/// ```
/// use embedded_sse::{Draft, hooks};
///
/// let change = |draft: &mut Draft<'_>| {
///     let _fits = draft.add_header("X-Attempt", 1);
/// };
/// let hooks = hooks::before_connect(change);
/// # let _: &dyn hooks::Hooks = &hooks;
/// ```
pub fn before_connect<F: FnMut(&mut Draft<'_>)>(change: F) -> BeforeConnect<F> {
    BeforeConnect(change)
}

/// The hooks that [`before_connect`] returns.
#[derive(Clone, Copy, Debug)]
pub struct BeforeConnect<F>(F);

impl<F: FnMut(&mut Draft<'_>)> Hooks for BeforeConnect<F> {
    fn before_connect(&mut self, draft: &mut Draft<'_>) {
        (self.0)(draft);
    }
}

/// Makes [`Hooks`] of a closure that is called as [`Hooks::verdict`].
///
/// If the closure is in a variable, write the type of its first argument, `&Head<'_>`.
///
/// ```
/// use embedded_sse::{Head, Verdict, hooks};
///
/// // The server is still starting.
/// let hooks = hooks::judge(|head: &Head<'_>, verdict| match head.status() {
///     404 => Verdict::Retry,
///     _ => verdict,
/// });
/// # let _: &dyn hooks::Hooks = &hooks;
/// ```
pub fn judge<F: FnMut(&Head<'_>, Verdict) -> Verdict>(judge: F) -> Judge<F> {
    Judge(judge)
}

/// The hooks that [`judge`] returns.
#[derive(Clone, Copy, Debug)]
pub struct Judge<F>(F);

impl<F: FnMut(&Head<'_>, Verdict) -> Verdict> Hooks for Judge<F> {
    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        (self.0)(head, verdict)
    }
}
