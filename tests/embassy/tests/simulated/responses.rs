//! Responses that do not open a stream.

use embassy::Answer::Addresses;
use embassy::{SERVER, Server, follow, header};
use embedded_sse::StopReason;

use crate::{HERE, NAMED, World};

#[test]
fn status_204_stops() {
    let world = World::new();
    world.serve(async |mut server| server.stop().await);
    let (stop, log) = world.follow(HERE, |_| {});
    assert_eq!(
        (stop.reason, stop.status),
        (StopReason::NoContent, Some(204))
    );
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
fn https_stops_before_anything_is_sent() {
    let world = World::new();
    let (stop, log) = world.follow("https://10.0.0.2/", |_| {});
    assert_eq!(stop.reason, StopReason::NoTls);
    assert_eq!(log.told(), [""; 0]);
    assert_eq!(world.cable.from_client(), 0);
}
