//! The client as in a firmware: with embassy's executor, real time, and only the features that it needs.

use std::mem::size_of_val;
use std::ops::ControlFlow;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use embassy::{Medium, Net, NetRunner, Server, Wire, header, leak};
use embassy_executor::{Executor, Spawner};
use embassy_net::Stack;
use embedded_sse::embassy::{EmbassyTime, TcpBuffers, TcpConnector};
use embedded_sse::io::sse;
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Stop, StopReason, Url};

const DATA: usize = 512;
const META: usize = 32;
const CHUNK: usize = 256;
const RX: usize = 1024;
const TX: usize = 256;

/// The bytes that the client takes in addition to these capacities, with pointers of 8 bytes. On a Cortex-M,
/// the future takes 432 bytes, and everything 936.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    future: usize,
    source: usize,
    decoder: usize,
    tcp: usize,
}

#[test]
fn the_client_runs_in_an_executor_and_needs_little_memory_besides_its_buffers() {
    let (sender, receiver) = channel();
    // The executor never returns. It ends with the process.
    std::thread::spawn(move || {
        let net = Net::new(Medium::Ip, true);
        leak(Executor::new()).run(|spawner| start(spawner, net, sender));
    });
    let limit = Duration::from_secs(30);
    let (stop, lines, sizes) = receiver
        .recv_timeout(limit)
        .expect("the report of the client");
    assert_eq!(stop.reason, StopReason::NoContent);
    assert_eq!(lines, ["1 a", "Transport", "2 b", "End"]);
    println!("{sizes:?}");
    // With pointers of 64 bits. A microcontroller needs about a third less.
    assert!(sizes.future <= 680);
    assert!(sizes.future + sizes.source + sizes.decoder + sizes.tcp <= 1400);
}

type Report = (Stop, Vec<String>, Sizes);

fn start(spawner: Spawner, net: Net, sender: Sender<Report>) {
    for runner in net.runners {
        spawner.spawn(run_net(runner).unwrap());
    }
    for wire in net.wires {
        spawner.spawn(run_wire(wire).unwrap());
    }
    spawner.spawn(serve(net.server).unwrap());
    spawner.spawn(follow(net.client, sender).unwrap());
}

#[embassy_executor::task(pool_size = 2)]
async fn run_net(mut runner: NetRunner) {
    runner.run().await
}

#[embassy_executor::task(pool_size = 2)]
async fn run_wire(wire: Wire) {
    wire.run().await
}

#[embassy_executor::task]
async fn serve(stack: Stack<'static>) {
    let mut server = Server::new(stack, 80);
    server.open().await;
    server.send("retry: 20\nid: 1\ndata: a\n\n").await;
    server.reset().await;
    let request = server.open().await;
    assert_eq!(header(&request, "Last-Event-ID"), Some("1"));
    server.send("id: 2\ndata: b\n\n").await;
    server.end().await;
    server.stop().await;
}

#[embassy_executor::task]
async fn follow(stack: Stack<'static>, sender: Sender<Report>) {
    let mut tcp = TcpConnector::new(stack, leak(TcpBuffers::<RX, TX>::new()));
    let mut decoder = Decoder::<DATA, META>::new();
    let decoder_size = size_of_val(&decoder) - DATA - 4 * META;
    let policy = Policy {
        min_retry: Duration::ZERO,
        ..Policy::DEFAULT
    };
    let request = Request::get(Url::parse("http://10.0.0.2/").unwrap());
    let mut source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
    let (tcp_size, source_size) = (size_of_val(&tcp), size_of_val(&source));
    let mut chunk = [0; CHUNK];
    let mut lines = Vec::new();
    let following = sse(
        &mut tcp,
        &EmbassyTime,
        &mut source,
        &mut chunk,
        async |item| {
            match item {
                Item::Event(event) => lines.push(format!("{} {}", event.last_event_id, event.data)),
                Item::Lost(wait) => lines.push(format!("{:?}", wait.cause)),
                _ => {}
            }
            ControlFlow::Continue(())
        },
    );
    let sizes = Sizes {
        future: size_of_val(&following),
        source: source_size,
        decoder: decoder_size,
        tcp: tcp_size,
    };
    let stop = following.await;
    sender.send((stop, lines, sizes)).unwrap();
}
