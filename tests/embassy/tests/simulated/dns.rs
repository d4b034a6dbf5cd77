//! DNS: failures, silence, and hosts with several addresses.

use std::cell::Cell;
use std::rc::Rc;

use embassy::Answer::{Addresses, NoSuchName, Silence};
use embassy::{DEAD, Medium, SERVER, pause};
use embassy_time::Instant;
use embedded_sse::StopReason;

use crate::{MINUTE, NAMED, World};

#[test]
fn a_name_that_does_not_exist_is_asked_for_again() {
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
    assert_eq!(stop.reason, StopReason::NoContent);
    let (a, aaaa) = ("sse.test", "AAAA sse.test");
    assert_eq!(questions.told(), [a, aaaa, a, aaaa, a]);
}

#[test]
fn a_silent_dns_server_is_asked_again() {
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
    assert_eq!(stop.reason, StopReason::NoContent);
    assert_eq!(log.told(), ["ConnectTimeout 3000", "ConnectTimeout 6000"]);
    assert!(Instant::now().as_secs() < 2 * MINUTE);
}

#[test]
fn a_dead_first_address_takes_at_most_half_of_the_timeout() {
    for medium in [Medium::Ip, Medium::Ethernet] {
        let world = World::with(medium, true);
        world.dns(|_| Addresses(vec![DEAD, SERVER]));
        world.serve(async |mut server| server.stop().await);
        let (stop, log) = world.follow(NAMED, |_| {});
        assert_eq!(stop.reason, StopReason::NoContent);
        assert_eq!(log.told(), [""; 0]);
        // Giving up a connection may take a second.
        assert!((15..17).contains(&Instant::now().as_secs()));
    }
}

#[test]
fn each_address_gets_an_equal_share_of_the_timeout() {
    let world = World::new();
    world.dns(|_| Addresses(vec![DEAD, DEAD, SERVER]));
    world.serve(async |mut server| server.stop().await);
    let (stop, log) = world.follow(NAMED, |_| {});
    assert_eq!(stop.reason, StopReason::NoContent);
    assert_eq!(log.told(), [""; 0]);
    // Two thirds of 30 s. Giving up a connection may take a second.
    assert!((20..23).contains(&Instant::now().as_secs()));
}

/// An RST to a host that no longer answers ARP is never sent.
#[test]
fn a_server_that_has_died_does_not_block_the_next_connection() {
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
    assert_eq!(stop.reason, StopReason::NoContent);
    let told = [
        "Connect 3000",
        "Connect 6000",
        "Connect 12000",
        "Connect 24000",
    ];
    assert_eq!(log.told(), told);
}

#[test]
fn an_address_causes_no_dns_query() {
    let world = World::new();
    let questions = world.dns(|_| NoSuchName);
    for url in ["http://10.0.0.9/", "http://[2001:db8::1]/"] {
        world.follow(url, |policy| policy.max_reconnection_attempts = Some(0));
    }
    assert_eq!(questions.told(), [""; 0]);
}
