//! What can be learned of an event source while it runs. Who asks for none of it has a pointer more.

use core::cell::{Cell, RefCell};
use core::fmt;
use core::mem;
use core::time::Duration;

use crate::event::{Item, TooLong};
use crate::step::{Cause, Stop, Wait};
use crate::time::millis;

/// Sees all that an [`EventSource`](crate::EventSource) sees, by
/// [`observe`](crate::EventSource::observe). It is shared, so that the application can look at it
/// meanwhile.
///
/// Two are one: `(&counters, &heartbeat)`.
pub trait Observe {
    /// These bytes of a connection have been taken in, the response's head and framing among them.
    fn received(&self, bytes: &[u8], now: Duration) {
        let _ = (bytes, now);
    }

    /// This is told to the application. [`Lost`](Item::Lost) and [`Stopped`](Item::Stopped) too, also
    /// where the application itself has ended it: each stream that was open comes to one of them.
    fn told(&self, item: &Item<'_>) {
        let _ = item;
    }

    /// Takes the place of [`Policy::idle_timeout`](crate::Policy::idle_timeout), if there is one.
    /// Asked after each [`received`](Self::received).
    fn idle_timeout(&self) -> Option<Duration> {
        None
    }
}

impl<A: Observe + ?Sized, B: Observe + ?Sized> Observe for (&A, &B) {
    fn received(&self, bytes: &[u8], now: Duration) {
        self.0.received(bytes, now);
        self.1.received(bytes, now);
    }

    fn told(&self, item: &Item<'_>) {
        self.0.told(item);
        self.1.told(item);
    }

    fn idle_timeout(&self) -> Option<Duration> {
        self.0.idle_timeout().or(self.1.idle_timeout())
    }
}

/// How much of what there was: enough to choose the sizes of the memory by. Observes in a [`Cell`].
///
/// ```
/// use core::cell::Cell;
/// use embedded_sse::observe::Counters;
/// # use embedded_sse::*;
///
/// let counters = Cell::new(Counters::default());
/// # let mut decoder: Decoder<1024> = Decoder::new();
/// # let request = Request::get(Url::parse("http://h/").unwrap());
/// # let mut source = EventSource::new(request, Reconnect::new(Policy::DEFAULT, 1), &mut decoder).unwrap();
/// source.observe(&counters);
/// // … and at any time:
/// println!("{}", counters.get());
/// ```
///
/// A count that reaches the end of its type stays there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Counters {
    /// Bytes received, with heads and framing.
    pub bytes: u64,
    /// Responses that were event streams.
    pub opened: u32,
    /// Events handed out.
    pub events: u32,
    /// Parts that did not fit.
    pub too_long: u32,
    /// Bytes of the longest data of an event, be it handed out or too long: the least `DATA` for all
    /// so far.
    pub longest_data: usize,
    /// Bytes of the longest head of an event stream; it has to fit in `DATA` too.
    pub longest_head: usize,
    /// Bytes of the longest ID or event type, likewise: the least `META`.
    pub longest_meta: usize,
    /// Bytes of the pieces so far of an event that has not ended.
    pub unfinished: usize,
    /// Connections and attempts that were lost, by cause.
    pub lost: Losses,
}

/// How many connections and attempts were lost, by [`Cause`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(missing_docs, reason = "they are documented at `Cause`")]
pub struct Losses {
    pub connect: u32,
    pub transport: u32,
    pub connect_timeout: u32,
    pub response_timeout: u32,
    pub idle_timeout: u32,
    pub end: u32,
    pub cut_off: u32,
    pub head: u32,
    pub chunk: u32,
    pub status: u32,
}

impl Losses {
    fn count(&mut self, cause: Cause) {
        let count = match cause {
            Cause::Connect => &mut self.connect,
            Cause::Transport => &mut self.transport,
            Cause::ConnectTimeout => &mut self.connect_timeout,
            Cause::ResponseTimeout => &mut self.response_timeout,
            Cause::IdleTimeout => &mut self.idle_timeout,
            Cause::End => &mut self.end,
            Cause::CutOff => &mut self.cut_off,
            Cause::Head(_) => &mut self.head,
            Cause::Chunk(_) => &mut self.chunk,
            Cause::Status(_) => &mut self.status,
        };
        *count = count.saturating_add(1);
    }
}

impl Observe for Cell<Counters> {
    fn received(&self, bytes: &[u8], _: Duration) {
        self.update(|counters| Counters {
            bytes: counters.bytes.saturating_add(bytes.len() as u64),
            ..counters
        });
    }

