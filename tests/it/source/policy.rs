//! Rules: idle, delay, connect timeout, response timeout.

use embedded_sse::{Decoder, EventSource, LossCause, Policy, Request, Step};

use super::{HERE, open, reading, redirect, refused_often, source};
use crate::script::{OPEN, Script, answers, ms, never_connects, opens, refuses, url};

#[test]
fn idle_is_off_unless_set() {
    let connection = opens("data: a\n\n").pauses(5_000_000).sends("data: b\n\n");
    let log = Script::get(HERE).then(connection).run();
    let want = ["open 200", "message: a", "message: b", "silent for ever"];
    assert_eq!(log.told(), want);
}

fn watched() -> Script<'static> {
    Script::get(HERE).policy(|policy| policy.idle_timeout = Some(ms(1000)))
}

#[test]
fn idle_streams_are_lost() {
    let log = watched().then(opens("data: a\n\n")).run();
    let want = ["open 200", "message: a", "lost IdleTimeout", "wait 3000"];
    assert_eq!(log.told(), want);
    assert_eq!(log.time_of("lost IdleTimeout"), 1000);
}

#[test]
fn idle_streams_are_lost_before_the_first_byte_too() {
    let log = watched()
        .then(answers(OPEN).pauses(1001).sends(":\n"))
        .run();
    assert_eq!(log.told()[1], "lost IdleTimeout");
}

#[test]
fn idle_timeout_starts_again_with_each_byte() {
    let chunked = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                   Transfer-Encoding: chunked\r\n\r\n";
    for (head, byte) in [(OPEN, ":"), (OPEN, "\n"), (OPEN, "d"), (chunked, "0")] {
        let mut connection = answers(head);
        for _ in 0..5 {
            connection = connection.pauses(999).sends(byte);
        }
        let log = watched().then(connection).run();
        assert_eq!(log.time_of("lost IdleTimeout"), 5 * 999 + 1000);
    }
}

#[test]
fn idle_timeout_does_not_apply_to_the_response_head() {
    let slow = answers("").made_after(9000).pauses(9000).sends(OPEN);
    let log = watched().then(slow).run();
    assert_eq!(log.time_of("open 200"), 18_000);
}

#[test]
fn idle_streams_are_lost_only_after_an_empty_read() {
    let mut decoder = Decoder::<512>::new();
    let policy = Policy {
        idle_timeout: Some(ms(1000)),
        ..Policy::DEFAULT
    };
    let mut source = source(policy, &mut decoder);
    open(&mut source);
    // The application was busy while bytes were waiting.
    assert!(matches!(source.step(ms(5000)), Step::Read { .. }));
    assert!(source.receive(&mut &b":\n"[..], ms(5000)).is_none());
    source.timed_out(ms(5999));
    assert!(matches!(source.step(ms(5999)), Step::Read { .. }));
    source.timed_out(ms(6000));
    let Step::Wait(wait) = source.step(ms(6000)) else {
        panic!("not lost");
    };
    assert_eq!(wait.cause, LossCause::IdleTimeout);
}

#[test]
fn delay_doubles_from_the_base_to_the_cap() {
    let want = [3000, 6000, 12_000, 24_000, 30_000, 30_000, 30_000];
    assert_eq!(refused_often(Script::get(HERE), 7), want);
}

#[test]
fn delay_set_by_the_caller_is_not_clamped() {
    for (base, want) in [(1, [1, 2, 4]), (40_000, [40_000; 3])] {
        let script = Script::get(HERE).policy(|policy| policy.reconnection_time = ms(base));
        assert_eq!(refused_often(script, 3), want);
    }
}

#[test]
fn delay_of_zero_is_only_for_the_first_attempt() {
    let script = Script::get(HERE).policy(|policy| policy.reconnection_time = ms(0));
    assert_eq!(refused_often(script, 4), [0, 500, 1000, 2000]);
}

#[test]
fn delay_has_a_new_base_after_a_retry_field_but_keeps_growing() {
    let log = Script::get(HERE)
        .then(refuses())
        .then(refuses())
        .then(opens("retry: 1000\n").resets())
        .then(refuses())
        .run();
    assert_eq!(log.delays, [3000, 6000, 4000, 8000]);
}

#[test]
fn jitter_is_to_either_side() {
    let script = Script::get(HERE).policy(|policy| policy.jitter_percent = 50);
    for (delay, base) in refused_often(script, 5).into_iter().zip([3, 6, 12, 24, 30]) {
        assert!((base * 500..=base * 1500).contains(&delay) && delay >= 3000);
    }
}

