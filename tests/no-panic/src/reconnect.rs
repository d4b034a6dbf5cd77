use core::hint::black_box;

use embedded_sse::{Loss, Policy, Reconnect};

use crate::input;

pub fn every_call() {
    let mut reconnect = any();
    loop {
        let reconnect = black_box(&mut reconnect);
        match input::byte() {
            0 => reconnect.connecting(input::time()),
            1 => reconnect.opened(input::time()),
            2 => reconnect.received(input::time()),
            3 => reconnect.delivered(),
            4 => reconnect.set_reconnection_time(input::time()),
            5 => {
                let loss = match input::byte() {
                    0 => Loss::End,
                    1 => Loss::Close,
                    _ => Loss::Cut,
                };
                let retry_after = input::option(input::time());
                black_box(reconnect.lost(loss, retry_after, input::time()));
            }
            6 => {
                black_box(reconnect.deadline());
                black_box(reconnect.is_due(input::time()));
            }
            7 => reconnect.reset(),
            8 => reconnect.connected(input::time()),
            _ => return,
        }
    }
}

/// A timer with an arbitrary policy, seed and number of failures.
fn any() -> Reconnect {
    let mut reconnect = Reconnect::new(policy(), input::number() as u32);
    reconnect.set_failures(input::number() as u32);
    reconnect
}

pub fn policy() -> Policy {
    Policy {
        reconnection_time: input::time(),
        max_reconnection_attempts: input::option(input::number() as u32),
        max_delay: input::time(),
        jitter_percent: input::byte(),
        min_retry: input::time(),
        max_retry: input::time(),
        healthy_time: input::time(),
        idle_timeout: input::option(input::time()),
        connect_timeout: input::option(input::time()),
        response_timeout: input::option(input::time()),
    }
}
