//! The standard's "interpreting an event stream" (section 9.2.6), in the standard's order.

use core::fmt;
use core::mem;
use core::time::Duration;

use memchr::{memchr, memchr2};

use crate::bounded::{Bounded, text};
use crate::event::{Event, Item, TooLong};
use crate::utf8;

/// Turns the bytes of one event stream after another into [`Item`]s.
///
/// Bytes come in by [`decode`](Self::decode), cut in any way; what comes out does not depend on the
/// cuts. An event that lies whole in one push, with one `data` line, is borrowed from it; any other
/// is joined in the decoder's own memory, and that is all the memory there is:
///
/// * `DATA` bytes for the data of an event (and, while it is not complete, for a comment that was
///   asked for),
/// * `META` bytes for the event type, and as much three times for the ID: in its unfinished line,
///   in its unfinished event, and as the last event ID.
///
/// Lengths are those of the decoded text, in bytes of UTF-8. What is longer is reported as
/// [`Item::TooLong`] and skipped.
///
/// `new` is `const` and all zero, so that a decoder can be a `static` that takes no flash.
///
/// ```
/// use embedded_sse::{Decoder, Item};
///
/// let mut decoder: Decoder<1024> = Decoder::new();
/// for chunk in ["data: hel", "lo\n\ndata: wor", "ld\n\n"] {
///     let mut input = chunk.as_bytes();
///     while let Some(item) = decoder.decode(&mut input) {
///         if let Item::Event(event) = item {
///             println!("{}: {}", event.event_type, event.data);
///         }
///     }
/// }
/// ```
pub struct Decoder<const DATA: usize, const META: usize = 64> {
    show_comments: bool,
    show_retry: bool,

    // What outlives a stream.
    last_event_id: heapless::String<META>,
    retry: Option<u64>,
    retry_is_new: bool,

    // The place in the stream.
    bom: u8,
    after_cr: bool,
    line: Line,

    // The unfinished line.
    name: heapless::Vec<u8, { LONGEST_NAME }, u8>,
    id_value: Bounded<META>,
    id_has_nul: bool,
    digits: Digits,
    comment_start: usize,
    comment_too_long: bool,

    // The unfinished event: the standard's three buffers.
    has_data: bool,
    data: Bounded<DATA>,
    event_type: Bounded<META>,
    has_id: bool,
    id: Bounded<META>,

    handed_out: HandedOut,
}

impl<const DATA: usize, const META: usize> Decoder<DATA, META> {
    /// A decoder at the start of a stream, with an empty last event ID and no reconnection time,
    /// that shows neither comments nor `retry`.
    pub const fn new() -> Self {
        Self {
            show_comments: false,
            show_retry: false,
            last_event_id: heapless::String::new(),
            retry: None,
            retry_is_new: false,
            bom: 0,
            after_cr: false,
            line: Line::Start,
            name: heapless::Vec::new(),
            id_value: Bounded::new(),
            id_has_nul: false,
            digits: Digits::NONE,
            comment_start: 0,
            comment_too_long: false,
            has_data: false,
            data: Bounded::new(),
            event_type: Bounded::new(),
            has_id: false,
            id: Bounded::new(),
            handed_out: HandedOut::Nothing,
        }
    }

    /// Whether comments come out as [`Item::Comment`]. Those not asked for are skipped without
    /// being looked at or stored. To be set between streams.
    pub const fn show_comments(&mut self, show: bool) {
        self.show_comments = show;
    }

    /// Whether `retry` fields come out as [`Item::Retry`]. They always set the
    /// [reconnection time](Self::reconnection_time).
    pub const fn show_retry(&mut self, show: bool) {
        self.show_retry = show;
    }

    /// Takes bytes from the front of `input` up to the end of the next item, which it returns; or
    /// takes them all and returns `None`. So call it until it returns `None`.
    pub fn decode<'e, 'i: 'e>(&'e mut self, input: &mut &'i [u8]) -> Option<Item<'e>> {
        let found = self.advance(input)?;
        Some(self.view(found))
    }

