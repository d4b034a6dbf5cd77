//! `tokio_net::TcpConnector` and `TokioTime`, through `io::sse`.

use std::net::TcpListener;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::{NO_CONTENT, PATIENCE, nobody, serve};
use embedded_sse::io::{Clock, Connect, sse};
use embedded_sse::tokio_net::{TcpConnector, TokioTime};
use embedded_sse::{Decoder, EventSource, Item, Origin, Policy, Request, Scheme, Stop, Url};

const EVENT: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\n";

/// Follows a URL until the source stops. Returns the data of the events, and the errors of attempts.
async fn follow(url: String) -> (Vec<String>, Vec<String>, Stop) {
    let mut tcp = TcpConnector::new();
    let (sender, errors) = channel();
    tcp.set_on_error(move |origin, error| {
        let _ = sender.send(format!("{origin}: {:?}", error.kind()));
    });
    let mut decoder: Decoder<1024> = Decoder::new();
    let request = Request::get(Url::parse(&url).unwrap());
    let policy = Policy {
        reconnection_time: Duration::ZERO,
        jitter_percent: 0,
        max_reconnection_attempts: Some(1),
        ..Policy::DEFAULT
    };
    let mut source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
    let (sender, events) = channel();
    let mut chunk = [0; 512];
    let on_item = async move |item: Item<'_>| {
        if let Item::Event(event) = item {
            sender.send(event.data.to_owned()).unwrap();
        }
        ControlFlow::Continue(())
    };
    let stop = sse(
        &mut tcp,
        &TokioTime::new(),
        &mut source,
        &mut chunk,
        on_item,
    )
    .await;
    let all = |received: Receiver<String>| received.try_iter().collect();
    (all(events), all(errors), stop)
}

/// `tokio::spawn` takes only futures that are `Send`.
#[tokio::test]
async fn the_future_is_send_and_follows_a_stream_over_ipv4_ipv6_and_a_name() {
    for host in ["127.0.0.1", "::1", "localhost"] {
        let Ok(url) = serve(host, &[EVENT, NO_CONTENT]) else {
            // Not every machine has IPv6.
            assert_eq!(host, "::1");
            continue;
        };
        let url = match host {
            "localhost" => url.replace("127.0.0.1", host).replace("[::1]", host),
            _ => url,
        };
        let followed = tokio::time::timeout(PATIENCE, tokio::spawn(follow(url)));
        let (events, errors, stop) = followed.await.unwrap().unwrap();
        assert_eq!(events, ["a"], "{host}");
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(stop.status, Some(204), "{host}");
    }
}

#[tokio::test]
async fn the_error_of_an_attempt_is_reported() {
    let (nobody, _socket) = nobody();
    let (_, errors, _) = follow(format!("http://{nobody}/")).await;
    let refused = format!("http://{nobody}: ConnectionRefused");
    assert_eq!(errors, [refused.clone(), refused]);
}

#[tokio::test]
async fn https_is_never_sent_in_clear_text() {
    let origin = Origin {
        scheme: Scheme::Https,
        host: "127.0.0.1",
        port: 1,
    };
    let error = TcpConnector::new().connect(origin, None).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
}

#[tokio::test]
async fn the_connection_has_keep_alive_and_no_delay() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = Origin {
        scheme: Scheme::Http,
        host: "127.0.0.1",
        port: listener.local_addr().unwrap().port(),
    };
    let tcp = TcpConnector::new().open(origin).await.unwrap();
    assert!(tcp.nodelay().unwrap());
    assert!(socket2::SockRef::from(&tcp).keepalive().unwrap());
}

/// A server's `Retry-After` can ask for this.
#[tokio::test]
async fn a_sleep_of_any_length_does_not_overflow() {
    let clock = TokioTime::new();
    let endless = clock.sleep_until(Duration::MAX);
    let time = clock.now() + Duration::from_millis(20);
    tokio::select! {
        () = endless => panic!("it ended"),
        () = clock.sleep_until(time) => assert!(clock.now() >= time),
    }
}