#[test]
fn delay_passes_before_the_next_attempt() {
    let log = Script::get(HERE).then(refuses()).then(opens("")).run();
    assert_eq!(log.time_of("open 200"), 3000);
}

#[test]
fn connect_timeout_lasts_from_dns_to_the_connection() {
    for connection in [
        never_connects(),
        answers(OPEN).made_after(30_000),
        refuses().made_after(30_000),
    ] {
        let log = Script::get(HERE).then(connection).run();
        assert_eq!(log.told(), ["lost ConnectTimeout", "wait 3000"]);
        assert_eq!(log.time_of("lost ConnectTimeout"), 30_000);
    }
}

#[test]
fn response_timeout_lasts_from_the_connection_to_the_end_of_the_head() {
    for connected in [0, 20_000] {
        for connection in [
            answers(""),
            answers("").pauses(300_000).sends(OPEN),
            answers(&OPEN[..OPEN.len() - 1]).pauses(300_000).sends("\n"),
        ] {
            let log = Script::get(HERE)
                .then(connection.made_after(connected))
                .run();
            assert_eq!(log.told(), ["lost ResponseTimeout", "wait 3000"]);
            assert_eq!(log.time_of("lost ResponseTimeout"), 300_000 + connected);
        }
    }
}

#[test]
fn response_timeout_allows_for_a_server_that_waits_for_its_first_event() {
    let slow = answers("").pauses(100_000).sends(OPEN);
    let log = Script::get(HERE).then(slow.sends("data: a\n\n")).run();
    assert_eq!(log.time_of("message: a"), 100_000);
}

#[test]
fn response_timeout_can_be_off() {
    let script = Script::get(HERE).policy(|policy| policy.response_timeout = None);
    assert_eq!(script.then(answers("")).run().told(), ["silent for ever"]);
}

#[test]
fn each_redirect_has_its_own_timeouts() {
    let log = Script::get(HERE)
        .then(redirect(302, "/x").made_after(29_000))
        .then(answers("").made_after(29_000).pauses(299_000).sends(OPEN))
        .run();
    assert_eq!(log.time_of("open 200"), 29_000 + 29_000 + 299_000);
}

#[test]
fn connect_timeout_is_the_cause_if_the_driver_fails_at_the_deadline() {
    let mut decoder = Decoder::<512>::new();
    let mut source =
        EventSource::new(Request::get(url(HERE)), Policy::DEFAULT, 1, &mut decoder).unwrap();
    let Step::Connect {
        deadline: Some(deadline),
        ..
    } = source.step(ms(0))
    else {
        panic!("no deadline");
    };
    source.failed(deadline);
    let Step::Wait(wait) = source.step(deadline) else {
        panic!("not lost");
    };
    assert_eq!(wait.cause, LossCause::ConnectTimeout);
}

#[test]
fn response_timeout_does_not_depend_on_the_cuts() {
    for cut in [OPEN.len(), 9] {
        let mut decoder = Decoder::<512>::new();
        let mut source = reading(&mut decoder);
        for mut late in [&OPEN.as_bytes()[..cut], &OPEN.as_bytes()[cut..]] {
            assert!(source.receive(&mut late, ms(300_500)).is_none());
        }
        let Step::Wait(wait) = source.step(ms(300_500)) else {
            panic!("not lost");
        };
        assert_eq!(wait.cause, LossCause::ResponseTimeout);
    }
}

#[test]
fn response_timeout_does_not_apply_to_an_open_stream() {
    let slow = answers("").made_after(20_000).pauses(299_999).sends(OPEN);
    let log = Script::get(HERE)
        .then(slow.pauses(90_000).sends("data: a\n\n"))
        .run();
    assert_eq!(log.time_of("message: a"), 409_999);
}

#[test]
fn connect_timeout_can_be_off() {
    let script = Script::get(HERE).policy(|policy| policy.connect_timeout = None);
    let log = script.then(never_connects()).run();
    assert_eq!(log.told(), ["silent for ever"]);
}

#[test]
fn response_timeout_is_noticed_by_a_late_driver_too() {
    let mut decoder = Decoder::<512>::new();
    let mut source = source(Policy::DEFAULT, &mut decoder);
    assert!(matches!(source.step(ms(0)), Step::Connect { .. }));
    source.connected(ms(0));
    let Step::Wait(wait) = source.step(ms(399_000)) else {
        panic!("not lost");
    };
    assert_eq!(wait.cause, LossCause::ResponseTimeout);
    assert!(wait.until >= ms(402_000));
}
