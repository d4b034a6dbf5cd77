//! The simulation of the example `fleet`, with fewer clients. The results depend on the ratio of clients to
//! server capacity, which is the same.

#[path = "../../examples/fleet/cases.rs"]
mod cases;
#[path = "../../examples/fleet/policies.rs"]
mod policies;
#[path = "../../examples/fleet/world.rs"]
mod world;

use cases::{CUTS, LIVES, availability, crash_loop, outage, overload_loop, polling};
use embedded_sse::Policy;
use policies::Kind;

const CLIENTS: u32 = if cfg!(debug_assertions) {
    4_000
} else {
    10_000
};

/// For cases where the server has capacity for all clients, so that they do not affect each other.
const FEW: u32 = if cfg!(debug_assertions) { 150 } else { 300 };

#[test]
fn streams_behind_a_load_balancer_are_connected_most_of_the_time() {
    for (seconds, least) in CUTS.into_iter().zip([65.0, 85.0, 89.0, 91.0]) {
        let percent = availability(Kind::Crate, FEW, seconds);
        assert!(percent >= least, "{seconds} s: {percent} %");
        // A fixed delay without jitter gives the best availability possible.
        assert!(percent < availability(Kind::Fixed, FEW, seconds));
        let percent = availability(Kind::LaunchDarkly, FEW, seconds);
        assert!(percent < least, "{seconds} s: {percent} %");
    }
}

#[test]
fn the_load_after_an_outage_of_a_second_is_limited() {
    let outage = outage(Kind::Crate, CLIENTS, 1);
    assert!(outage.peak() <= 21.0, "{}", outage.peak());
    assert!(outage.refused < 3.5, "{}", outage.refused);
}

#[test]
fn the_load_after_an_outage_of_ten_minutes_is_limited() {
    let outage = outage(Kind::Crate, CLIENTS, 600);
    assert!(outage.peak() <= 2.3, "{}", outage.peak());
    assert!(outage.refused < 1.0, "{}", outage.refused);
}

#[test]
fn all_clients_are_back_in_twice_the_time_that_the_server_needs() {
    for seconds in [1, 600] {
        let outage = outage(Kind::Crate, CLIENTS, seconds);
        assert!(outage.until_most <= 90.0, "{}", outage.until_most);
        assert!(outage.until_all <= 120.0, "{}", outage.until_all);
    }
}

/// The control: the simulation can tell policies apart.
#[test]
fn a_fixed_delay_exceeds_the_limits_of_the_load() {
    for seconds in [1, 600] {
        let outage = outage(Kind::Fixed, CLIENTS, seconds);
        assert!(outage.peak() > 50.0, "{}", outage.peak());
        assert!(outage.until_all > 600.0, "{}", outage.until_all);
    }
    assert!(polling(Kind::Fixed, CLIENTS) > 15.0);
    assert!(crash_loop(Kind::Fixed, FEW) > 700.0);
    for lives in LIVES {
        assert_eq!(overload_loop(Kind::Fixed, CLIENTS, lives), None);
    }
}

#[test]
fn a_crash_loop_slows_the_fleet_down() {
    let attempts = crash_loop(Kind::Crate, FEW);
    assert!(attempts < 120.0, "{attempts}");
}

/// A server that crashes after the healthy time looks like a load balancer that cuts streams.
#[test]
fn a_crash_loop_by_overload_ends_if_the_server_crashes_within_the_healthy_time() {
    for lives in LIVES {
        let end = overload_loop(Kind::Crate, CLIENTS, lives);
        let is_over = end.is_some_and(|seconds| seconds < 120.0);
        let is_short = lives < Policy::DEFAULT.healthy_time.as_secs() as u32;
        assert_eq!(is_over, is_short, "{lives} s: {end:?}");
    }
}

#[test]
fn polling_at_most_doubles_the_load_that_a_server_can_answer() {
    let load = polling(Kind::Crate, CLIENTS);
    assert!(load < 2.3, "{load}");
}
