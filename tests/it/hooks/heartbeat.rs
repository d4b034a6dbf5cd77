//! `Heartbeat`: an idle timeout that is learned.

use std::cell::Cell;

use embedded_sse::hooks::{Heartbeat, Hooks};

use super::follow;
use crate::script::{Connection, gone, ms, opens, status};

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
