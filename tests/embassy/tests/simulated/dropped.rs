//! Futures that are dropped at any time: no connection stays open, and no event is lost or repeated.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use embassy::{Left, Log, follow};
use embassy_time::{Duration, Timer, with_timeout};
use embedded_io_async::Write;
use embedded_sse::embassy::EmbassyTime;
use embedded_sse::io::{Connect, Session};
use embedded_sse::{Item, Origin, Scheme};

use crate::{HERE, World, all_events, resuming};

fn events(log: &Log) -> Vec<String> {
    let is_event = |line: &String| line.starts_with(char::is_numeric);
    log.told().into_iter().filter(is_event).collect()
}

/// Drops the future after this many polls.
async fn polls<F: Future>(most: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = most;
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        left -= 1;
        if left == 0 {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    })
    .await
}

/// The client sends no more packets after it was dropped.
#[test]
fn dropped_at_any_poll_no_connection_stays_open() {
    for most in 1..=12 {
        let world = World::new();
        world.serve(async |mut server| {
            server.connected().await;
            // The server may never learn of a connection that was dropped early.
            let left = with_timeout(Duration::from_secs(5), server.left()).await;
            assert_ne!(left, Ok(Left::Fin));
        });
        let (mut tcp, mut source, log) = world.client(HERE, |_| {});
        world.run(polls(most, follow(&mut tcp, &mut source, &log)));
        world.pass(10);
        let packets = world.cable.from_client();
        world.pass(600);
        assert_eq!(world.cable.from_client(), packets, "{most}");
    }
}

#[test]
fn dropped_at_any_poll_no_event_is_lost_or_repeated() {
    let mut dropped_at = 1;
    loop {
        let world = World::new();
        world.serve(resuming);
        let (mut tcp, mut source, log) = world.client(HERE, |_| {});
        let stop = world.run(polls(dropped_at, follow(&mut tcp, &mut source, &log)));
        if stop.is_some() {
            break;
        }
        world.run(follow(&mut tcp, &mut source, &log));
        assert_eq!(events(&log), all_events(), "dropped at poll {dropped_at}");
        dropped_at += 1;
    }
    assert!(dropped_at > 50, "only {dropped_at} polls");
}

#[test]
fn dropped_every_few_polls_no_event_is_lost_or_repeated() {
    for every in 8..30 {
        let world = World::new();
        world.serve(resuming);
        let (mut tcp, mut source, log) = world.client(HERE, |_| {});
        while world
            .run(polls(every, follow(&mut tcp, &mut source, &log)))
            .is_none()
        {}
        assert_eq!(events(&log), all_events(), "dropped every {every} polls");
    }
}

#[test]
fn dropped_after_any_time_no_event_is_lost_or_repeated() {
    for ms in (10..10_000).step_by(170) {
        let world = World::new();
        world.serve(resuming);
        let (mut tcp, mut source, log) = world.client(HERE, |_| {});
        let stop = with_timeout(
            Duration::from_millis(ms),
            follow(&mut tcp, &mut source, &log),
        );
        let _dropped = world.run(stop);
        world.run(follow(&mut tcp, &mut source, &log));
        assert_eq!(events(&log), all_events(), "dropped after {ms} ms");
    }
}

/// The session even keeps its connection.
#[test]
fn a_session_whose_next_is_dropped_at_each_poll_loses_nothing() {
    let world = World::new();
    world.serve(resuming);
    let (mut tcp, mut source, log) = world.client(HERE, |_| {});
    let mut chunk = [0; 16];
    world.run(async {
        let opened = Session::open(&mut tcp, &EmbassyTime, &mut source, &mut chunk).await;
        let mut session = opened.expect("an open stream");
        let mut open = true;
        while open {
            open = match polls(1, session.next()).await {
                Some(Some(Item::Event(event))) => {
                    log.push(format!("{} {}", event.last_event_id, event.data));
                    true
                }
                Some(item) => item.is_some(),
                None => {
                    Timer::after(Duration::from_millis(7)).await;
                    true
                }
            };
        }
    });
    assert_eq!(log.told(), all_events());
}

/// A drop resets the connection, and the reset discards what was not sent.
#[test]
fn bytes_that_were_flushed_arrive_before_the_reset() {
    let world = World::new();
    let received = Log::default();
    let log = received.clone();
    world.serve(async move |mut server| log.push(server.accept().await));
    let request = "GET / HTTP/1.1\r\n\r\n";
    let origin = Origin {
        scheme: Scheme::Http,
        host: "10.0.0.2",
        port: 80,
    };
    let (mut tcp, ..) = world.client(HERE, |_| {});
    world.run(async {
        let mut connection = tcp.connect(origin, None).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        connection.flush().await.unwrap();
    });
    world.pass(10);
    assert_eq!(received.told(), [request]);
}
