//! Futures may be dropped wherever they are pending, and created again: no item is lost or repeated.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::pin::pin;
use std::task::Poll;

use crate::script::{Deed, Dialer, Manner, OPEN, World, line_of, opens, url};
use embedded_sse::io::{Session, sse};
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Stop, StopReason};

/// When to drop the future. Pending points are counted from 0 over all futures.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Drops {
    Never,
    At(usize),
    /// At every n-th pending point.
    Each(usize),
}

impl Drops {
    fn at(self, point: usize) -> bool {
        match self {
            Self::Never => false,
            Self::At(at) => at == point,
            Self::Each(step) => (point + 1).is_multiple_of(step),
        }
    }
}

const POLICY: Policy = Policy {
    jitter_percent: 0,
    ..Policy::DEFAULT
};

const MANNERS: [Manner; 3] = [
    Manner {
        pends: true,
        read: 1,
        write: 1,
        ..Manner::PLAIN
    },
    Manner {
        pends: true,
        read: 5,
        write: 64,
        ..Manner::PLAIN
    },
    Manner {
        pends: true,
        ..Manner::PLAIN
    },
];

/// With a chunk of one byte, the manners do not differ.
fn manners(chunk: usize) -> &'static [Manner] {
    if chunk == 1 { &MANNERS[..1] } else { &MANNERS }
}

// ---- `next` ----

/// Items of each kind, some whole in one chunk and some not, with pauses at places of all kinds.
const STREAM: [&str; 7] = [
    "id: 1\ndata: a\n\nid: 2\nevent: e\nda",
    "ta: b\ndata: c\n",
    "\n: comment\n:x\nretry: 1000\n\n",
    "data: \u{e9}",
    "\r",
    "\n\r\nid: 3\n\ndata: a long one, which no chunk of 16 bytes has in it\n\n",
    "data: d\n\ndata: unfinished",
];

/// The items that `next` returns, and how many times it was pending.
fn items<const CHUNK: usize>(manner: Manner, drops: Drops) -> (Vec<String>, usize) {
    let mut connection = opens("");
    for piece in STREAM {
        connection = connection.pauses(100).sends(piece);
    }
    let world = World::new(manner, &[connection.pauses(100).ends()], 0);
    let mut decoder = Decoder::<1024>::new();
    decoder.show_comments(true);
    decoder.show_retry(true);
    let request = Request::get(url("http://h/"));
    let mut source = EventSource::new(request, POLICY, 1, &mut decoder).unwrap();
    let (mut dialer, mut chunk) = (Dialer(&world), [0; CHUNK]);
    let open = Session::open(&mut dialer, &world, &mut source, &mut chunk);
    let mut session = world.block_on(open).map_err(drop).unwrap();

    let mut items = Vec::new();
    let mut pending = 0;
    'session: loop {
        let mut next = pin!(session.next());
        loop {
            match world.poll(next.as_mut()) {
                Poll::Ready(Some(item)) => {
                    items.push(line_of(item));
                    break;
                }
                Poll::Ready(None) => break 'session,
                Poll::Pending => {
                    pending += 1;
                    if drops.at(pending - 1) {
                        break;
                    }
                }
            }
        }
    }
    (items, pending)
}

fn next_may_be_dropped_with<const CHUNK: usize>() {
    for manner in manners(CHUNK) {
        let (whole, pending) = items::<CHUNK>(*manner, Drops::Never);
        assert_eq!(whole.len(), 9, "{whole:#?}");
        assert!(pending > STREAM.len());
        let one = (0..pending).map(Drops::At);
        for drops in one.chain([1, 2, 3].map(Drops::Each)) {
            let (items, _) = items::<CHUNK>(*manner, drops);
            assert_eq!(items, whole, "{manner:?} {drops:?} {CHUNK}");
        }
    }
}

#[test]
fn next_may_be_dropped_at_every_pending_point() {
    next_may_be_dropped_with::<1>();
    next_may_be_dropped_with::<16>();
    next_may_be_dropped_with::<512>();
}

// ---- `sse` ----

const LAST: u32 = 6;

/// Sends the next two events after the last event ID, the first of them in two pieces, and ends the stream.
/// After the last event, it answers 204.
fn two_at_once(request: &str) -> Vec<(u64, Deed)> {
    let id = request.split_once("Last-Event-ID: ");
    let id: u32 = id.map_or(0, |(_, rest)| {
        rest.split_once('\r').unwrap().0.parse().unwrap()
    });
    if id == LAST {
        return vec![(0, sends("HTTP/1.1 204 No Content\r\n\r\n"))];
    }
    let (next, last) = (id + 1, LAST.min(id + 2));
    let mut deeds = vec![
        (0, sends(OPEN)),
        (100, sends(&format!("id: {next}\nda"))),
        (200, sends(&format!("ta: {next}\n\n"))),
    ];
    if last > next {
        deeds.push((
            200,
            sends(&format!("id: {last}\ndata: {last}\n\nid: 99\ndata")),
        ));
    }
    deeds.push((300, Deed::Ends));
    deeds
}

fn sends(text: &str) -> Deed {
    Deed::Sends(text.into())
}

/// The IDs of the events, the stop, and how many times the loop was pending.
fn followed<const CHUNK: usize>(manner: Manner, drops: Drops) -> (Vec<String>, Stop, usize) {
    let world = World::of(manner, two_at_once);
    let mut decoder = Decoder::<1024>::new();
    let request = Request::get(url("http://h/"));
    let mut source = EventSource::new(request, POLICY, 1, &mut decoder).unwrap();
    let (mut dialer, mut chunk) = (Dialer(&world), [0; CHUNK]);
    let events = RefCell::new(Vec::new());
    let on_item = async |item: Item<'_>| {
        if let Item::Event(event) = item {
            assert_eq!(event.data, event.last_event_id);
            events.borrow_mut().push(event.data.to_owned());
        }
        // The application waits too. The loop may be dropped during that.
        let waited = Cell::new(false);
        std::future::poll_fn(|_| {
            world.wake_now();
            if waited.replace(true) {
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
        ControlFlow::Continue(())
    };
    let mut pending = 0;
    loop {
        let run = sse(&mut dialer, &world, &mut source, &mut chunk, on_item);
        let mut run = pin!(run);
        loop {
            match world.poll(run.as_mut()) {
                Poll::Ready(stop) => return (events.take(), stop, pending),
                Poll::Pending => {
                    pending += 1;
                    if drops.at(pending - 1) {
                        break;
                    }
                }
            }
        }
    }
}

fn sse_may_be_dropped_with<const CHUNK: usize>() {
    let whole: Vec<_> = (1..=LAST).map(|id| id.to_string()).collect();
    for manner in manners(CHUNK) {
        let (events, stop, pending) = followed::<CHUNK>(*manner, Drops::Never);
        assert_eq!(events, whole);
        assert_eq!(stop.reason, StopReason::NoContent);
        // If it were dropped more often, no event could arrive in between.
        let each = [pending / 3, pending / 2].map(Drops::Each);
        for drops in (0..pending).map(Drops::At).chain(each) {
            let (events, stop, _) = followed::<CHUNK>(*manner, drops);
            assert_eq!(events, whole, "{manner:?} {drops:?} {CHUNK}");
            assert_eq!(stop.reason, StopReason::NoContent);
        }
    }
}

#[test]
fn sse_may_be_dropped_at_every_pending_point() {
    sse_may_be_dropped_with::<1>();
    sse_may_be_dropped_with::<16>();
    sse_may_be_dropped_with::<512>();
}
