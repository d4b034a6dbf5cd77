//! `StopHandle` ends `blocking::sse` in each of its operations.

use std::io::{ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::thread::{sleep, spawn};
use std::time::Duration;

use super::{NO_CONTENT, OPEN, in_time, read_head, serve};
use embedded_sse::blocking::{Connect, sse};
use embedded_sse::std_net::{Connection, StdTime, StopHandle, TcpConnector};
use embedded_sse::{Decoder, EventSource, Item, Origin, Policy, Request, Stop, StopReason, Url};

/// Follows a URL in a thread until it is stopped by `act`, which is called with each item.
fn follow(
    clock: StdTime,
    url: String,
    body: Option<Vec<u8>>,
    mut act: impl FnMut(&Item<'_>) + Send + 'static,
) -> Stop {
    in_time(move || {
        let mut tcp = TcpConnector::new(&clock);
        let url = Url::parse(&url).unwrap();
        let request = match &body {
            Some(body) => Request::post(url, body),
            None => Request::get(url),
        };
        let mut decoder: Decoder<1024> = Decoder::new();
        let mut source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
        sse(&mut tcp, &clock, &mut source, &mut [0; 4096], |item| {
            act(&item);
            ControlFlow::Continue(())
        })
    })
}

/// Stops when the loop is probably busy with what comes next. If it is not yet, the test passes too.
fn stop_soon(stop: &StopHandle) {
    let stop = stop.clone();
    spawn(move || {
        sleep(Duration::from_millis(100));
        stop.stop();
    });
}

/// A server that accepts a connection and does this with it. Returns its URL.
fn server(act: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    spawn(move || act(listener.accept().unwrap().0));
    url
}

#[test]
fn before_the_loop_starts() {
    let clock = StdTime::new();
    clock.stop_handle().stop();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let stop = follow(clock, url, None, |item| panic!("{item:?}"));
    assert_eq!(stop.reason, StopReason::Closed);
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn while_it_reads_the_head() {
    let clock = StdTime::new();
    let stop = clock.stop_handle();
    let url = server(move |mut tcp| {
        read_head(&mut tcp);
        stop_soon(&stop);
        // Holds the connection until the client closes it.
        read_to_end(tcp);
    });
    let stop = follow(clock, url, None, |item| panic!("{item:?}"));
    assert_eq!(stop.reason, StopReason::Closed);
}

#[test]
fn while_it_reads_a_silent_stream() {
    let clock = StdTime::new();
    let stop = clock.stop_handle();
    let url = server(move |mut tcp| {
        read_head(&mut tcp);
        tcp.write_all(OPEN.as_bytes()).unwrap();
        read_to_end(tcp);
    });
    let stop = follow(clock, url, None, move |item| {
        assert!(matches!(item, Item::Open(_)), "{item:?}");
        stop_soon(&stop);
    });
    assert_eq!(stop.reason, StopReason::Closed);
}

/// The reads of such a stream never time out.
#[test]
fn while_a_stream_never_pauses() {
    let clock = StdTime::new();
    let stop = clock.stop_handle();
    let url = server(move |mut tcp| {
        read_head(&mut tcp);
        tcp.write_all(OPEN.as_bytes()).unwrap();
        while tcp.write_all(b"data: x\n\n").is_ok() {}
    });
    let stop = follow(clock, url, None, move |item| {
        if matches!(item, Item::Open(_)) {
            stop_soon(&stop);
        }
    });
    assert_eq!(stop.reason, StopReason::Closed);
}

#[test]
fn while_it_writes_to_a_server_that_does_not_read() {
    let clock = StdTime::new();
    let stop = clock.stop_handle();
    let url = server(move |mut tcp| {
        read_head(&mut tcp);
        stop_soon(&stop);
        while !stop.is_stopped() {
            sleep(Duration::from_millis(1));
        }
        read_to_end(tcp);
    });
    // Far more than the buffers of two sockets hold.
    let body = vec![b'x'; 64 << 20];
    let stop = follow(clock, url, Some(body), |item| panic!("{item:?}"));
    assert_eq!(stop.reason, StopReason::Closed);
}

#[test]
fn while_it_sleeps_for_an_hour() {
    let clock = StdTime::new();
    let stop = clock.stop_handle();
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n";
    let url = serve("127.0.0.1", Box::leak(Box::new([busy]))).unwrap();
    let stop = follow(clock, url, None, move |item| {
        assert!(matches!(item, Item::Lost(_)), "{item:?}");
        stop_soon(&stop);
    });
    assert_eq!(stop.reason, StopReason::Closed);
}

#[test]
fn from_the_callback_no_further_item_comes() {
    let clock = StdTime::new();
    let stop = clock.stop_handle();
    let stream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n\
                  data: 1\n\ndata: 2\n\ndata: 3\n\n";
    let url = serve("127.0.0.1", Box::leak(Box::new([stream]))).unwrap();
    let stop = follow(clock, url, None, move |item| match item {
        Item::Open(_) => {}
        Item::Event(event) if event.data == "1" => stop.stop(),
        other => panic!("{other:?}"),
    });
    assert_eq!(stop.reason, StopReason::Closed);
}

/// The unit tests of `std_net` show that name resolution and connecting return early. This shows that
/// the loop then ends, also if the transport has just succeeded.
#[test]
fn while_it_connects() {
    struct StopsAndConnects(StopHandle, bool);
    impl Connect for StopsAndConnects {
        type Error = std::io::Error;
        type Io<'c> = Connection<std::io::Empty>;
        fn connect(&mut self, _: Origin<'_>, _: Option<Duration>) -> std::io::Result<Self::Io<'_>> {
            self.0.stop();
            match self.1 {
                true => Ok(Connection::new(std::io::empty())),
                false => Err(ErrorKind::Interrupted.into()),
            }
        }
    }
    for succeeds in [true, false] {
        let stop = in_time(move || {
            let clock = StdTime::new();
            let mut connect = StopsAndConnects(clock.stop_handle(), succeeds);
            let mut decoder: Decoder<1024> = Decoder::new();
            let request = Request::get(Url::parse("http://h/").unwrap());
            let mut source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
            sse(&mut connect, &clock, &mut source, &mut [0; 64], |item| {
                panic!("{item:?}")
            })
        });
        assert_eq!(stop.reason, StopReason::Closed);
    }
}

/// A reason that the source had before stays.
#[test]
fn after_the_source_has_stopped() {
    let clock = StdTime::new();
    let stop = clock.stop_handle();
    let url = serve("127.0.0.1", &[NO_CONTENT]).unwrap();
    let stop = follow(clock, url, None, move |item| {
        assert!(matches!(item, Item::Stopped(_)), "{item:?}");
        stop.stop();
    });
    assert_eq!(stop.reason, StopReason::NoContent);
}

fn read_to_end(mut tcp: TcpStream) {
    // A reset is an end too.
    let _end = std::io::copy(&mut tcp, &mut std::io::sink());
}
