//! `Counters` and `Recent`.

use std::cell::{Cell, RefCell};

use embedded_sse::hooks::{self, Counters, Hooks, Recent};
use embedded_sse::{Decoder, EventSource, Head, Item, Policy, Request, Verdict};

use super::{drive, follow};
use crate::script::{
    Manner, OPEN, World, answers, default_source, gone, ms, opens, refuses, status, url,
};

#[test]
fn counters_count_bytes_items_and_losses() {
    let long = "x".repeat(300);
    let type_ = "y".repeat(70);
    let connections = [
        refuses(),
        status(503, ""),
        opens(format!("id: 12345\ndata: ab\n\n: c\ndata: {long}\n\n")).ends(),
        opens(format!(
            "event: {type_}\ndata: a\n\nevent: e\ndata: abc\n\n"
        ))
        .fails(std::io::ErrorKind::ConnectionReset),
        gone(),
    ];
    let bytes = {
        let whole = Cell::new(Counters::default());
        follow(&connections, usize::MAX, &whole, |_| {});
        whole.get().bytes
    };
    for read in [1, 7, usize::MAX] {
        let counters = Cell::new(Counters::default());
        let told = follow(&connections, read, &counters, |_| {});
        let counted = counters.get();
        assert_eq!(counted.bytes, bytes, "{told:#?}");
        let numbers = [counted.opened, counted.events, counted.too_long];
        assert_eq!(numbers, [2, 2, 2], "{told:#?}");
        assert_eq!(counted.longest_data, long.len());
        assert_eq!(counted.longest_head, OPEN.len());
        assert_eq!(counted.longest_meta, type_.len());
        assert_eq!(counted.unfinished, 0);
        let lost = counted.lost;
        let by_cause = [lost.connect, lost.status, lost.end, lost.transport];
        assert_eq!(by_cause, [1; 4], "{told:#?}");
        let others = [
            lost.connect_timeout,
            lost.response_timeout,
            lost.idle_timeout,
        ];
        assert_eq!(others, [0; 3]);
        assert_eq!([lost.cut_off, lost.head, lost.chunk], [0; 3]);
        let text = counters.get().to_string();
        assert!(
            text.contains("2 events, 2 too long; longest data 300,"),
            "{text}"
        );
        assert!(text.contains("lost: connect 1, transport 1,"), "{text}");
    }
    let least = 2 * OPEN.len() + long.len();
    assert!(
        (least as u64..least as u64 + 300).contains(&bytes),
        "{bytes}"
    );
}

#[test]
fn counters_do_not_take_a_comment_for_data_or_a_wanted_end_for_a_loss() {
    let counters = Cell::new(Counters::default());
    let long = "c".repeat(300);
    let world = World::new(
        Manner::PLAIN,
        &[
            opens(format!(":{long}\ndata: ab\n\n")).ends(),
            status(404, "Content-Length: 2\r\n").sends("no"),
        ],
        0,
    );
    let mut decoder = Decoder::<256>::new();
    decoder.show_comments(true);
    let collect = |head: &Head<'_>, verdict| match head.status() {
        404 => Verdict::Collect,
        _ => verdict,
    };
    let mut source = default_source(&mut decoder).with_hooks((&counters, hooks::judge(collect)));
    drive(&world, &mut source);
    let counted = counters.get();
    assert_eq!(
        [counted.opened, counted.events, counted.too_long],
        [1, 1, 1]
    );
    assert_eq!(counted.longest_data, 2);
    // The end of the stream; the collected response is none.
    assert_eq!(counted.lost.end, 1);
    assert_eq!(counted.lost.status, 0);
}

#[test]
fn counters_count_the_loss_that_leads_to_a_stop() {
    let counters = Cell::new(Counters::default());
    let world = World::new(Manner::PLAIN, &[refuses()], 0);
    let mut decoder = Decoder::<256>::new();
    let policy = Policy {
        max_reconnection_attempts: Some(0),
        ..Policy::DEFAULT
    };
    let request = Request::get(url("http://h/"));
    let source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
    let mut source = source.with_hooks(&counters);
    drive(&world, &mut source);
    assert_eq!(counters.get().lost.connect, 1);
}

#[test]
fn recent_has_the_bytes_before_a_failure() {
    for read in [1, 7, usize::MAX] {
        let recent = RefCell::new(Recent::<16>::new());
        let connections = [answers("HTTP/1.1 2x0 NO\r\nA: b\r\n\r\n"), gone()];
        let mut seen = Vec::new();
        follow(&connections, read, &recent, |item| {
            if let Item::Lost(_) = item {
                seen.push(recent.borrow().to_string());
            }
        });
        assert_eq!(seen, [r"2x0 NO\r\nA: b\r\n\r\n"], "{read}");
    }
}

#[test]
fn recent_keeps_the_last_bytes() {
    let mut recent = Recent::<4>::new();
    let mut all = Vec::new();
    assert_eq!(recent.bytes(), (&b""[..], &b""[..]));
    for (start, len) in [
        (0, 1),
        (1, 2),
        (3, 0),
        (3, 1),
        (4, 3),
        (7, 9),
        (16, 4),
        (20, 5),
        (25, 1),
    ] {
        let piece: Vec<u8> = (start..start + len).collect();
        recent.received(&piece, ms(0));
        all.extend(piece);
        let (older, newer) = recent.bytes();
        let last = &all[all.len().saturating_sub(4)..];
        assert_eq!([older, newer].concat(), last);
    }
}

/// The counters after a stream whose long events came in pieces.
fn counted_in_pieces(stream: String) -> Counters {
    let counters = Cell::new(Counters::default());
    let world = World::new(Manner::PLAIN, &[opens(stream).ends(), gone()], 0);
    let mut decoder: Decoder<128> = Decoder::new();
    decoder.split_long_events(true);
    let mut source = default_source(&mut decoder).with_hooks(&counters);
    drive(&world, &mut source);
    counters.get()
}

#[test]
fn counters_have_the_length_of_an_event_in_pieces() {
    let (x, y) = ("x".repeat(300), "y".repeat(200));
    let stream = format!("event: longer_than_id\nid: 7\ndata: {x}\n\ndata: {y}\n\ndata: {x}{x}");
    let counters = counted_in_pieces(stream);
    let numbers = (
        counters.events,
        counters.longest_data,
        counters.longest_meta,
    );
    assert_eq!(numbers, (2, 300, 14));
    assert_eq!(counters.unfinished, 0);
}

/// The length lacks only the last piece.
#[test]
fn counters_have_the_length_of_pieces_without_an_end() {
    let (x, id) = ("x".repeat(300), "9".repeat(65));
    let counters = counted_in_pieces(format!("data: {x}\nid: {id}\n\ndata: a\n\n"));
    assert_eq!((counters.events, counters.too_long), (1, 1));
    assert!(
        (300 - 128..=300).contains(&counters.longest_data),
        "{counters}"
    );
    assert_eq!((counters.longest_meta, counters.unfinished), (65, 0));
}
