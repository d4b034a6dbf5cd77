//! Attempts: refused connections, dead servers, networks that are down, and delays.

use std::rc::Rc;

use embassy::{CLIENT, Medium, config, follow, pause};
use embassy_time::Instant;
use embedded_sse::{Policy, StopReason};

use crate::{HERE, HOUR, MINUTE, World, assert_near};

#[test]
fn a_refused_connection_is_retried_with_back_off() {
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
fn a_server_that_never_answers_is_given_up_after_25_s() {
    let world = World::new();
    let (stop, log) = world.follow("http://10.0.0.9/", |policy| {
        policy.max_reconnection_attempts = Some(2);
    });
    assert_eq!(stop.reason, StopReason::Attempts);
    assert_eq!(log.told(), ["Connect 3000", "Connect 6000"]);
    assert_near(log.times_of("Connect")[0], 25_000);
}

#[test]
fn a_dead_server_is_given_up_even_without_a_connect_timeout() {
    let world = World::new();
    let (stop, _) = world.follow("http://10.0.0.9/", |policy| {
        policy.connect_timeout = None;
        policy.max_reconnection_attempts = Some(1);
    });
    assert_eq!(stop.reason, StopReason::Attempts);
    assert!(Instant::now().as_secs() < MINUTE);
}

#[test]
fn a_network_that_comes_up_late_costs_no_attempt() {
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
        assert_eq!(stop.reason, StopReason::NoContent);
        assert_eq!(log.told(), [""; 0]);
        assert_near(Instant::now().as_millis(), 10 * MINUTE * 1000);
    }
}

/// The stack has only one waker for all tasks that wait for the network.
#[test]
fn two_clients_that_wait_for_a_network_do_not_keep_waking_each_other() {
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
fn a_link_that_goes_down_costs_at_most_one_attempt() {
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
    assert_eq!(stop.reason, StopReason::NoContent);
    assert_eq!(log.told(), ["open", "Transport 3000"]);
}

#[test]
fn a_time_that_does_not_fit_means_no_timeout() {
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

/// In each hour, the server is up for 9 s, which is healthy, and then three times for 7 s.
#[test]
fn the_back_off_grows_until_a_connection_is_healthy() {
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
fn the_delays_are_spread_over_the_range_of_the_jitter() {
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
    // The client really waited for these times.
    let times = log.times_of("open");
    for (pair, delay) in times.windows(2).zip(&delays) {
        assert!(
            (*delay..delay + 200).contains(&(pair[1] - pair[0])),
            "{pair:?} {delay}"
        );
    }
}
