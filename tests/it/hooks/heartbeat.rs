//! `Heartbeat`: an idle timeout that is learned from the server.

use std::cell::Cell;

use embedded_sse::hooks::{Heartbeat, Hooks};

use super::follow;
use crate::script::{Connection, gone, ms, opens, status};

fn beats(every: u64, count: usize) -> Connection {
    (0..count).fold(opens(""), |stream, _| stream.pauses(every).sends(":\n"))
}

#[test]
fn a_heartbeat_is_learned() {
    // A comment every 20 s, for longer than the upper bound, gives an idle timeout of 60 s.
    let heartbeat = Cell::new(Heartbeat::new(ms(10_000), ms(300_000)));
    let told = follow(&[beats(20_000, 20), gone()], usize::MAX, &heartbeat, |_| {});
    assert_eq!(told[1], "460000 lost IdleTimeout, wait 3000");
    // After the loss it is forgotten. Otherwise a server with a slower heartbeat would be lost repeatedly.
    assert_eq!(heartbeat.get().idle_timeout(), Some(ms(300_000)));
}

#[test]
fn the_learned_timeout_stays_within_the_bounds() {
    let lost = |least: u64, most: u64, stream: Connection| {
        let heartbeat = Cell::new(Heartbeat::new(ms(least), ms(most)));
        let told = follow(&[stream, gone()], 7, &heartbeat, |_| {});
        told[1].clone()
    };
    // Before anything is learned, the upper bound counts.
    assert_eq!(
        lost(10_000, 300_000, beats(20_000, 5)),
        "400000 lost IdleTimeout, wait 3000"
    );
    // The lower bound.
    assert_eq!(
        lost(10_000, 60_000, beats(1000, 70)),
        "80000 lost IdleTimeout, wait 3000"
    );
    // The upper bound.
    assert_eq!(
        lost(10_000, 60_000, beats(50_000, 5)),
        "310000 lost IdleTimeout, wait 3000"
    );
}

#[test]
fn the_time_between_two_streams_is_not_silence() {
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

#[test]
fn the_timeout_is_learned_as_soon_as_the_upper_bound_was_listened_for() {
    let lost = |beats: Connection| {
        let heartbeat = Cell::new(Heartbeat::new(ms(1000), ms(30_000)));
        follow(&[beats, gone()], usize::MAX, &heartbeat, |_| {})[1].clone()
    };
    assert_eq!(lost(beats(1000, 29)), "59000 lost IdleTimeout, wait 3000");
    assert_eq!(lost(beats(1000, 30)), "33000 lost IdleTimeout, wait 3000");
}
