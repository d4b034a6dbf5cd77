//! How a connection is lost: RST, FIN, silence, and cut cables.

use std::rc::Rc;

use embassy::{Left, OPEN, header, pause};
use embedded_sse::StopReason;

use crate::{HERE, HOUR, MINUTE, World, assert_near};

#[test]
fn after_an_rst_the_stream_resumes() {
    let world = World::new();
    world.serve(async |mut server| {
        server.open().await;
        server.send("id: 1\ndata: a\n\n").await;
        server.reset().await;
        let request = server.open().await;
        assert_eq!(header(&request, "Last-Event-ID"), Some("1"));
        server.send("id: 2\ndata: b\n\n").await;
        server.reset().await;
        server.stop().await;
    });
    let (stop, log) = world.follow(HERE, |_| {});
    let told = [
        "open",
        "1 a",
        "Transport 3000",
        "open",
        "2 b",
        "Transport 6000",
    ];
    assert_eq!(log.told(), told);
    assert_eq!(stop.reason, StopReason::NoContent);
}

#[test]
fn after_a_fin_the_stream_resumes() {
    let world = World::new();
    world.serve(async |mut server| {
        for id in 1..=3 {
            let request = server.open().await;
            let last = (id > 1).then(|| format!("{}", id - 1));
            assert_eq!(header(&request, "Last-Event-ID"), last.as_deref());
            server
                .send(&format!("id: {id}\ndata: a\n\ndata: cut off"))
                .await;
            server.end().await;
        }
        server.stop().await;
    });
    let (_, log) = world.follow(HERE, |_| {});
    // Without framing, an intended end looks like a crash, so the delay grows.
    let told = [
        "open",
        "1 a",
        "End 3000",
        "open",
        "2 a",
        "End 6000",
        "open",
        "3 a",
        "End 12000",
    ];
    assert_eq!(log.told(), told);
}

#[test]
fn fin_before_the_framing_ends_is_cut_off() {
    let world = World::new();
    world.serve(async |mut server| {
        server.accept().await;
        let length = OPEN.replace("\r\n\r\n", "\r\nContent-Length: 99\r\n\r\n");
        server.send(&length).await;
        server.end().await;
        server.stop().await;
    });
    let (_, log) = world.follow(HERE, |_| {});
    assert_eq!(log.told(), ["open", "CutOff 3000"]);
}

#[test]
fn events_before_an_rst_are_not_lost() {
    let world = World::new();
    world.serve(async |mut server| {
        server.accept().await;
        let events: String = (1..=100)
            .map(|id| format!("id: {id}\ndata: a\n\n"))
            .collect();
        server.send(&format!("{OPEN}{events}")).await;
        server.reset().await;
        server.stop().await;
    });
    let (_, log) = world.follow(HERE, |_| {});
    assert_eq!(log.told().len(), 102);
}

#[test]
fn silence_before_the_head_is_lost_at_the_response_timeout() {
    let world = World::new();
    world.serve(async |mut server| {
        server.accept().await;
        assert_eq!(server.left().await, Left::Rst);
        server.stop().await;
    });
    let (_, log) = world.follow(HERE, |_| {});
    assert_eq!(log.told(), ["ResponseTimeout 3000"]);
    assert_near(log.times_of("Response")[0], 300_000);
}

#[test]
fn a_silent_stream_is_lost_at_the_idle_timeout() {
    let world = World::new();
    world.serve(async |mut server| {
        server.open().await;
        assert_eq!(server.left().await, Left::Rst);
        server.stop().await;
    });
    let timeout = std::time::Duration::from_secs(45);
    let (_, log) = world.follow(HERE, |policy| policy.idle_timeout = Some(timeout));
    assert_eq!(log.told(), ["open", "IdleTimeout 3000"]);
    assert_near(log.times_of("Idle")[0], 45_000);
}

#[test]
fn comments_keep_a_stream_from_the_idle_timeout() {
    let world = World::new();
    world.serve(async |mut server| {
        server.open().await;
        for _ in 0..HOUR / 40 {
            pause(40).await;
            server.send(":\n").await;
        }
        server.left().await;
        server.stop().await;
    });
    let timeout = std::time::Duration::from_secs(45);
    let (_, log) = world.follow(HERE, |policy| policy.idle_timeout = Some(timeout));
    assert_eq!(log.told(), ["open", "IdleTimeout 3000"]);
    // The server waits for the ACK of each comment.
    assert!((3_645_000..3_647_000).contains(&log.times_of("Idle")[0]));
}

#[test]
fn a_quiet_stream_stays_open_for_hours_and_a_cut_link_is_noticed_within_25_s() {
    for phase in [0, 3, 6, 9] {
        let world = World::new();
        world.serve(async |mut server| {
            server.open().await;
            pause(6 * HOUR + 2 * MINUTE).await;
            server.stop().await;
        });
        let cable = Rc::clone(&world.cable);
        world.spawn(async move {
            pause(6 * HOUR + phase).await;
            cable.cut();
            pause(MINUTE).await;
            cable.heal();
        });
        let (_, log) = world.follow(HERE, |_| {});
        assert_eq!(log.told()[..2], ["open", "Transport 3000"]);
        let took = log.times_of("Transport")[0] - (6 * HOUR + phase) * 1000;
        assert!((15_000..=25_100).contains(&took), "{took}");
    }
}

#[test]
fn a_link_that_is_cut_for_8_s_loses_nothing() {
    let world = World::new();
    world.serve(async |mut server| {
        server.open().await;
        for id in 1..=20 {
            pause(1).await;
            server.send(&format!("id: {id}\ndata: a\n\n")).await;
        }
        server.end().await;
        server.stop().await;
    });
    let cable = Rc::clone(&world.cable);
    world.spawn(async move {
        pause(5).await;
        cable.cut();
        pause(8).await;
        cable.heal();
    });
    let (_, log) = world.follow(HERE, |_| {});
    assert_eq!(log.told().len(), 22);
    assert_eq!(log.told()[20..], ["20 a", "End 3000"]);
}
