//! Rules: idle, connect timeout, response timeout. Also the deadline of a wait.

use std::time::Duration;

use embedded_sse::{Loss, Policy, Reconnect};

use super::{PLAIN, ms, plain, secs};

#[test]
fn idle_is_off_unless_set() {
    let mut reconnect = plain();
    reconnect.opened(secs(1));
    assert_eq!(reconnect.deadline(), None);
    assert!(!reconnect.is_due(Duration::MAX));
}

#[test]
fn idle_timeout_starts_at_the_last_byte() {
    let policy = Policy {
        idle_timeout: Some(secs(10)),
        ..PLAIN
    };
    let mut reconnect = Reconnect::new(policy, 1);
    reconnect.opened(secs(1));
    assert_eq!(reconnect.deadline(), Some(secs(11)));
    reconnect.received(secs(8));
    reconnect.delivered();
    assert_eq!(reconnect.deadline(), Some(secs(18)));
    assert!(!reconnect.is_due(ms(17_999)));
    assert!(reconnect.is_due(secs(18)));
}

#[test]
fn connect_timeout_starts_at_the_start_of_the_attempt() {
    let mut reconnect = plain();
    assert_eq!(reconnect.deadline(), None);
    reconnect.connecting(secs(5));
    reconnect.received(secs(20));
    reconnect.delivered();
    assert_eq!(reconnect.deadline(), Some(secs(35)));
    assert!(!reconnect.is_due(ms(34_999)));
    assert!(reconnect.is_due(secs(35)));
}

#[test]
fn response_timeout_starts_at_the_connection() {
    let mut reconnect = plain();
    reconnect.connecting(secs(5));
    reconnect.connected(secs(34));
    reconnect.received(secs(40));
    assert_eq!(reconnect.deadline(), Some(secs(334)));
    reconnect.opened(secs(300));
    assert_eq!(reconnect.deadline(), None);
}

#[test]
fn response_timeout_can_be_off() {
    let policy = Policy {
        response_timeout: None,
        ..PLAIN
    };
    let mut reconnect = Reconnect::new(policy, 1);
    reconnect.connecting(secs(5));
    reconnect.connected(secs(6));
    assert_eq!(reconnect.deadline(), None);
}

#[test]
fn connect_timeout_can_be_off() {
    let policy = Policy {
        connect_timeout: None,
        ..PLAIN
    };
    let mut reconnect = Reconnect::new(policy, 1);
    reconnect.connecting(secs(5));
    assert_eq!(reconnect.deadline(), None);
}

#[test]
fn a_wait_is_due_when_it_is_over() {
    let mut reconnect = plain();
    reconnect.connecting(secs(0));
    reconnect.lost(Loss::Cut, None, secs(10));
    assert_eq!(reconnect.deadline(), Some(secs(13)));
    assert!(!reconnect.is_due(ms(12_999)));
    assert!(reconnect.is_due(secs(13)));
}
