//! `std_net::TcpConnector` and `StdTime`, through `blocking::sse`.

use std::net::TcpListener;
use std::ops::ControlFlow;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::{NO_CONTENT, in_time, nobody, serve};
use embedded_sse::blocking::{Clock, Connect, sse};
use embedded_sse::std_net::{StdTime, TcpConnector};
use embedded_sse::{Decoder, EventSource, Item, Origin, Policy, Request, Scheme, Stop, Url};

/// Follows a URL until the source stops. Returns the data of the events, and the errors of attempts.
fn follow(url: String, policy: Policy) -> (Vec<String>, Vec<String>, Stop) {
    in_time(move || {
        let clock = StdTime::new();
        let mut tcp = TcpConnector::new(&clock);
        let (sender, errors) = channel();
        tcp.set_on_error(move |origin, error| {
            let _ = sender.send(format!("{origin}: {:?}", error.kind()));
        });
        let mut decoder: Decoder<1024> = Decoder::new();
        let request = Request::get(Url::parse(&url).unwrap());
        let mut source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
        let mut events = Vec::new();
        let stop = sse(&mut tcp, &clock, &mut source, &mut [0; 512], |item| {
            if let Item::Event(event) = item {
                events.push(event.data.to_owned());
            }
            ControlFlow::Continue(())
        });
        (events, errors.try_iter().collect(), stop)
    })
}

fn quick() -> Policy {
    Policy {
        reconnection_time: Duration::ZERO,
        jitter_percent: 0,
        max_reconnection_attempts: Some(1),
        ..Policy::DEFAULT
    }
}

const EVENT: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: a\n\n";

#[test]
fn follows_a_stream_over_ipv4_ipv6_and_a_name() {
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
        let (events, errors, stop) = follow(url, quick());
        assert_eq!(events, ["a"], "{host}");
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(stop.status, Some(204), "{host}");
    }
}

#[test]
fn the_error_of_an_attempt_is_reported() {
    let (nobody, _socket) = nobody();
    let (_, errors, _) = follow(format!("http://{nobody}/"), quick());
    let refused = format!("http://{nobody}: ConnectionRefused");
    assert_eq!(errors, [refused.clone(), refused]);
}

#[test]
fn https_is_never_sent_in_clear_text() {
    let clock = StdTime::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = Origin {
        scheme: Scheme::Https,
        host: "127.0.0.1",
        port: listener.local_addr().unwrap().port(),
    };
    let mut tcp = TcpConnector::new(&clock);
    let error = tcp.connect(origin, None).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
}

#[test]
fn the_connection_has_keep_alive_and_no_delay() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let clock = StdTime::new();
    let origin = Origin {
        scheme: Scheme::Http,
        host: "127.0.0.1",
        port: listener.local_addr().unwrap().port(),
    };
    let tcp = TcpConnector::new(&clock).open(origin, None).unwrap();
    assert!(tcp.nodelay().unwrap());
    assert!(tcp.read_timeout().unwrap().is_some() && tcp.write_timeout().unwrap().is_some());
    let options = socket2::SockRef::from(&tcp);
    assert!(options.keepalive().unwrap());
}

#[test]
fn a_sleep_lasts_until_its_time_and_clones_tell_the_same_time() {
    let clock = StdTime::new();
    let time = clock.now() + Duration::from_millis(20);
    clock.clone().sleep_until(time);
    assert!(clock.now() >= time);
    // It has passed.
    clock.sleep_until(Duration::ZERO);
}
