//! Counters of events, bytes and losses.

use core::fmt;
use core::mem;
use core::time::Duration;

use super::Hooks;
use crate::event::TooLong;
use crate::item::Item;
use crate::step::LossCause;

/// Counts events, bytes and losses, and records the greatest lengths. Use it to choose `DATA` and
/// `META`.
///
/// ```
/// use core::cell::Cell;
/// use embedded_sse::hooks::Counters;
/// # use embedded_sse::*;
///
/// let counters = Cell::new(Counters::default());
/// # let mut decoder: Decoder<1024> = Decoder::new();
/// # let request = Request::get(Url::parse("http://h/").unwrap());
/// # let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
/// let source = source.with_hooks(&counters);
/// // At any time, also while a loop borrows the source:
/// println!("{}", counters.get());
/// ```
///
/// Each count saturates at the maximum of its type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Counters {
    /// Bytes received, including response heads and framing.
    pub bytes: u64,
    /// Event streams opened.
    pub opened: u32,
    /// Events reported to the application.
    pub events: u32,
    /// Parts that did not fit.
    pub too_long: u32,
    /// The length of the longest data of an event in bytes, whether it fitted or not: the smallest
    /// sufficient `DATA`.
    pub longest_data: usize,
    /// The length of the longest head of an event stream in bytes. `DATA` must hold this too.
    pub longest_head: usize,
    /// The length of the longest ID or event type in bytes, whether it fitted or not: the smallest
    /// sufficient `META`.
    pub longest_meta: usize,
    /// The length of the pieces of an unfinished event so far, in bytes.
    pub unfinished: usize,
    /// Lost connections and failed attempts, by cause.
    pub lost: Losses,
}

/// Lost connections and failed attempts, by [`LossCause`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are documented at `LossCause`")]
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
    fn count(&mut self, cause: LossCause) {
        let count = match cause {
            LossCause::Connect => &mut self.connect,
            LossCause::Transport => &mut self.transport,
            LossCause::ConnectTimeout => &mut self.connect_timeout,
            LossCause::ResponseTimeout => &mut self.response_timeout,
            LossCause::IdleTimeout => &mut self.idle_timeout,
            LossCause::End => &mut self.end,
            LossCause::CutOff => &mut self.cut_off,
            LossCause::Head(_) => &mut self.head,
            LossCause::Chunk(_) => &mut self.chunk,
            LossCause::Status(_) => &mut self.status,
        };
        *count = count.saturating_add(1);
    }
}

impl Hooks for Counters {
    fn received(&mut self, bytes: &[u8], _: Duration) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
    }

    fn told(&mut self, item: &Item<'_>) {
        match item {
            Item::Open(head) => {
                self.opened = self.opened.saturating_add(1);
                self.longest_head = self.longest_head.max(head.wire_len());
            }
            Item::Event(event) | Item::LastPiece(event) => {
                let data = self.unfinished.saturating_add(event.data.len());
                self.unfinished = 0;
                self.events = self.events.saturating_add(1);
                self.longest_data = self.longest_data.max(data);
                self.longest_meta = self.longest_meta.max(event.last_event_id.len());
                // The default type is not stored, so it needs no `META`.
                if event.event_type != "message" {
                    self.longest_meta = self.longest_meta.max(event.event_type.len());
                }
            }
            Item::Piece(piece) => {
                self.unfinished = self.unfinished.saturating_add(piece.len());
            }
            Item::TooLong(part) => {
                self.too_long = self.too_long.saturating_add(1);
                let longest = match part {
                    TooLong::Data { len } => Some((&mut self.longest_data, len)),
                    TooLong::Id { len } | TooLong::EventType { len } => {
                        Some((&mut self.longest_meta, len))
                    }
                    TooLong::Comment => None,
                };
                if let Some((longest, len)) = longest {
                    *longest = (*longest).max(*len);
                    // All pieces before the last were reported.
                    let unfinished = mem::take(&mut self.unfinished);
                    self.longest_data = self.longest_data.max(unfinished);
                }
            }
            Item::Lost(wait) => {
                self.unfinished = 0;
                self.lost.count(wait.cause);
            }
            Item::Stopped(stop) => {
                self.unfinished = 0;
                if let Some(cause) = stop.cause {
                    self.lost.count(cause);
                }
            }
            Item::Id(id) => self.longest_meta = self.longest_meta.max(id.len()),
            Item::Comment(_) | Item::Retry(_) => {}
        }
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
