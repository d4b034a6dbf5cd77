//! What can be learned of a source while it runs, and what holds it back.

use std::cell::{Cell, RefCell};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::script::{
    Connection, Dialer, Manner, OPEN, World, answers, gone, line_of, ms, opens, refuses, status,
    url,
};
use embedded_sse::hooks::{self, Counters, Heartbeat, Hooks, Losses, Recent};
use embedded_sse::{
    Budget, Decoder, Draft, EventSource, InvalidDraft, Item, Policy, Request, Step, blocking,
};

/// Follows the connections, observed, in reads of so many bytes, and returns what was told when.
fn follow(
    connections: &[Connection],
    read: usize,
    hooks: impl Hooks,
    mut on_item: impl FnMut(&Item<'_>),
) -> Vec<String> {
    let world = World::new(
        Manner {
            read,
            ..Manner::PLAIN
        },
        connections,
        0,
    );
    let mut decoder: Decoder<256> = Decoder::new();
    let policy = Policy {
        jitter_percent: 0,
        ..Policy::DEFAULT
    };
    let request = Request::get(url("http://h/"));
    let source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
    let mut source = source.with_hooks(hooks);
    blocking::sse(
        &mut Dialer(&world),
        &world,
        &mut source,
        &mut [0; 512],
        |item| {
            on_item(&item);
            world.told(line_of(item));
            ControlFlow::Continue(())
        },
    );
    world.log.take().timed()
}

/// Until it stops.
fn drive<const DATA: usize>(world: &World, source: &mut EventSource<'_, DATA, 64, impl Hooks>) {
    let go_on = |_: Item<'_>| ControlFlow::Continue(());
    blocking::sse(&mut Dialer(world), world, source, &mut [0; 50], go_on);
}

#[test]
fn counters_count_all_that_is_told() {
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
fn the_last_bytes_before_a_failure_can_be_seen() {
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

/// What it saw, in its order.
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

/// And a wait or stop is told once, whoever causes it.
#[test]
fn bytes_are_shown_before_what_they_cause() {
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
                // The rest of what was read is taken too.
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

#[test]
fn the_recent_bytes_are_the_last() {
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

#[test]
fn counters_know_the_length_of_what_came_in_pieces() {
    let counters = Cell::new(Counters::default());
    let (x, y) = ("x".repeat(300), "y".repeat(200));
    let stream = format!("event: longer_than_id\nid: 7\ndata: {x}\n\ndata: {y}\n\ndata: {x}{x}");
    let world = World::new(Manner::PLAIN, &[opens(stream).ends(), gone()], 0);
    let mut decoder: Decoder<128> = Decoder::new();
    decoder.split_long_events(true);
    let request = Request::get(url("http://h/"));
    let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    let mut source = source.with_hooks(&counters);
    drive(&world, &mut source);
    let counters = counters.get();
    assert_eq!(
        (
            counters.events,
            counters.longest_data,
            counters.longest_meta
        ),
        (2, 300, 14)
    );
    assert_eq!(counters.unfinished, 0);
}

/// All but what would have been its last piece.
#[test]
fn counters_know_the_length_of_pieces_without_an_end() {
    let counters = Cell::new(Counters::default());
    let (x, id) = ("x".repeat(300), "9".repeat(65));
    let stream = format!("data: {x}\nid: {id}\n\ndata: a\n\n");
    let world = World::new(Manner::PLAIN, &[opens(stream).ends(), gone()], 0);
    let mut decoder: Decoder<128> = Decoder::new();
    decoder.split_long_events(true);
    let request = Request::get(url("http://h/"));
    let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    let mut source = source.with_hooks(&counters);
    drive(&world, &mut source);
    let counters = counters.get();
    assert_eq!((counters.events, counters.too_long), (1, 1));
    assert!(
        (300 - 128..=300).contains(&counters.longest_data),
        "{counters}"
    );
    assert_eq!((counters.longest_meta, counters.unfinished), (65, 0));
}

/// A source that is observed while somebody looks goes on.
#[test]
fn looking_never_panics() {
    let recent = RefCell::new(Recent::<64>::new());
    let guard = recent.borrow_mut();
    let told = follow(&[opens("data: a\n\n").ends(), gone()], 7, &recent, |_| {});
    assert_eq!(told[1], "0 message: a");
    drop(guard);
}

fn beats(every: u64, count: usize) -> Connection {
    (0..count).fold(opens(""), |stream, _| stream.pauses(every).sends(":\n"))
}

#[test]
fn a_heartbeat_is_learned() {
    // Heard each 20 s, for longer than the upper bound: then 60 s of silence are too long.
    let heartbeat = Cell::new(Heartbeat::new(ms(10_000), ms(300_000)));
    let told = follow(&[beats(20_000, 20), gone()], usize::MAX, &heartbeat, |_| {});
    assert_eq!(told[1], "460000 lost IdleTimeout, wait 3000");
    // And forgotten, or a server with another one would be lost again and again.
    assert_eq!(heartbeat.get().idle_timeout(), Some(ms(300_000)));
}

#[test]
fn what_is_learned_stays_within_the_bounds() {
    let lost = |least: u64, most: u64, stream: Connection| {
        let heartbeat = Cell::new(Heartbeat::new(ms(least), ms(most)));
        let told = follow(&[stream, gone()], 7, &heartbeat, |_| {});
        told[1].clone()
    };
    // Not learned yet: the upper bound.
    assert_eq!(
        lost(10_000, 300_000, beats(20_000, 5)),
        "400000 lost IdleTimeout, wait 3000"
    );
    // The lower one.
    assert_eq!(
        lost(10_000, 60_000, beats(1000, 70)),
        "80000 lost IdleTimeout, wait 3000"
    );
    // The upper one.
    assert_eq!(
        lost(10_000, 60_000, beats(50_000, 5)),
        "310000 lost IdleTimeout, wait 3000"
    );
}

#[test]
fn the_time_between_two_streams_is_no_silence() {
    let heartbeat = Cell::new(Heartbeat::new(ms(1000), ms(30_000)));
    let connections = [
        beats(1000, 40).ends(),
        status(503, "Retry-After: 600\r\n"),
        beats(1000, 40),
        gone(),
    ];
    let told = follow(&connections, usize::MAX, &heartbeat, |_| {});
    // 3 s after the last beat.
    let lost = told
        .iter()
        .find(|line| line.contains("IdleTimeout"))
        .unwrap();
    let open = told.iter().rfind(|line| line.contains("open")).unwrap();
    let time = |line: &str| line.split(' ').next().unwrap().parse::<u64>().unwrap();
    assert_eq!(time(lost) - time(open), 43_000, "{told:#?}");
}

/// Connects and takes in these bytes.
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
fn a_restart_is_told() {
    let counters = Cell::new(Counters::default());
    let heartbeat = Cell::new(Heartbeat::new(ms(1000), ms(30_000)));
    let observers = (&counters, &heartbeat);
    let mut decoder: Decoder<128> = Decoder::new();
    decoder.split_long_events(true);
    let request = Request::get(url("http://h/"));
    let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    let mut source = source.with_hooks(observers);
    open(&mut source, &format!("data: {}", "x".repeat(300)), ms(0));
    assert!(counters.get().unfinished > 100);
    for second in 1..=40 {
        let mut input = &b"x"[..];
        while source.receive(&mut input, ms(second * 1000)).is_some() {}
    }
    assert_eq!(heartbeat.get().idle_timeout(), Some(ms(3000)));

    // A minute without a network. Neither is it a silence, nor does the event go on.
    source.restart();
    open(&mut source, "data: y\n\n", ms(100_000));
    assert_eq!(heartbeat.get().idle_timeout(), Some(ms(3000)));
    let counters = counters.get();
    assert_eq!((counters.longest_data, counters.unfinished), (1, 0));
    assert_eq!(counters.lost, Losses::default());
}

#[test]
fn three_hooks_are_one() {
    let counters = Cell::new(Counters::default());
    let recent = RefCell::new(Recent::<8>::new());
    let heartbeat = Cell::new(Heartbeat::new(ms(1000), ms(2000)));
    let all = ((&counters, &recent), &heartbeat);
    let told = follow(&[opens("data: a\n\n"), gone()], 7, all, |_| {});
    assert_eq!(told[2], "2000 lost IdleTimeout, wait 3000");
    assert_eq!(counters.get().events, 1);
    assert!(!recent.borrow().to_string().is_empty());
}

// ---- a budget ----

#[test]
fn no_hour_has_more_attempts_than_the_budget() {
    for most in 1..=40_u16 {
        for step in [0, 1, 59, 600, 3599] {
            let mut budget = Budget::per_hour(NonZero::new(most).unwrap());
            let mut now = Duration::ZERO;
            let mut attempts = Vec::new();
            for _ in 0..500 {
                let at = budget.reserve(now);
                assert!(at >= now);
                attempts.push(at);
                now = at + Duration::from_secs(step);
            }
            let worst = most_in_an_hour(&attempts);
            assert!(worst <= usize::from(most), "{most} {step}: {worst}");
            if step == 0 {
                // And it is no stricter than it says.
                assert_eq!(worst, usize::from(most));
                assert_eq!(attempts[usize::from(most).div_ceil(2) - 1], Duration::ZERO);
            }
        }
    }
}

/// Of attempts in the order of time.
fn most_in_an_hour(attempts: &[Duration]) -> usize {
    let hour = Duration::from_secs(3600);
    let from = |start: &Duration| attempts.partition_point(|at| at < start);
    let in_the_hour_from = |start: &Duration| from(&(*start + hour)) - from(start);
    attempts.iter().map(in_the_hour_from).max().unwrap_or(0)
}

/// Lives of one to three attempts, each with a clock that begins anew. How long the device was off
/// it does not know.
#[test]
fn no_hour_has_more_attempts_than_the_budget_over_reboots() {
    for most in 1..=40_u16 {
        let whole = Budget::per_hour(NonZero::new(most).unwrap());
        for (off, clock) in [
            (0, 0),
            (1, 0),
            (0, 12_345_678_901),
            (400_123, 77),
            (7_200_000, 0),
        ] {
            let (off, clock) = (Duration::from_millis(off), Duration::from_nanos(clock));
            let mut attempts = Vec::new();
            let (mut boot, mut used) = (Duration::ZERO, Duration::ZERO);
            let mut steady = whole.clone();
            for life in 0..200 {
                let mut now = clock;
                let mut budget = whole.clone().after_reboot(used, now);
                for _ in 0..=life % 3 {
                    now = budget.reserve(now);
                    used = budget.used(now);
                    attempts.push(boot + (now - clock));
                    if (off, clock) == (Duration::ZERO, Duration::ZERO) {
                        // No time is lost, so no attempt is.
                        assert_eq!(boot + now, steady.reserve(boot), "{most}, {life}");
                    }
                }
                boot += now - clock + off;
            }
            let worst = most_in_an_hour(&attempts);
            assert!(worst <= usize::from(most), "{most} {off:?}: {worst}");
        }
    }
}

/// Who wakes by a clock that goes on in its sleep has used less by then.
#[test]
fn a_sleep_that_is_known_makes_a_budget_recover() {
    let whole = Budget::per_hour(NonZero::new(2).unwrap());
    let mut used = Duration::ZERO;
    for _ in 0..10 {
        let mut budget = whole.clone().after_reboot(used, Duration::ZERO);
        assert_eq!(budget.reserve(Duration::ZERO), Duration::ZERO);
        assert_eq!(budget.used(Duration::ZERO), Duration::from_secs(1800));
        let almost = Duration::from_secs(1800) - Duration::from_nanos(1);
        assert_eq!(budget.used(almost), Duration::from_millis(1));
        used = budget.used(Duration::from_secs(1800));
        assert_eq!(used, Duration::ZERO);
    }
    // Whatever was kept, nothing overflows.
    let mut budget = whole.after_reboot(Duration::MAX, Duration::MAX);
    assert!(budget.reserve(Duration::MAX) >= budget.used(Duration::ZERO));
}

#[test]
fn a_budget_holds_back_a_source() {
    let world = World::new(Manner::PLAIN, &[refuses(), refuses(), refuses(), gone()], 0);
    let mut decoder: Decoder<256> = Decoder::new();
    let request = Request::get(url("http://h/"));
    let mut source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    let mut budget = Budget::per_hour(NonZero::new(2).unwrap());
    let start = budget.reserve(world.time());
    blocking::sse(
        &mut Dialer(&world),
        &world,
        &mut source,
        &mut [0; 64],
        |item| {
            if let Item::Lost(wait) = item {
                world.pass_until(budget.reserve(wait.until));
            }
            ControlFlow::Continue(())
        },
    );
    assert!(world.time() - start >= Duration::from_secs(3 * 1800));
    let log = world.log.borrow();
    assert_eq!(
        log.all
            .iter()
            .filter(|line| line.contains("connect "))
            .count(),
        4
    );
}

// ---- at least once ----

/// The application has finished with the first two events when the connection is lost.
#[test]
fn an_attempt_resumes_behind_what_is_finished() {
    let finished = RefCell::new(String::new());
    let change = |draft: &mut Draft<'_>| {
        draft.set_last_event_id(&finished.borrow()).unwrap();
    };
    let connections = [
        opens("id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n").ends(),
        opens("data: x\n\nid: 3\ndata: c\n\n").ends(),
        opens("").ends(),
        gone(),
    ];
    let world = World::new(Manner::PLAIN, &connections, 0);
    let mut decoder: Decoder<256> = Decoder::new();
    let request = Request::get(url("http://h/"));
    let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    let mut source = source.with_hooks(hooks::before_connect(change));
    let mut told = Vec::new();
    let mut asked = Vec::new();
    blocking::sse(
        &mut Dialer(&world),
        &world,
        &mut source,
        &mut [0; 512],
        |item| {
            match &item {
                Item::Event(event) if event.data == "b" => {
                    "2".clone_into(&mut finished.borrow_mut())
                }
                Item::Event(event) => told.push(format!("{} {}", event.last_event_id, event.data)),
                Item::Open(head) => {
                    asked.push(head.last_event_id().to_owned());
                    if asked.len() == 3 {
                        finished.borrow_mut().clear();
                    }
                }
                _ => {}
            }
            ControlFlow::Continue(())
        },
    );
    // One without an ID of its own has the one that was resumed behind.
    assert_eq!(told, ["1 a", "3 c", "2 x", "3 c"]);
    assert_eq!(asked, ["", "2", "2"]);
    let log = world.log.borrow();
    let sent = [0, 1, 2, 3].map(|request| log.headers(request, "last-event-id").concat());
    assert_eq!(sent, ["", "2", "2", ""]);
    drop(log);
    assert_eq!(source.decoder().last_event_id(), "");
}

/// Mercure says behind which event it resumes; where that is another, some are lost.
#[test]
fn a_loss_can_be_seen() {
    let resumed = |id: &str| {
        let head = OPEN.replacen(
            "\r\n\r\n",
            &format!("\r\nMercure-Last-Event-ID: {id}\r\n\r\n"),
            1,
        );
        answers(head + "id: 9\ndata: x\n\n").ends()
    };
    let mut gaps = Vec::new();
    let connections = [resumed(""), resumed("9"), resumed("earliest"), gone()];
    follow(&connections, 7, &Cell::new(Counters::default()), |item| {
        if let Item::Open(head) = item {
            let resumed = head.header("Mercure-Last-Event-ID").unwrap();
            gaps.push(resumed != head.last_event_id());
        }
    });
    assert_eq!(gaps, [false, false, true]);
}

/// What an earlier stream has asked for does not make a reboot forget the failures.
#[test]
fn failures_of_before_a_reboot_count() {
    let mut decoder: Decoder<256> = Decoder::new();
    decoder.set_reconnection_time(ms(1000));
    let policy = Policy {
        jitter_percent: 0,
        ..Policy::DEFAULT
    };
    let request = Request::get(url("http://h/"));
    let mut source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
    source.set_failures(3);
    let _ = source.step(ms(0));
    source.failed(ms(0));
    let Step::Wait(wait) = source.step(ms(0)) else {
        panic!("it waits");
    };
    assert_eq!((wait.delay, wait.failures), (ms(8000), 4));
}

#[test]
fn an_id_that_no_header_can_say_is_refused() {
    let change = |draft: &mut Draft<'_>| {
        for id in ["a\nb", " a", "a\u{7f}", &"x".repeat(65)] {
            assert!(draft.set_last_event_id(id).is_err(), "{id:?}");
        }
        draft.set_last_event_id("7").unwrap();
        assert_eq!(draft.set_last_event_id("8"), Err(InvalidDraft::SecondId));
    };
    let mut decoder: Decoder<256> = Decoder::new();
    decoder.set_last_event_id("7").unwrap();
    let world = World::new(Manner::PLAIN, &[gone()], 0);
    let request = Request::get(url("http://h/"));
    let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    let mut source = source.with_hooks(hooks::before_connect(change));
    drive(&world, &mut source);
    assert_eq!(world.log.borrow().headers(0, "last-event-id"), ["7"]);
}