    fn told(&self, item: &Item<'_>) {
        let mut counters = self.get();
        match item {
            Item::Open(head) => {
                counters.opened = counters.opened.saturating_add(1);
                counters.longest_head = counters.longest_head.max(head.len());
            }
            Item::Event(event) | Item::LastPiece(event) => {
                let data = counters.unfinished.saturating_add(event.data.len());
                counters.unfinished = 0;
                counters.events = counters.events.saturating_add(1);
                counters.longest_data = counters.longest_data.max(data);
                counters.longest_meta = counters.longest_meta.max(event.last_event_id.len());
                // That takes no memory if nobody has sent it.
                if event.event_type != "message" {
                    counters.longest_meta = counters.longest_meta.max(event.event_type.len());
                }
            }
            Item::Piece(piece) => {
                counters.unfinished = counters.unfinished.saturating_add(piece.len());
            }
            Item::TooLong(part) => {
                counters.too_long = counters.too_long.saturating_add(1);
                let longest = match part {
                    TooLong::Data { len } => Some((&mut counters.longest_data, len)),
                    TooLong::Id { len } | TooLong::EventType { len } => {
                        Some((&mut counters.longest_meta, len))
                    }
                    TooLong::Comment => None,
                };
                if let Some((longest, len)) = longest {
                    *longest = (*longest).max(*len);
                    // Its pieces have been handed out, if not the last.
                    let unfinished = mem::take(&mut counters.unfinished);
                    counters.longest_data = counters.longest_data.max(unfinished);
                }
            }
            Item::Lost(wait) => {
                counters.unfinished = 0;
                counters.lost.count(wait.cause);
            }
            Item::Stopped(stop) => {
                counters.unfinished = 0;
                if let Some(cause) = stop.cause {
                    counters.lost.count(cause);
                }
            }
            Item::Comment(_) | Item::Retry(_) => {}
        }
        self.set(counters);
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bytes,
            opened,
            events,
            too_long,
            ..
        } = self;
        write!(
            f,
            "{bytes} bytes, {opened} streams, {events} events, {too_long} too long; "
        )?;
        let Self {
            longest_data,
            longest_head,
            longest_meta,
            ..
        } = self;
        write!(
            f,
            "longest data {longest_data}, head {longest_head}, ID or type {longest_meta}; "
        )?;
        let lost = self.lost;
        write!(
            f,
            "lost: connect {}, transport {}, ",
            lost.connect, lost.transport
        )?;
        let (late, idle) = (lost.connect_timeout, lost.idle_timeout);
        let response = lost.response_timeout;
        write!(f, "connect timeout {late}, response timeout {response}, ")?;
        write!(f, "idle timeout {idle}, ")?;
        write!(
            f,
            "end {}, cut off {}, head {}, ",
            lost.end, lost.cut_off, lost.head
        )?;
        write!(f, "chunk {}, status {}", lost.chunk, lost.status)
    }
}

/// The last `N` bytes that came, to tell what was on the wire before a failure. Observes in a
/// [`RefCell`]; what comes while you look at it is left out.
#[derive(Clone)]
pub struct Recent<const N: usize> {
    ring: [u8; N],
    /// Where the next byte goes.
    next: usize,
    full: bool,
}

impl<const N: usize> Recent<N> {
    /// Of nothing.
    pub const fn new() -> Self {
        const { assert!(N > 0, "there is nothing to keep bytes in") };
        Self {
            ring: [0; N],
            next: 0,
            full: false,
        }
    }

    /// Forgets all but the last `N` of what there is and these.
    pub fn push(&mut self, bytes: &[u8]) {
        let skipped = bytes.len().saturating_sub(N);
        for byte in bytes.iter().skip(skipped) {
            if let Some(place) = self.ring.get_mut(self.next) {
                *place = *byte;
            }
            self.next += 1;
            if self.next >= N {
                self.next = 0;
                self.full = true;
            }
        }
    }

    /// What there is, in two pieces: the older, then the newer.
    pub fn bytes(&self) -> (&[u8], &[u8]) {
        let (newer, older) = self.ring.split_at_checked(self.next).unwrap_or_default();
        (if self.full { older } else { &[] }, newer)
    }
}

impl<const N: usize> Default for Recent<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Observe for RefCell<Recent<N>> {
    fn received(&self, bytes: &[u8], _: Duration) {
        if let Ok(mut recent) = self.try_borrow_mut() {
            recent.push(bytes);
        }
    }
}

/// As text, with what is none escaped.
impl<const N: usize> fmt::Display for Recent<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (older, newer) = self.bytes();
        write!(f, "{}{}", older.escape_ascii(), newer.escape_ascii())
    }
}

impl<const N: usize> fmt::Debug for Recent<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recent(\"{self}\")")
    }
}

/// A watchdog that learns how often the server lets hear of itself: an idle timeout of three times
/// the longest silence so far, within bounds.
///
/// Until it has listened for as long as the upper bound, that is the timeout. Losing a stream by
/// silence makes it learn anew.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    least: Duration,
    most: Duration,
    is_open: Cell<bool>,
    heard_ms: Cell<Option<u64>>,
    listened_ms: Cell<u64>,
    longest_ms: Cell<u64>,
}

impl Heartbeat {
    /// The timeout is never above `most`, and never below `least` unless that is above `most`.
    pub const fn new(least: Duration, most: Duration) -> Self {
        Self {
            least,
            most,
            is_open: Cell::new(false),
            heard_ms: Cell::new(None),
            listened_ms: Cell::new(0),
            longest_ms: Cell::new(0),
        }
    }
}

impl Observe for Heartbeat {
    fn received(&self, _: &[u8], now: Duration) {
        let now_ms = millis(now);
        let heard_ms = self.heard_ms.replace(Some(now_ms));
        // The time between two streams says nothing.
        if self.is_open.get()
            && let Some(heard_ms) = heard_ms
        {
            let silence_ms = now_ms.saturating_sub(heard_ms);
            self.listened_ms.update(|ms| ms.saturating_add(silence_ms));
            self.longest_ms.update(|ms| ms.max(silence_ms));
        }
    }

    fn told(&self, item: &Item<'_>) {
        match item {
            Item::Open(_) => self.is_open.set(true),
            Item::Lost(Wait { cause, .. })
            | Item::Stopped(Stop {
                cause: Some(cause), ..
            }) => {
                self.is_open.set(false);
                if *cause == Cause::IdleTimeout {
                    self.listened_ms.set(0);
                    self.longest_ms.set(0);
                }
            }
            Item::Stopped(_) => self.is_open.set(false),
            _ => {}
        }
    }

    fn idle_timeout(&self) -> Option<Duration> {
        if Duration::from_millis(self.listened_ms.get()) < self.most {
            return Some(self.most);
        }
        let learned = Duration::from_millis(self.longest_ms.get().saturating_mul(3));
        Some(learned.max(self.least).min(self.most))
    }
}
