//! The example `fleet` with fewer clients. N/C, which the results depend on, is the same.

#[path = "../../examples/fleet/cases.rs"]
mod cases;
#[path = "../../examples/fleet/policies.rs"]
mod policies;
#[path = "../../examples/fleet/world.rs"]
mod world;

use cases::{CUTS, LIVES, availability, crash_loop, outage, overload_loop, polling};
use embedded_sse::Policy;
use policies::Kind;

const CLIENTS: u32 = 10_000;

/// For the cases in which the server has room for all, so that the clients do not affect each other.
const FEW: u32 = 300;

#[test]
fn streams_behind_a_load_balancer_are_connected_most_of_the_time() {
    for (seconds, least) in CUTS.into_iter().zip([65.0, 85.0, 89.0, 91.0]) {
        let percent = availability(Kind::Crate, FEW, seconds);
        assert!(percent >= least, "{seconds} s: {percent} %");
        // Waits of the base alone, without jitter, are the most that is possible.
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
fn the_fleet_returns_in_twice_the_time_that_the_server_needs() {
    for seconds in [1, 600] {
        let outage = outage(Kind::Crate, CLIENTS, seconds);
        assert!(outage.until_most <= 90.0, "{}", outage.until_most);
        assert!(outage.until_all <= 120.0, "{}", outage.until_all);
    }
}

/// Shows that the simulation can tell.
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

/// A server that lives for longer than the healthy time looks like a load balancer's cut.
#[test]
fn a_crash_loop_by_overload_ends_if_the_server_lives_for_less_than_the_healthy_time() {
    for lives in LIVES {
        let end = overload_loop(Kind::Crate, CLIENTS, lives);
        let is_over = end.is_some_and(|seconds| seconds < 120.0);
        let is_short = lives < Policy::DEFAULT.healthy_time.as_secs() as u32;
        assert_eq!(is_over, is_short, "{lives} s: {end:?}");
    }
}

#[test]
fn a_polling_server_is_asked_twice_as_often_as_it_can_answer() {
    let load = polling(Kind::Crate, CLIENTS);
    assert!(load < 2.3, "{load}");
}