    /// The last event ID string: what `Last-Event-ID` says on the next connection. It changes at
    /// the blank line that ends an event (or a block with an `id` alone), not before.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// Sets the last event ID string, as restored from flash at boot. Empty is none.
    ///
    /// # Errors
    /// An ID that no stream can have sent (it has a NUL, CR or LF), or one longer than `META`
    /// bytes. The old one stays.
    pub fn set_last_event_id(&mut self, id: &str) -> Result<(), InvalidId> {
        if id.bytes().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
            return Err(InvalidId::Character);
        }
        if id.len() > META {
            return Err(InvalidId::TooLong);
        }
        replace(&mut self.last_event_id, id);
        Ok(())
    }

    /// What the last valid `retry` field asked for, on this stream or an earlier one; whole
    /// milliseconds. A number beyond 64 bits is the greatest that fits.
    pub fn reconnection_time(&self) -> Option<Duration> {
        self.retry.map(Duration::from_millis)
    }

    /// To be called before the bytes of a new connection: drops what the old one left unfinished,
    /// and keeps the last event ID and the reconnection time.
    pub fn new_stream(&mut self) {
        self.bom = 0;
        self.after_cr = false;
        self.line = Line::Start;
        self.clear_block();
    }

    // ---- for `EventSource`, which shares what is idle between two streams ----

    /// The memory for data, between streams: after [`new_stream`](Self::new_stream) and until the
    /// next one.
    pub(crate) fn memory(&mut self) -> &mut heapless::Vec<u8, DATA> {
        self.data.memory()
    }

    pub(crate) fn idle_memory(&self) -> &[u8] {
        self.data.bytes()
    }

    /// The reconnection time, if a `retry` field has come since the last call.
    pub(crate) fn take_retry(&mut self) -> Option<Duration> {
        if mem::take(&mut self.retry_is_new) {
            self.reconnection_time()
        } else {
            None
        }
    }

    // ---- bytes to lines ----

    /// The first half of [`decode`](Self::decode): takes bytes and says what was found, borrowing
    /// only from the input, so that it can be called in a loop.
    pub(crate) fn advance<'i>(&mut self, input: &mut &'i [u8]) -> Option<Found<'i>> {
        self.clear_handed_out();
        self.skip_bom(input);
        let mut block = Block::default();
        loop {
            if self.after_cr
                && let Some((&first, rest)) = input.split_first()
            {
                self.after_cr = false;
                if first == b'\n' {
                    *input = rest;
                }
            }
            let Some((line, end, rest)) = split_line(input) else {
                self.keep(&mut block);
                self.piece(input);
                *input = &[];
                return None;
            };
            *input = rest;
            self.after_cr = end == b'\r';
            let found = if self.line == Line::Start {
                self.whole_line(line, &mut block)
            } else {
                self.piece(line);
                self.end_line()
            };
            if found.is_some() {
                self.keep(&mut block);
                return found;
            }
        }
    }

    /// The second half: looks at what was found.
    pub(crate) fn view<'e, 'i: 'e>(&'e self, found: Found<'i>) -> Item<'e> {
        match found {
            Found::Event { data, event_type } => Item::Event(Event {
                event_type: match event_type.unwrap_or(self.event_type.as_str()) {
                    "" => "message",
                    event_type => event_type,
                },
                data: data.unwrap_or(self.data.as_str()),
                last_event_id: &self.last_event_id,
            }),
            Found::Comment => {
                let comment = self.data.bytes().get(self.comment_start..);
                Item::Comment(text(comment.unwrap_or_default()))
            }
            Found::Retry(time) => Item::Retry(time),
            Found::TooLong(part) => Item::TooLong(part),
        }
    }

    /// One byte order mark at the very start is no part of the stream. A beginning of one that is
    /// not continued is the beginning of a field name that nobody knows.
    fn skip_bom(&mut self, input: &mut &[u8]) {
        while let Some(&expected) = BOM.get(usize::from(self.bom))
            && let Some((&first, rest)) = input.split_first()
        {
            if first != expected {
                if self.bom > 0 {
                    self.line = Line::Skip;
                }
                self.bom = BOM.len() as u8;
                return;
            }
            self.bom += 1;
            *input = rest;
        }
    }

    /// A line that lies whole in the input. What it says of the event is not copied but noted in
    /// `block`, as the event may well end in this input too.
    fn whole_line<'i>(&mut self, line: &'i [u8], block: &mut Block<'i>) -> Option<Found<'i>> {
        if line.is_empty() {
            return self.dispatch(mem::take(block));
        }
        let (name, value) = match memchr(b':', line) {
            Some(colon) => (
                line.get(..colon).unwrap_or_default(),
                line.get(colon + 1..).unwrap_or_default(),
            ),
            None => (line, &[][..]),
        };
        let field = self.field(name)?;
        let value = match field {
            Field::Comment => value,
            _ => value.strip_prefix(b" ").unwrap_or(value),
        };
        match field {
            Field::Data if !self.has_data && block.data.is_none() => {
                block.data = Some(value);
                None
            }
            Field::EventType => {
                block.event_type = Some(value);
                None
            }
            _ => {
                if matches!(field, Field::Data | Field::Comment) {
                    self.keep(block);
                }
                self.begin(field);
                self.append(field, value);
                self.finish(field)
            }
        }
    }

    /// Copies what was only noted: the event does not end in this input.
    fn keep(&mut self, block: &mut Block<'_>) {
        let block = mem::take(block);
        for (field, value) in [
            (Field::Data, block.data),
            (Field::EventType, block.event_type),
        ] {
            if let Some(value) = value {
                self.begin(field);
                self.append(field, value);
            }
        }
    }

    /// A piece of a line that does not lie whole in the input.
    fn piece(&mut self, mut bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if matches!(self.line, Line::Start | Line::Name) {
            let (name, colon) = match memchr(b':', bytes) {
                Some(colon) => (bytes.get(..colon).unwrap_or_default(), true),
                None => (bytes, false),
            };
            bytes = bytes.get(name.len() + 1..).unwrap_or_default();
            if self.line == Line::Start {
                self.name.clear();
            }
            self.line = if self.name.extend_from_slice(name).is_err() {
                Line::Skip
            } else if !colon {
                Line::Name
            } else if let Some(field) = self.field_of_name() {
                self.begin(field);
                if field == Field::Comment {
                    Line::Value(field)
                } else {
                    Line::Space(field)
                }
            } else {
                Line::Skip
            };
        }
        if let Line::Space(field) = self.line
            && let Some(first) = bytes.first()
        {
            if *first == b' ' {
                bytes = bytes.get(1..).unwrap_or_default();
            }
            self.line = Line::Value(field);
        }
        if let Line::Value(field) = self.line {
            self.append(field, bytes);
        }
    }

    /// The end of a line that came in pieces.
    fn end_line(&mut self) -> Option<Found<'static>> {
        match mem::replace(&mut self.line, Line::Start) {
            Line::Name => {
                let field = self.field_of_name()?;
                self.begin(field);
                self.finish(field)
            }
            Line::Space(field) | Line::Value(field) => self.finish(field),
            Line::Start | Line::Skip => None,
        }
    }

    // ---- lines to fields ----

    fn field(&self, name: &[u8]) -> Option<Field> {
        match name {
            b"data" => Some(Field::Data),
            b"event" => Some(Field::EventType),
            b"id" => Some(Field::Id),
            b"retry" => Some(Field::Retry),
            b"" if self.show_comments => Some(Field::Comment),
            _ => None,
        }
    }

    fn field_of_name(&self) -> Option<Field> {
        self.field(&self.name)
    }

    fn begin(&mut self, field: Field) {
        match field {
            Field::Data => {
                // The standard appends a LF to each line and drops the last one. A LF before each
                // but the first needs no memory for the dropped one.
                if self.has_data {
                    self.data.push(b"\n");
                }
                self.has_data = true;
            }
            Field::EventType => self.event_type.clear(),
            Field::Id => {
                self.id_value.clear();
                self.id_has_nul = false;
            }
            Field::Retry => self.digits = Digits::NONE,
            Field::Comment => {
                // It lies behind the data of the unfinished event.
                self.comment_start = self.data.bytes().len();
                self.comment_too_long = false;
            }
        }
    }

    fn append(&mut self, field: Field, value: &[u8]) {
        match field {
            Field::Data => self.data.push(value),
            Field::EventType => self.event_type.push(value),
            Field::Id => {
                self.id_has_nul |= value.contains(&0);
                self.id_value.push(value);
            }
            Field::Retry => self.digits.push(value),
            Field::Comment => {
                if !self.comment_too_long {
                    let memory = self.data.memory();
                    self.comment_too_long = memory.extend_from_slice(value).is_err();
                }
            }
        }
    }

    fn finish(&mut self, field: Field) -> Option<Found<'static>> {
        match field {
            Field::Data | Field::EventType => None,
            Field::Id => {
                // An ID with a NUL is no ID, and leaves an earlier one of this event alone.
                if !self.id_has_nul {
                    self.has_id = true;
                    self.id.copy_from(&self.id_value);
                }
                None
            }
            Field::Retry => {
                let ms = self.digits.value()?;
                self.retry = Some(ms);
                self.retry_is_new = true;
                self.show_retry
                    .then(|| Found::Retry(Duration::from_millis(ms)))
            }
            Field::Comment => {
                self.handed_out = HandedOut::Comment;
                let memory = self.data.memory();
                if self.comment_too_long || utf8::decode(memory, self.comment_start).is_err() {
                    return Some(Found::TooLong(TooLong::Comment));
                }
                Some(Found::Comment)
            }
        }
    }

    // ---- fields to events ----

    /// The standard's "dispatch the event". `block` is what of it was only noted.
    fn dispatch<'i>(&mut self, block: Block<'i>) -> Option<Found<'i>> {
        let id = self.commit_pending();
        if !self.has_data && block.data.is_none() {
            self.clear_block();
            return id.err().map(Found::TooLong);
        }
        self.handed_out = HandedOut::Event;
        let data = self.data.decode(block.data).map_err(|_| TooLong::Data);
        let event_type = self.event_type.decode(block.event_type);
        let event_type = event_type.map_err(|_| TooLong::EventType);
        Some(match (data, id, event_type) {
            (Ok(data), Ok(()), Ok(event_type)) => Found::Event { data, event_type },
            (Err(part), _, _) | (_, Err(part), _) | (_, _, Err(part)) => Found::TooLong(part),
        })
    }

    fn commit_pending(&mut self) -> Result<(), TooLong> {
        if mem::take(&mut self.has_id) {
            self.id.decode(None).map_err(|_| TooLong::Id)?;
            replace(&mut self.last_event_id, self.id.as_str());
        }
        Ok(())
    }

    fn clear_handed_out(&mut self) {
        match mem::replace(&mut self.handed_out, HandedOut::Nothing) {
            HandedOut::Nothing => {}
            HandedOut::Comment => self.data.memory().truncate(self.comment_start),
            HandedOut::Event => self.clear_block(),
        }
    }

    fn clear_block(&mut self) {
        self.handed_out = HandedOut::Nothing;
        self.has_data = false;
        self.data.clear();
        self.event_type.clear();
        self.has_id = false;
    }
}

