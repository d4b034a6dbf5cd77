//! What an application may do: drop the loop, restart the source, take its time, and stop.

use std::ops::ControlFlow;

use embassy::{Log, OPEN, follow, header, pause};
use embassy_time::Instant;
use embedded_sse::embassy::EmbassyTime;
use embedded_sse::io::sse;
use embedded_sse::{Item, StopReason};

use crate::{HERE, MINUTE, World, all_events, assert_near, resuming};

#[test]
fn the_server_gets_an_rst_when_the_client_is_dropped() {
    let world = World::new();
    let left = Log::default();
    let log = left.clone();
    world.serve(async move |mut server| {
        server.open().await;
        log.push(format!("{:?}", server.left().await));
    });
    let (mut tcp, mut source, log) = world.client(HERE, |_| {});
    world.run_for(10, follow(&mut tcp, &mut source, &log));
    world.pass(1);
    assert_eq!(log.told(), ["open"]);
    assert_eq!(left.told(), ["Rst"]);
}

#[test]
fn a_restart_takes_effect_at_once_and_resumes() {
    let world = World::new();
    world.serve(async |mut server| {
        server.open().await;
        server.send("id: 1\ndata: a\n\nretry: 900000\n\n").await;
        server.reset().await;
        let request = server.accept().await;
        assert_eq!(header(&request, "Last-Event-ID"), Some("1"));
        server.send(OPEN).await;
        server.left().await;
        server.stop().await;
    });
    let (mut tcp, mut source, log) = world.client(HERE, |_| {});
    // The first restart ends the wait, the second one the stream.
    world.run_for(10, follow(&mut tcp, &mut source, &log));
    source.restart();
    world.run_for(10, follow(&mut tcp, &mut source, &log));
    source.restart();
    let stop = world.run(follow(&mut tcp, &mut source, &log));
    assert_eq!(stop.reason, StopReason::NoContent);
    assert_eq!(log.told(), ["open", "1 a", "Transport 900000", "open"]);
    assert_near(log.times_of("open")[1], 10_000);
    assert_near(Instant::now().as_millis(), 20_000);
}

#[test]
fn on_item_may_take_longer_than_the_idle_timeout() {
    let world = World::new();
    world.serve(resuming);
    let timeout = std::time::Duration::from_secs(45);
    let (mut tcp, mut source, log) =
        world.client(HERE, |policy| policy.idle_timeout = Some(timeout));
    world.run(sse(
        &mut tcp,
        &EmbassyTime,
        &mut source,
        &mut [0; 64],
        async |item| {
            if let Item::Event(event) = item {
                log.push(format!("{} {}", event.last_event_id, event.data));
                pause(MINUTE).await;
            }
            ControlFlow::Continue(())
        },
    ));
    assert_eq!(log.told(), all_events());
}

#[test]
fn break_stops_the_loop_at_once() {
    let world = World::new();
    world.serve(resuming);
    let (mut tcp, mut source, _) = world.client(HERE, |_| {});
    let stop = world.run(sse(
        &mut tcp,
        &EmbassyTime,
        &mut source,
        &mut [0; 64],
        async |item| match item {
            Item::Event(_) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        },
    ));
    assert_eq!(stop.reason, StopReason::Closed);
    assert_eq!(Instant::now().as_secs(), 0);
    assert_eq!(source.decoder().last_event_id(), "1");
}
