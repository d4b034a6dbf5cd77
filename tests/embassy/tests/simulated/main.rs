//! The client with the embassy-net adapter, on a simulated clock. Time passes only when every task waits.

mod application;
mod attempts;
mod dns;
mod dropped;
mod losses;
mod responses;
mod world;

use embassy::{Server, header, pause};
use world::World;

const HERE: &str = "http://10.0.0.2/stream";
const NAMED: &str = "http://sse.test/stream";

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

const EVENTS: usize = 40;

/// Sends the events after the last one that the client has, in many pieces.
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

/// Allows for some steps of the simulated clock, and for the time of a packet.
fn assert_near(ms: u64, expected: u64) {
    assert!(
        (expected..expected + 200).contains(&ms),
        "{ms} is not close to {expected}"
    );
}
