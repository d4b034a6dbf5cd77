//! A session: one connection at a time.

use core::fmt;
use core::future::Future;
use core::ops::{ControlFlow, Range};
use core::pin::pin;
use core::time::Duration;

use embedded_io_async::{Error, ErrorKind, Read, Write};

use super::no_session::{NoSession, no_session};
use super::wait::{Place, before, yield_now};
use super::{Clock, Connect};
use crate::hooks::Hooks;
use crate::http::Head;
use crate::item::Item;
use crate::source::{EventSource, Received};
use crate::step::Step;
use crate::utf8::text;

/// One open connection of an event source.
///
/// Use it to write your own loop, for example to wait for other things between items.
/// [`sse`](super::sse) is the ready loop. The whole loop with sessions:
///
/// ```no_run
/// use embedded_sse::io::{Clock, Connect, NoSession, Session};
/// use embedded_sse::{EventSource, Item, Stop};
///
/// async fn follow<const DATA: usize>(
///     connect: &mut impl Connect,
///     clock: &impl Clock,
///     source: &mut EventSource<'_, DATA>,
/// ) -> Stop {
///     let mut chunk = [0; 512];
///     loop {
///         match Session::open(connect, clock, source, &mut chunk).await {
///             Ok(mut session) => {
///                 // `None`: the connection is over. The next `open` returns the reason.
///                 while let Some(item) = session.next().await {
///                     match item {
///                         Item::Event(event) => println!("{}", event.data),
///                         other => println!("{other:?}"),
///                     }
///                 }
///             }
///             Err(NoSession::Redirect) => {}
///             Err(NoSession::Wait(wait)) => {
///                 println!("lost: {wait}");
///                 clock.sleep_until(wait.until).await;
///             }
///             Err(NoSession::Stop(stop)) => return stop,
///         }
///     }
/// }
/// ```
///
/// The `match` borrows the source. To call a method of the source after an error, first move the error out
/// of the `match`: `let error = match … { Ok(…) => { …; continue } Err(error) => error };`.
///
/// Unlike the future of [`sse`](super::sse) with a closure that borrows, this loop can be spawned
/// as a `Send` future.
///
/// Dropping a session closes its connection. The next [`open`](Self::open) then reports the loss.
pub struct Session<'s, 'a, Io, K, const DATA: usize, const META: usize, H = ()> {
    io: Io,
    clock: &'s K,
    source: &'s mut EventSource<'a, DATA, META, H>,
    chunk: &'s mut [u8],
    /// The part of the chunk that is not parsed yet.
    unread: Range<usize>,
    /// The part of the chunk that is not written yet.
    unwritten: Range<usize>,
    flushed: bool,
    /// When the chunk was read. To read the clock for each item takes as long as to parse it.
    read_at: Duration,
    /// The number of reads, writes and items so far. It wraps.
    operations: u8,
    /// Whether [`Item::Open`] was returned.
    open: bool,
}

