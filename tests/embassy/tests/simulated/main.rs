//! The client with the embassy-net adapter, where time passes only when all wait for it.

mod world;

use std::cell::Cell;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use embassy::Answer::{Addresses, NoSuchName, Silence};
use embassy::{
    CLIENT, DEAD, Left, Log, Medium, OPEN, SERVER, Server, config, follow, header, pause,
};
use embassy_time::{Duration, Instant, Timer, with_timeout};
use embedded_sse::embassy::EmbassyTime;
use embedded_sse::io::{Session, sse};
use embedded_sse::{Item, Policy, Reason};
use world::World;

const HERE: &str = "http://10.0.0.2/stream";
const NAMED: &str = "http://sse.test/stream";

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

// ---- how a connection is lost ----

#[test]
fn rst_is_a_loss_and_the_stream_resumes() {
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
    assert_eq!(stop.reason, Reason::NoContent);
}

#[test]
fn fin_is_an_end_and_the_stream_resumes() {
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
    // Without framing, an end on purpose and a crash look alike.
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
fn silence_before_the_head_is_a_response_timeout() {
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
fn silence_of_the_stream_is_found_by_the_idle_timeout() {
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
fn comments_feed_the_idle_timeout() {
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
    // The server waits for each comment's ACK.
    assert!((3_645_000..3_647_000).contains(&log.times_of("Idle")[0]));
}

#[test]
fn a_quiet_healthy_stream_lives_for_hours_and_a_cut_link_is_found_within_25_s() {
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
fn a_short_cut_loses_nothing() {
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

// ---- attempts ----

#[test]
fn a_refused_connection_is_tried_again_with_backoff() {
    let world = World::new();
    world.serve(async |mut server| {
        pause(100).await;
        server.stop().await;
    });
    let (_, log) = world.follow(HERE, |_| {});
    let delays = [3000, 6000, 12_000, 24_000, 30_000, 30_000];
    let told: Vec<_> = delays
        .iter()
        .map(|delay| format!("Connect {delay}"))
        .collect();
    assert_eq!(log.told(), told);
}

#[test]
fn a_server_that_never_accepts_is_found_within_25_s() {
    let world = World::new();
    let (stop, log) = world.follow("http://10.0.0.9/", |policy| {
        policy.max_reconnection_attempts = Some(2);
    });
    assert_eq!(stop.reason, Reason::Attempts);
    assert_eq!(log.told(), ["Connect 3000", "Connect 6000"]);
    assert_near(log.times_of("Connect")[0], 25_000);
}

#[test]
fn without_a_connect_timeout_a_dead_server_is_found_all_the_same() {
    let world = World::new();
    let (stop, _) = world.follow("http://10.0.0.9/", |policy| {
        policy.connect_timeout = None;
        policy.max_reconnection_attempts = Some(1);
    });
    assert_eq!(stop.reason, Reason::Attempts);
    assert!(Instant::now().as_secs() < MINUTE);
}

#[test]
fn a_network_that_comes_up_late_burns_no_attempt() {
    for link in [false, true] {
        let world = World::with(Medium::Ip, link);
        world.serve(async |mut server| server.stop().await);
        let (cable, client) = (Rc::clone(&world.cable), world.client);
        if link {
            cable.unplug();
        }
        world.spawn(async move {
            pause(10 * MINUTE).await;
            cable.plug();
            client.set_config_v4(config(CLIENT).ipv4);
        });
        let (stop, log) = world.follow(HERE, |policy| {
            policy.max_reconnection_attempts = Some(0);
        });
        assert_eq!(stop.reason, Reason::NoContent);
        assert_eq!(log.told(), [""; 0]);
        assert_near(Instant::now().as_millis(), 10 * MINUTE * 1000);
    }
}

/// The stack has one waker for all that wait for it.
#[test]
fn two_clients_that_wait_for_a_network_do_not_wake_each_other_without_end() {
    let world = World::with(Medium::Ip, false);
    let (mut tcp, mut source, log) = world.client(HERE, |_| {});
    world.spawn(async move {
        follow(&mut tcp, &mut source, &log).await;
    });
    let (mut tcp, mut source, log) = world.client(HERE, |_| {});
    world.run_for(MINUTE, follow(&mut tcp, &mut source, &log));
    assert_eq!(log.told(), [""; 0]);
}

#[test]
fn a_link_that_goes_down_burns_one_attempt_at_most() {
    let world = World::new();
    world.serve(async |mut server| {
        server.open().await;
        pause(HOUR).await;
        server.stop().await;
    });
    let cable = Rc::clone(&world.cable);
    world.spawn(async move {
        pause(10).await;
        cable.unplug();
        pause(HOUR).await;
        cable.plug();
    });
    let (stop, log) = world.follow(HERE, |policy| {
        policy.max_reconnection_attempts = Some(1);
    });
    assert_eq!(stop.reason, Reason::NoContent);
    assert_eq!(log.told(), ["open", "Transport 3000"]);
}

#[test]
fn a_time_that_does_not_fit_is_for_ever() {
    let world = World::new();
    world.serve(async |mut server| {
        server.open().await;
        server.reset().await;
        server.stop().await;
    });
    let ever = std::time::Duration::MAX;
    let (mut tcp, mut source, log) = world.client(HERE, |policy| {
        policy.connect_timeout = Some(ever);
        policy.idle_timeout = Some(ever);
    });
    tcp.keep_alive = ever;
    tcp.timeout = ever;
    world.pass(1);
    world.run(follow(&mut tcp, &mut source, &log));
    assert_eq!(log.told(), ["open", "Transport 3000"]);
}

#[test]
fn retry_is_obeyed() {
    let world = World::new();
    world.serve(async |mut server| {
        server.open().await;
        server.send("retry: 90000\n\n").await;
        server.reset().await;
        server.stop().await;
    });
    let (_, log) = world.follow(HERE, |_| {});
    assert_eq!(log.told(), ["open", "Transport 90000"]);
    assert_near(Instant::now().as_millis(), 90_000);
}

/// Each hour a server that is up for 9 s, which is healthy, and then three times for 7 s.
#[test]
fn backoff_grows_until_a_connection_was_healthy_all_day() {
    let world = World::new();
    world.serve(async |mut server| {
        for _ in 0..24 {
            for up in [9, 7, 7, 7] {
                server.open().await;
                pause(up).await;
                server.reset().await;
            }
            server.open().await;
            pause(HOUR).await;
            server.reset().await;
        }
        server.stop().await;
    });
    let (_, log) = world.follow(HERE, |_| {});
    let hour = ["3000", "3000", "6000", "12000", "3000"];
    let hour = hour.map(|delay| ["open".to_owned(), format!("Transport {delay}")]);
    let told = log.told();
    assert_eq!(told.len(), 240);
    for other in told.chunks(10) {
        assert_eq!(other, hour.as_flattened());
    }
    assert!(Instant::now().as_secs() > 24 * HOUR);
}

#[test]
fn a_thousand_clients_do_not_come_back_in_one_moment() {
    let world = World::new();
    world.serve(async |mut server| {
        for _ in 0..30 {
            server.open().await;
            server.send("data: a\n\n").await;
            server.end().await;
        }
        server.stop().await;
    });
    let (_, log) = world.follow(HERE, |policy| {
        policy.healthy_time = core::time::Duration::ZERO;
        policy.jitter_percent = Policy::DEFAULT.jitter_percent;
    });
    let delays = log.told().into_iter().filter_map(|line| {
        let delay = line.strip_prefix("End ")?;
        Some(delay.parse::<u64>().unwrap())
    });
    let delays: Vec<_> = delays.collect();
    assert_eq!(delays.len(), 30);
    assert!(
        delays.iter().all(|delay| (3000..6000).contains(delay)),
        "{delays:?}"
    );
    assert!(delays.iter().any(|delay| *delay < 4000) && delays.iter().any(|delay| *delay > 5000));
    // And it did wait so long.
    let times = log.times_of("open");
    for (pair, delay) in times.windows(2).zip(&delays) {
        assert!(
            (*delay..delay + 200).contains(&(pair[1] - pair[0])),
            "{pair:?} {delay}"
        );
    }
}

// ---- answers ----

#[test]
fn status_204_stops() {
    let world = World::new();
    world.serve(async |mut server| server.stop().await);
    let (stop, log) = world.follow(HERE, |_| {});
    assert_eq!((stop.reason, stop.status), (Reason::NoContent, Some(204)));
    assert_eq!(log.told(), [""; 0]);
}

#[test]
fn a_redirect_leads_to_another_host_at_once() {
    let world = World::new();
    let questions = world.dns(|_| Addresses(vec![SERVER]));
    world.serve(async |mut server| {
        let request = server.accept().await;
        assert_eq!(header(&request, "Host"), Some("sse.test"));
        let location = "Location: http://other.test:8080/s\r\nContent-Length: 0\r\n\r\n";
        server
            .send(&format!("HTTP/1.1 302 Found\r\n{location}"))
            .await;
        server.left().await;
    });
    let mut other = Server::new(world.server, 8080);
    world.spawn(async move {
        let request = other.open().await;
        assert!(request.starts_with("GET /s HTTP/1.1\r\n"));
        assert_eq!(header(&request, "Host"), Some("other.test:8080"));
        other.send("data: there\n\n").await;
        other.left().await;
    });
    let (mut tcp, mut source, log) = world.client(NAMED, |_| {});
    world.run_for(1, follow(&mut tcp, &mut source, &log));
    assert_eq!(log.told(), ["open", " there"]);
    assert_eq!(questions.told(), ["sse.test", "other.test"]);
}

#[test]
fn https_is_refused_and_nothing_is_sent() {
    let world = World::new();
    let (stop, log) = world.follow("https://10.0.0.2/", |_| {});
    assert_eq!(stop.reason, Reason::NoTls);
    assert_eq!(log.told(), [""; 0]);
    assert_eq!(world.cable.from_client(), 0);
}

// ---- DNS ----

#[test]
fn dns_that_fails_is_asked_again() {
    let world = World::new();
    let mut asked = 0;
    let questions = world.dns(move |_| {
        asked += 1;
        if asked <= 4 {
            NoSuchName
        } else {
            Addresses(vec![SERVER])
        }
    });
    world.serve(async |mut server| server.stop().await);
    let (stop, log) = world.follow(NAMED, |_| {});
    assert_eq!(log.told(), ["Connect 3000", "Connect 6000"]);
    assert_eq!(stop.reason, Reason::NoContent);
    let (a, aaaa) = ("sse.test", "AAAA sse.test");
    assert_eq!(questions.told(), [a, aaaa, a, aaaa, a]);
}

#[test]
fn dns_that_is_silent_is_asked_again() {
    let world = World::new();
    world.dns(|_| {
        let silent = Instant::now() < Instant::from_secs(MINUTE);
        if silent {
            Silence
        } else {
            Addresses(vec![SERVER])
        }
    });
    world.serve(async |mut server| server.stop().await);
    let (stop, log) = world.follow(NAMED, |_| {});
    assert_eq!(stop.reason, Reason::NoContent);
    assert_eq!(log.told(), ["ConnectTimeout 3000", "ConnectTimeout 6000"]);
    assert!(Instant::now().as_secs() < 2 * MINUTE);
}

#[test]
fn a_dead_first_address_takes_half_of_the_time() {
    for medium in [Medium::Ip, Medium::Ethernet] {
        let world = World::with(medium, true);
        world.dns(|_| Addresses(vec![DEAD, SERVER]));
        world.serve(async |mut server| server.stop().await);
        let (stop, log) = world.follow(NAMED, |_| {});
        assert_eq!(stop.reason, Reason::NoContent);
        assert_eq!(log.told(), [""; 0]);
        // To give up an attempt may take a second.
        assert!((15..17).contains(&Instant::now().as_secs()));
    }
}

/// An RST to a host that does not answer to ARP any more never leaves.
#[test]
fn a_server_that_has_died_does_not_bar_the_way_to_another() {
    let world = World::with(Medium::Ethernet, true);
    let moved = Rc::new(Cell::new(false));
    let is_elsewhere = Rc::clone(&moved);
    world.dns(move |_| Addresses(vec![if moved.get() { SERVER } else { DEAD }]));
    world.serve(async |mut server| server.stop().await);
    world.spawn(async move {
        pause(2 * MINUTE).await;
        is_elsewhere.set(true);
    });
    let (stop, log) = world.follow(NAMED, |_| {});
    assert_eq!(stop.reason, Reason::NoContent);
    let told = [
        "Connect 3000",
        "Connect 6000",
        "Connect 12000",
        "Connect 24000",
    ];
    assert_eq!(log.told(), told);
}

#[test]
fn an_address_is_no_question_to_the_dns() {
    let world = World::new();
    let questions = world.dns(|_| NoSuchName);
    for url in ["http://10.0.0.9/", "http://[2001:db8::1]/"] {
        world.follow(url, |policy| policy.max_reconnection_attempts = Some(0));
    }
    assert_eq!(questions.told(), [""; 0]);
}

// ---- the caller ----

#[test]
fn the_server_learns_by_rst_that_the_client_has_gone() {
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
fn a_restart_by_the_caller_is_at_once_and_resumes() {
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
    // In the wait, and in the stream.
    world.run_for(10, follow(&mut tcp, &mut source, &log));
    source.restart();
    world.run_for(10, follow(&mut tcp, &mut source, &log));
    source.restart();
    let stop = world.run(follow(&mut tcp, &mut source, &log));
    assert_eq!(stop.reason, Reason::NoContent);
    assert_eq!(log.told(), ["open", "1 a", "Transport 900000", "open"]);
    assert_near(log.times_of("open")[1], 10_000);
    assert_near(Instant::now().as_millis(), 20_000);
}

const EVENTS: usize = 40;

/// Sends the events behind the one that the client has, which come to it in many pieces.
async fn resuming(mut server: Server) {
    loop {
        let request = server.open().await;
        let last = header(&request, "Last-Event-ID").unwrap_or("0");
        let last: usize = last.parse().unwrap();
        if last == EVENTS {
            return server.stop().await;
        }
        for id in last + 1..=EVENTS {
            let event = format!("id: {id}\ndata: {}\n\n", "a".repeat(id * 7 % 50));
            let (first, second) = event.split_at(event.len() / 2);
            server.send(first).await;
            server.send(second).await;
            if id % 10 == 0 {
                pause(1).await;
            }
        }
        server.end().await;
    }
}

fn all_events() -> Vec<String> {
    let events = 1..=EVENTS;
    events
        .map(|id| format!("{id} {}", "a".repeat(id * 7 % 50)))
        .collect()
}

fn events(log: &Log) -> Vec<String> {
    let is_event = |line: &String| line.starts_with(char::is_numeric);
    log.told().into_iter().filter(is_event).collect()
}

/// Drops the future after so many polls.
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

/// Wherever a connection was in the making, the server keeps none.
#[test]
fn dropped_at_any_poll_no_connection_stays() {
    for most in 1..=12 {
        let world = World::new();
        world.serve(async |mut server| {
            server.connected().await;
            // Else it has nobody to leave.
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
fn dropped_at_any_poll_no_event_is_lost_or_doubled() {
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
    assert!(dropped_at > 50, "{dropped_at} polls are too few to tell");
}

#[test]
fn dropped_every_few_polls_no_event_is_lost_or_doubled() {
    for often in 8..30 {
        let world = World::new();
        world.serve(resuming);
        let (mut tcp, mut source, log) = world.client(HERE, |_| {});
        while world
            .run(polls(often, follow(&mut tcp, &mut source, &log)))
            .is_none()
        {}
        assert_eq!(events(&log), all_events(), "dropped every {often} polls");
    }
}

#[test]
fn dropped_after_any_time_no_event_is_lost_or_doubled() {
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

/// Not even the connection is lost.
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

#[test]
fn on_item_may_take_its_time() {
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
fn a_source_closed_by_on_item_stops_at_once() {
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
    assert_eq!(stop.reason, Reason::Closed);
    assert_eq!(Instant::now().as_secs(), 0);
    assert_eq!(source.decoder().last_event_id(), "1");
}

/// Within two steps of the simulated clock, or what a packet takes.
fn assert_near(ms: u64, expected: u64) {
    assert!(
        (expected..expected + 200).contains(&ms),
        "{ms} is not {expected}"
    );
}
