//! The canonical loop over `embedded-io-async`: for a transport and a clock of your own.

#![expect(
    clippy::manual_async_fn,
    reason = "an `async fn` keeps all it is given twice"
)]

use core::future::{Future, poll_fn};
use core::ops::{ControlFlow, Range};
use core::pin::{Pin, pin};
use core::task::Poll;
use core::time::Duration;

use embedded_io_async::{Error, ErrorKind, Read, Write};

use crate::bounded::text;
use crate::event::Item;
use crate::http::Head;
use crate::source::{EventSource, Received};
use crate::step::{Reason, Step, Stop, Wait};
use crate::url::Origin;

/// What makes connections: TCP, or TLS over it.
///
/// Dropping what [`connect`](Self::connect) has returned closes the connection.
#[allow(async_fn_in_trait, reason = "an executor of firmware moves no future")]
pub trait Connect {
    /// Whether it does TLS. If not, an `https` URL stops the source, and is never asked for here.
    const TLS: bool = false;
    /// Why there is no connection. The loops ignore it: log it in `connect`.
    type Error;
    /// A connection. Its `read` must lose nothing when its future is dropped. The request comes in
    /// pieces as long as the caller's `chunk`, then a flush. After an error of the kind
    /// `Interrupted` the loop tries again; any other error is a loss.
    type Io<'c>: Read + Write
    where
        Self: 'c;

    /// Waits until there is a network at all: a link, an address. An attempt, and with it the
    /// connect timeout, begins after that.
    async fn ready(&mut self) {}

    /// Asks the DNS, connects, and does the handshake of TLS if the scheme is
    /// [`Https`](crate::Scheme::Https). It is dropped at the deadline, if there is one.
    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, Self::Error>;
}

/// What time it is, and waiting for another.
#[allow(async_fn_in_trait, reason = "an executor of firmware moves no future")]
pub trait Clock {
    /// The time since any fixed moment. It does not go back.
    fn now(&self) -> Duration;
    /// Returns at that time or soon after, at once if it has passed.
    async fn sleep_until(&self, time: Duration);
}

