//! Which calls hooks get, and in which order.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use embedded_sse::hooks::{Counters, Heartbeat, Hooks, Losses, Recent};
use embedded_sse::{Decoder, EventSource, Item};

use super::follow;
use crate::script::{OPEN, answers, default_source, gone, ms, opens};

/// Records the calls in order.
#[derive(Default)]
struct Order(RefCell<Vec<String>>);

impl Hooks for Order {
    fn received(&mut self, bytes: &[u8], _: Duration) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let mut seen = self.0.borrow_mut();
        match seen.last_mut() {
            Some(last) if last.starts_with('>') => *last += &text,
            _ => seen.push(format!(">{text}")),
        }
    }

    fn told(&mut self, item: &Item<'_>) {
        let told = match item {
            Item::Open(_) => "open".into(),
            Item::Lost(wait) => format!("lost {:?}", wait.cause),
            Item::Stopped(stop) => format!("stopped {:?}", stop.reason),
            other => format!("{other:?}"),
        };
        self.0.borrow_mut().push(told);
    }
}

#[test]
fn bytes_come_before_the_items_that_they_cause_and_each_loss_or_stop_comes_once() {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                           Transfer-Encoding: chunked\r\n\r\n";
    for read in [1, 7, usize::MAX] {
        for (sent, told) in [
            (format!("{CHUNKED}z"), "open|>z|lost Chunk(Size)"),
            (format!("{CHUNKED}0\r\n\r\n"), "open|>0\r\n\r\n|lost End"),
            ("nonsense".into(), ">n|lost Head(Malformed)"),
            (
                "HTTP/1.1 503 A\r\n\r\n".into(),
                ">HTTP/1.1 503 A\r\n\r\n|lost Status(503)",
            ),
        ] {
            let mut order = Order::default();
            follow(&[answers(&sent), gone()], read, &mut order, |_| {});
            let mut seen = order.0.into_inner();
            if sent == "nonsense" {
                // Depending on `read`, more bytes arrive with the first one.
                seen[0].truncate(2);
            }
            let mut want: Vec<_> = told.split('|').map(str::to_owned).collect();
            if want[0] == "open" {
                want.insert(0, format!(">{CHUNKED}"));
            }
            want.extend([
                format!(">{}", "HTTP/1.1 204 Reason\r\n\r\n"),
                "stopped NoContent".into(),
            ]);
            assert_eq!(seen, want, "{read}");
        }
    }
}

/// While the application borrows the value, the source cannot update it.
#[test]
fn a_borrowed_hook_does_not_panic() {
    let recent = RefCell::new(Recent::<64>::new());
    let guard = recent.borrow_mut();
    let told = follow(&[opens("data: a\n\n").ends(), gone()], 7, &recent, |_| {});
    assert_eq!(told[1], "0 message: a");
    drop(guard);
}

/// Connects, and receives the head and this stream.
fn open<const DATA: usize>(
    source: &mut EventSource<'_, DATA, 64, impl Hooks>,
    stream: &str,
    now: Duration,
) {
    let _ = source.step(now);
    source.connected(now);
    source.wrote(usize::MAX);
    let bytes = OPEN.to_owned() + stream;
    let mut input = bytes.as_bytes();
    while source.receive(&mut input, now).is_some() {}
}

#[test]
fn a_restart_resets_unfinished_events_and_the_silence_but_counts_no_loss() {
    let counters = Cell::new(Counters::default());
    let heartbeat = Cell::new(Heartbeat::new(ms(1000), ms(30_000)));
    let observers = (&counters, &heartbeat);
    let mut decoder: Decoder<128> = Decoder::new();
    decoder.split_long_events(true);
    let mut source = default_source(&mut decoder).with_hooks(observers);
    open(&mut source, &format!("data: {}", "x".repeat(300)), ms(0));
    assert!(counters.get().unfinished > 100);
    for second in 1..=40 {
        let mut input = &b"x"[..];
        while source.receive(&mut input, ms(second * 1000)).is_some() {}
    }
    assert_eq!(heartbeat.get().idle_timeout(), Some(ms(3000)));

    // A minute without a network is no silence of the server, and the unfinished event is dropped.
    source.restart();
    open(&mut source, "data: y\n\n", ms(100_000));
    assert_eq!(heartbeat.get().idle_timeout(), Some(ms(3000)));
    let counters = counters.get();
    assert_eq!((counters.longest_data, counters.unfinished), (1, 0));
    assert_eq!(counters.lost, Losses::default());
}

#[test]
fn hooks_can_be_combined() {
    let counters = Cell::new(Counters::default());
    let recent = RefCell::new(Recent::<8>::new());
    let heartbeat = Cell::new(Heartbeat::new(ms(1000), ms(2000)));
    let all = ((&counters, &recent), &heartbeat);
    let told = follow(&[opens("data: a\n\n"), gone()], 7, all, |_| {});
    assert_eq!(told[2], "2000 lost IdleTimeout, wait 3000");
    assert_eq!(counters.get().events, 1);
    assert!(!recent.borrow().to_string().is_empty());
}