impl<Io, K, const DATA: usize, const META: usize, H> fmt::Debug
    for Session<'_, '_, Io, K, DATA, META, H>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl<'s, 'a, Io: Read + Write, K: Clock, const DATA: usize, const META: usize, H: Hooks>
    Session<'s, 'a, Io, K, DATA, META, H>
{
    /// Connects, sends the request, and returns a session if the response is an event stream.
    ///
    /// The future borrows `chunk`, so it must be a variable such as `let mut chunk = [0; 512];`
    /// that outlives the session. A `chunk` of 0 bytes does not compile.
    ///
    /// # Errors
    /// Returns a [`NoSession`] if the response is a redirect, the connection is lost, or the source
    /// stops.
    pub fn open<C: Connect<Io<'s> = Io>, const CHUNK: usize>(
        connect: &'s mut C,
        clock: &'s K,
        source: &'s mut EventSource<'a, DATA, META, H>,
        chunk: &'s mut [u8; CHUNK],
    ) -> impl Future<Output = Result<Self, NoSession>> {
        async move {
            let source = match Self::connect(connect, clock, source, chunk).await {
                Ok(mut session) => {
                    while session.read().await {
                        if session.advance().is_some() {
                            return Ok(session);
                        }
                    }
                    session.source
                }
                Err(source) => source,
            };
            Err(no_session(source.step(clock.now())))
        }
    }

    /// Connects, so that the request can be sent. Returns the source if there is no connection.
    pub(super) fn connect<C: Connect<Io<'s> = Io>, const CHUNK: usize>(
        connect: &'s mut C,
        clock: &'s K,
        source: &'s mut EventSource<'a, DATA, META, H>,
        chunk: &'s mut [u8; CHUNK],
    ) -> impl Future<Output = Result<Self, &'s mut EventSource<'a, DATA, META, H>>> {
        const { assert!(CHUNK > 0, "chunk must have at least one byte") };
        async move {
            if C::TLS {
                source.allow_tls();
            }
            // Read the clock once. A wait could end between two reads, and the attempt would start
            // before `ready` returned.
            let mut now = clock.now();
            if source.is_to_begin(now) {
                connect.ready().await;
                now = clock.now();
            }
            let mut io = None;
            match source.peek(now) {
                Step::Connect { origin, deadline } => {
                    let future = pin!(connect.connect(origin, deadline));
                    let mut connect = pin!(Place {
                        future,
                        into: &mut io
                    });
                    let timer = pin!(deadline.map(|deadline| clock.sleep_until(deadline)));
                    let _connected = before(timer, connect.as_mut()).await;
                }
                // The source expects the connection of a session that was dropped.
                Step::Write { .. } | Step::Read { .. } => {}
                Step::Wait(_) | Step::Stop(_) => return Err(source),
            }
            let Some(io) = io else {
                source.failed(clock.now());
                return Err(source);
            };
            let now = clock.now();
            source.connected(now);
            Ok(Self {
                io,
                clock,
                source,
                chunk,
                unread: 0..0,
                unwritten: 0..0,
                flushed: true,
                read_at: now,
                operations: 0,
                open: false,
            })
        }
    }

    /// The status and headers of the response. `None` after the first byte of the body was parsed,
    /// since the events use the same memory. The first [`next`](Self::next) does not parse the
    /// body, later ones do.
    pub fn head(&self) -> Option<Head<'_>> {
        self.source.open_head()
    }

    /// Waits for the next item and returns it: first [`Item::Open`], then the items of the stream.
    /// Returns `None` when the connection is over; the next [`open`](Self::open) returns the
    /// reason.
    ///
    /// This is cancel-safe: if the future is dropped, no byte and no item is lost, provided that
    /// the transport's `read` and `write` are cancel-safe too.
    pub async fn next(&mut self) -> Option<Item<'_>> {
        if !self.open {
            self.open = true;
            if self.source.is_at_head() {
                return Some(self.source.view(Received::Open));
            }
        }
        if self.is_long_turn() {
            yield_now().await;
        }
        loop {
            if let Some(received) = self.advance() {
                let chunk = &*self.chunk;
                let text = |place| text(chunk.get(place).unwrap_or_default());
                return Some(self.source.view(received.map(text)));
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// Calls `on_item` with each item, from [`Item::Open`] until the connection is over. `Break`
    /// closes the source.
    ///
    /// A loop around [`next`](Self::next) would check each text twice: see `advance`.
    pub(super) async fn run(&mut self, on_item: &mut impl AsyncFnMut(Item<'_>) -> ControlFlow<()>) {
        loop {
            let mut input = self.chunk.get(self.unread.clone()).unwrap_or_default();
            if let Some(received) = self.source.advance(&mut input, self.read_at) {
                self.unread.start = self.unread.end - input.len();
                if on_item(self.source.view(received)).await.is_break() {
                    self.close();
                }
                if self.is_long_turn() {
                    yield_now().await;
                }
            } else if !self.read().await {
                return;
            }
        }
    }

    /// Closes the event source. No further item follows.
    pub fn close(&mut self) {
        self.source.close();
    }

    /// Parses what was read. A text is returned as its range in the chunk, since a borrow would
    /// forbid the next read when nothing is found.
    fn advance(&mut self) -> Option<Received<Range<usize>>> {
        let mut input = self.chunk.get(self.unread.clone()).unwrap_or_default();
        let received = self.source.advance(&mut input, self.read_at);
        self.unread.start = self.unread.end - input.len();
        let chunk = self.chunk.as_ptr().addr();
        received.map(|received| {
            received.map(|text: &str| {
                let start = text.as_ptr().addr().wrapping_sub(chunk);
                start..start.wrapping_add(text.len())
            })
        })
    }

    /// Counts an operation. Returns whether it is time to let other tasks run, which a transport
    /// that is always ready would starve.
    fn is_long_turn(&mut self) -> bool {
        self.operations = self.operations.wrapping_add(1);
        self.operations.is_multiple_of(OPERATIONS_IN_A_ROW)
    }

    /// Writes and reads until bytes were received. Returns `false` if the connection is over.
    async fn read(&mut self) -> bool {
        let clock = self.clock;
        loop {
            if self.is_long_turn() {
                yield_now().await;
            }
            let (transfer, deadline) = match self.source.peek(clock.now()) {
                Step::Write { deadline } => (Transfer::Write, deadline),
                Step::Read { deadline } if !self.flushed => (Transfer::Flush, deadline),
                Step::Read { deadline } => (Transfer::Read, deadline),
                Step::Connect { .. } | Step::Wait(_) | Step::Stop(_) => return false,
            };
            if transfer == Transfer::Write {
                self.flushed = false;
                if self.unwritten.is_empty() {
                    self.unwritten = 0..self.source.request(self.chunk).len();
                }
            }
            // One future for all three kinds, so that the code that waits for it or the deadline
            // exists once.
            let timer = pin!(deadline.map(|deadline| clock.sleep_until(deadline)));
            let result = before(
                timer,
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
            // A transport that reports more than this is faulty: its count cannot be trusted.
            let most = match transfer {
                Transfer::Write => self.unwritten.len(),
                Transfer::Flush | Transfer::Read => self.chunk.len(),
            };
            match (transfer, result) {
                (_, None) => self.source.timed_out(now),
                (_, Some(Err(error))) if is_passing(&error) => {
                    self.source.timed_out(now);
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
                    self.read_at = now;
                    return true;
                }
            }
        }
    }
}

/// After this many reads, writes and items, other tasks get a turn, even if the transport was
/// always ready.
const OPERATIONS_IN_A_ROW: u8 = 32;

/// What a [`Session`] does with its connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transfer {
    Write,
    Flush,
    Read,
}

/// Whether the error only means "nothing yet".
fn is_passing(error: &impl Error) -> bool {
    error.kind() == ErrorKind::Interrupted
}