/// Follows an event source until it stops, and returns why: the whole loop.
///
/// `on_item` gets all that comes: [`Item::Open`], what the stream brings, [`Item::Lost`] with the
/// cause before each wait, [`Item::Stopped`]. When it breaks, the source is closed. `chunk` is where
/// bytes are read to; its size limits nothing but how much is borrowed instead of copied.
///
/// The future may be dropped at any time: the connection closes, and calling this again with the
/// same source resumes after its last event ID, after the wait that a loss has; call
/// [`restart`](EventSource::restart) first to spare that. An item of the stream that `on_item` was
/// dropped with counts as handed out; a loss or stop is told again. To look at other things between
/// items, use a [`Session`], whose [`next`](Session::next) can be dropped without any loss.
pub fn sse<C: Connect, const CHUNK: usize, const DATA: usize, const META: usize>(
    connect: &mut C,
    clock: &impl Clock,
    source: &mut EventSource<'_, DATA, META>,
    chunk: &mut [u8; CHUNK],
    mut on_item: impl AsyncFnMut(Item<'_>) -> ControlFlow<()>,
) -> impl Future<Output = Stop> {
    async move {
        loop {
            match connection(connect, clock, source, chunk, &mut on_item).await {
                Ok(()) => {}
                // Each connection counts its transfers anew.
                Err(Pause::Redirect) => yield_now().await,
                Err(Pause::Wait(wait)) => {
                    let until = wait.until;
                    // Should this future be dropped there, the next one reports the loss again.
                    source.tell_again();
                    if on_item(Item::Lost(wait)).await.is_break() {
                        source.close();
                        continue;
                    }
                    let _told = source.step(clock.now());
                    // Without any wait, connections that fail at once would starve other tasks.
                    yield_now().await;
                    // A clock that wakes early would have the loss reported again.
                    while clock.now() < until {
                        clock.sleep_until(until).await;
                    }
                }
                Err(Pause::Stop(stop)) => {
                    if stop.reason != Reason::Closed {
                        let _ended = on_item(Item::Stopped(stop)).await;
                    }
                    return stop;
                }
            }
        }
    }
}

/// Follows one connection until it is over.
fn connection<C: Connect, const CHUNK: usize, const DATA: usize, const META: usize>(
    connect: &mut C,
    clock: &impl Clock,
    source: &mut EventSource<'_, DATA, META>,
    chunk: &mut [u8; CHUNK],
    on_item: &mut impl AsyncFnMut(Item<'_>) -> ControlFlow<()>,
) -> impl Future<Output = Result<(), Pause>> {
    async move {
        let mut session = Session::open(connect, clock, source, chunk).await?;
        while let Some(item) = session.next().await {
            if on_item(item).await.is_break() {
                session.close();
            }
        }
        Ok(())
    }
}

/// One connection of an event source, whose response is an event stream.
///
/// For whoever wants to write the loop around it: [`sse`] is that loop. To drop one is to lose its
/// connection, which the next [`open`](Self::open) says.
pub struct Session<'s, 'a, Io, K, const DATA: usize, const META: usize> {
    io: Io,
    clock: &'s K,
    source: &'s mut EventSource<'a, DATA, META>,
    chunk: &'s mut [u8],
    /// The part of the chunk that has not been looked at.
    unread: Range<usize>,
    /// The part of the chunk that is still to be written.
    unwritten: Range<usize>,
    flushed: bool,
    /// How many transfers have begun. It wraps.
    transfers: u8,
    /// Whether [`Item::Open`] has been handed out.
    open: bool,
}

/// Why there is no session now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Pause {
    /// The response was a redirect. Open again, at once: the source knows where.
    Redirect,
    /// The connection is lost. Open again when [`Wait::until`] has come.
    Wait(Wait),
    /// There will be none.
    Stop(Stop),
}

impl<'s, 'a, Io: Read + Write, K: Clock, const DATA: usize, const META: usize>
    Session<'s, 'a, Io, K, DATA, META>
{
    /// Connects, sends the request, and returns when the response has turned out to be an event
    /// stream. Whatever else comes of it is a [`Pause`].
    ///
    /// A `chunk` of no bytes does not compile.
    pub fn open<C: Connect<Io<'s> = Io>, const CHUNK: usize>(
        connect: &'s mut C,
        clock: &'s K,
        source: &'s mut EventSource<'a, DATA, META>,
        chunk: &'s mut [u8; CHUNK],
    ) -> impl Future<Output = Result<Self, Pause>> {
        const { assert!(CHUNK > 0, "a read into no bytes looks like an end") };
        async move {
            if C::TLS {
                source.allow_tls();
            }
            // Between two reads of the clock a wait could end, and the attempt start before `ready`.
            let mut now = clock.now();
            if source.is_to_begin(now) {
                connect.ready().await;
                now = clock.now();
            }
            let io = match source.step(now) {
                Step::Connect { origin, deadline } => {
                    let connect = pin!(connect.connect(origin, deadline));
                    before(deadline, clock, connect).await.and_then(Result::ok)
                }
                // That was for the connection of a session that was dropped.
                Step::Write { .. } | Step::Read { .. } => None,
                Step::Wait(wait) => return Err(logged(Pause::Wait(wait))),
                Step::Stop(stop) => return Err(logged(Pause::Stop(stop))),
            };
            let Some(io) = io else {
                source.failed(clock.now());
                return Err(pause(source, clock));
            };
            source.connected(clock.now());
            let mut session = Self {
                io,
                clock,
                source,
                chunk,
                unread: 0..0,
                unwritten: 0..0,
                flushed: true,
                transfers: 0,
                open: false,
            };
            while session.read().await {
                if session.advance().is_some() {
                    return Ok(session);
                }
            }
            Err(pause(session.source, clock))
        }
    }

    /// The response's status and headers, until the first byte of its body is looked at, which is
    /// in a later [`next`](Self::next) than the first: their memory is that of the events.
    pub fn head(&self) -> Option<Head<'_>> {
        self.source.open_head()
    }

    /// The next item: first [`Item::Open`], then what comes in. `None` when the connection is over:
    /// open another session, which begins with telling why.
    ///
    /// The future may be dropped at any time, and nothing is lost if the transport's `read` and
    /// `write` lose nothing when they are dropped.
    pub async fn next(&mut self) -> Option<Item<'_>> {
        if !self.open {
            self.open = true;
            if self.source.open_head().is_some() {
                return Some(self.source.view(Received::Open));
            }
        }
        loop {
            if let Some(received) = self.advance() {
                let chunk = &*self.chunk;
                return Some(
                    self.source
                        .view(received.map(|place| text_at(chunk, place))),
                );
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// Closes the event source: no further item comes.
    pub fn close(&mut self) {
        self.source.close();
    }

    /// Looks at what has been read. What is found is named by its place in the chunk: a borrow
    /// would forbid to read on where nothing is found.
    fn advance(&mut self) -> Option<Received<Range<usize>>> {
        let mut input = self.chunk.get(self.unread.clone()).unwrap_or_default();
        let received = self.source.advance(&mut input, self.clock.now());
        self.unread.start = self.unread.end - input.len();
        let chunk = self.chunk.as_ptr().addr();
        received.map(|received| {
            received.map(|text: &str| {
                let start = text.as_ptr().addr().wrapping_sub(chunk);
                start..start.wrapping_add(text.len())
            })
        })
    }

    /// Writes and reads until bytes have come. Returns whether that is so: else the connection is
    /// over.
    async fn read(&mut self) -> bool {
        let clock = self.clock;
        loop {
            // A transport that is always ready must not starve other tasks.
            self.transfers = self.transfers.wrapping_add(1);
            if self.transfers.is_multiple_of(TRANSFERS_IN_A_ROW) {
                yield_now().await;
            }
            let (transfer, deadline) = match self.source.step(clock.now()) {
                Step::Write { deadline } => (Transfer::Write, deadline),
                Step::Read { deadline } if !self.flushed => (Transfer::Flush, deadline),
                Step::Read { deadline } => (Transfer::Read, deadline),
                Step::Connect { .. } | Step::Wait(_) | Step::Stop(_) => {
                    self.source.tell_again();
                    return false;
                }
            };
            if transfer == Transfer::Write {
                self.flushed = false;
                if self.unwritten.is_empty() {
                    self.unwritten = 0..self.source.request(self.chunk).len();
                }
            }
            // One future for all three, so that there is one that waits for it or the deadline.
            let result = before(
                deadline,
                clock,
                pin!(async {
                    match transfer {
                        Transfer::Write => {
                            let bytes = self.chunk.get(self.unwritten.clone());
                            self.io.write(bytes.unwrap_or_default()).await
                        }
                        Transfer::Flush => self.io.flush().await.map(|()| 0),
                        Transfer::Read => self.io.read(self.chunk).await,
                    }
                }),
            )
            .await;
            let now = clock.now();
            // A transport that says more than that has lost count of what it has done.
            let most = match transfer {
                Transfer::Write => self.unwritten.len(),
                Transfer::Flush | Transfer::Read => self.chunk.len(),
            };
            match (transfer, result) {
                (_, None) => self.source.handle_timeout(now),
                (_, Some(Err(error))) if is_passing(&error) => {
                    self.source.handle_timeout(now);
                    yield_now().await;
                }
                (_, Some(Err(_))) | (Transfer::Write, Some(Ok(0))) => self.source.failed(now),
                (_, Some(Ok(len))) if len > most => self.source.failed(now),
                (Transfer::Write, Some(Ok(written))) => {
                    self.unwritten.start += written;
                    self.source.wrote(written);
                }
                (Transfer::Flush, Some(Ok(_))) => self.flushed = true,
                (Transfer::Read, Some(Ok(0))) => self.source.ended(now),
                (Transfer::Read, Some(Ok(read))) => {
                    self.unread = 0..read;
                    return true;
                }
            }
        }
    }
}

/// After this many reads and writes other tasks get a turn, whether the transport had to wait or not.
const TRANSFERS_IN_A_ROW: u8 = 32;

/// What a [`Session`] does with its connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transfer {
    Write,
    Flush,
    Read,
}