impl<const DATA: usize, const META: usize> Default for Decoder<DATA, META> {
    fn default() -> Self {
        Self::new()
    }
}

/// What a push brought, with borrows of the input only. `None` is "in the decoder's memory".
pub(crate) enum Found<'i> {
    Event {
        data: Option<&'i str>,
        event_type: Option<&'i str>,
    },
    Comment,
    Retry(Duration),
    TooLong(TooLong),
}

/// The lines of an unfinished event that lie in the present input and are not copied yet.
#[derive(Default)]
struct Block<'i> {
    data: Option<&'i [u8]>,
    event_type: Option<&'i [u8]>,
}

/// How much of the present line has been seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Start,
    /// Some of its name, which is in `name`.
    Name,
    /// The colon, and nothing behind it: one space may follow that is no part of the value.
    Space(Field),
    Value(Field),
    /// It is of no interest.
    Skip,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Data,
    EventType,
    Id,
    Retry,
    Comment,
}

/// What the last item still borrows; to be cleared before the next.
enum HandedOut {
    Nothing,
    Event,
    Comment,
}

/// The value of a `retry` field so far.
struct Digits {
    ms: u64,
    any: bool,
    invalid: bool,
}

impl Digits {
    const NONE: Self = Self {
        ms: 0,
        any: false,
        invalid: false,
    };

    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.any = true;
            self.invalid |= !byte.is_ascii_digit();
            let digit = u64::from(byte.wrapping_sub(b'0'));
            self.ms = self.ms.saturating_mul(10).saturating_add(digit);
        }
    }

    fn value(&self) -> Option<u64> {
        (self.any && !self.invalid).then_some(self.ms)
    }
}

const BOM: [u8; 3] = *b"\xEF\xBB\xBF";
const LONGEST_NAME: usize = "event".len();

/// The first line of `input`, the byte that ends it, and what follows.
fn split_line(input: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let (line, rest) = input.split_at_checked(memchr2(b'\n', b'\r', input)?)?;
    let (&end, rest) = rest.split_first()?;
    Some((line, end, rest))
}

/// `id` is known to fit.
fn replace<const N: usize>(last_event_id: &mut heapless::String<N>, id: &str) {
    last_event_id.clear();
    let _fits = last_event_id.push_str(id);
}

/// Why an ID cannot be the last event ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidId {
    /// It has a NUL, CR or LF, which no event stream can say in an ID.
    Character,
    /// It is longer than the decoder's `META` bytes; raise it.
    TooLong,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character => "a last event ID cannot have a NUL, CR or LF",
            Self::TooLong => "the last event ID is longer than the decoder's META; raise it",
        })
    }
}

impl core::error::Error for InvalidId {}