/// Why there is no session.
fn pause<const DATA: usize, const META: usize>(
    source: &mut EventSource<'_, DATA, META>,
    clock: &impl Clock,
) -> Pause {
    logged(match source.step(clock.now()) {
        Step::Wait(wait) => Pause::Wait(wait),
        Step::Stop(stop) => Pause::Stop(stop),
        Step::Connect { .. } | Step::Write { .. } | Step::Read { .. } => Pause::Redirect,
    })
}

fn logged(pause: Pause) -> Pause {
    #[cfg(feature = "defmt")]
    match pause {
        Pause::Redirect => defmt::debug!("event stream: redirected"),
        Pause::Wait(wait) => defmt::warn!("event stream lost: {}", wait),
        Pause::Stop(stop) => defmt::warn!("event source stopped: {}", stop),
    }
    pause
}

/// Whether it says "nothing yet".
fn is_passing(error: &impl Error) -> bool {
    error.kind() == ErrorKind::Interrupted
}

fn text_at(chunk: &[u8], place: Range<usize>) -> &str {
    text(chunk.get(place).unwrap_or_default())
}

/// What the future gives, or `None` if the deadline comes first. What is ready at once is taken
/// before anybody looks at the clock. It is borrowed: an `async fn` keeps what it is given twice.
async fn before<F: Future>(
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
async fn yield_now() {
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
