//! Two network stacks with a wire between them, and a client to run on them.

mod dns;
mod server;

use std::cell::{Cell, RefCell};
use std::net::Ipv4Addr;
use std::ops::ControlFlow;
use std::rc::Rc;

use embassy_net::{Config, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use embassy_net_driver_channel as channel;
use embassy_net_driver_channel::driver::{HardwareAddress, LinkState};
use embassy_time::{Duration, Instant, Timer};
use embedded_sse::embassy::{EmbassyTime, TcpBuffers, TcpConnector};
use embedded_sse::io::sse;
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Stop, Url};

pub use dns::Answer;
pub use server::{Left, OPEN, Server, dns, header};

pub const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// The address of the server and of the DNS server.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// An address without a host.
pub const DEAD: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);

const MTU: usize = 1500;
/// The header of an Ethernet frame.
const HEADER: usize = 14;
const FRAME: usize = MTU + HEADER;

pub type NetRunner = Runner<'static, channel::Device<'static, FRAME>>;
pub type Source = EventSource<'static, 1024, 64>;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// Without ARP.
    Ip,
    Ethernet,
}

/// The two stacks, and the tasks that connect them. The memory is leaked, which is fine in a test.
pub struct Net {
    pub client: Stack<'static>,
    pub server: Stack<'static>,
    pub runners: [NetRunner; 2],
    pub wires: [Wire; 2],
    pub cable: Rc<Cable>,
}

impl Net {
    /// If not `configured`, the client has no address yet.
    pub fn new(medium: Medium, configured: bool) -> Self {
        let (client, client_runner, client_end) = end(medium, 1);
        let (server, server_runner, server_end) = end(medium, 2);
        server.set_config_v4(config(SERVER).ipv4);
        if configured {
            client.set_config_v4(config(CLIENT).ipv4);
        }
        let (client_link, client_rx, client_tx) = client_end.split();
        let (server_link, server_rx, server_tx) = server_end.split();
        server_link.set_link_state(LinkState::Up);
        let cable = Rc::new(Cable {
            client: client_link,
            cut: Cell::new(false),
            from_client: Cell::new(0),
        });
        cable.plug();
        let wire = |from, to, is_client| Wire {
            from,
            to,
            cable: Rc::clone(&cable),
            is_client,
        };
        Self {
            client,
            server,
            runners: [client_runner, server_runner],
            wires: [
                wire(client_tx, server_rx, true),
                wire(server_tx, client_rx, false),
            ],
            cable,
        }
    }
}

fn end(medium: Medium, number: u8) -> (Stack<'static>, NetRunner, channel::Runner<'static, FRAME>) {
    let state = leak(channel::State::<FRAME, 8, 8>::new());
    let address = match medium {
        Medium::Ip => HardwareAddress::Ip,
        Medium::Ethernet => HardwareAddress::Ethernet([2, 0, 0, 0, 0, number]),
    };
    let (end, device) = channel::new(state, address);
    let resources = leak(StackResources::<6>::new());
    let (stack, runner) = embassy_net::new(device, Config::default(), resources, number.into());
    (stack, runner, end)
}

pub fn config(address: Ipv4Addr) -> Config {
    Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(address, 24),
        gateway: None,
        dns_servers: [SERVER].into_iter().collect(),
    })
}

pub fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

/// The connection between the two stacks, and what a test can do to it.
pub struct Cable {
    client: channel::StateRunner<'static>,
    cut: Cell<bool>,
    from_client: Cell<usize>,
}

impl Cable {
    /// From now on, packets are lost silently.
    pub fn cut(&self) {
        self.cut.set(true);
    }

    pub fn heal(&self) {
        self.cut.set(false);
    }

    /// The client's link goes up.
    pub fn plug(&self) {
        self.heal();
        self.client.set_link_state(LinkState::Up);
    }

    /// The client's link goes down.
    pub fn unplug(&self) {
        self.cut();
        self.client.set_link_state(LinkState::Down);
    }

    /// The number of packets that the client has sent.
    pub fn from_client(&self) -> usize {
        self.from_client.get()
    }
}

/// One direction of the cable.
pub struct Wire {
    from: channel::TxRunner<'static, FRAME>,
    to: channel::RxRunner<'static, FRAME>,
    cable: Rc<Cable>,
    is_client: bool,
}

impl Wire {
    pub async fn run(mut self) {
        loop {
            let packet = self.from.tx_buf().await;
            if self.is_client {
                self.cable.from_client.update(|packets| packets + 1);
            }
            if !self.cable.cut.get() {
                self.to.rx_buf().await[..packet.len()].copy_from_slice(packet);
                self.to.rx_done(packet.len());
            }
            self.from.tx_done();
        }
    }
}

/// Lines of text, each with the milliseconds since the start.
#[derive(Clone, Default)]
pub struct Log(Rc<RefCell<Vec<(u64, String)>>>);

impl Log {
    pub fn push(&self, line: String) {
        let now = Instant::now().as_millis();
        self.0.borrow_mut().push((now, line));
    }

    pub fn told(&self) -> Vec<String> {
        self.0
            .borrow()
            .iter()
            .map(|(_, line)| line.clone())
            .collect()
    }

    /// The times of the lines that begin with this text.
    pub fn times_of(&self, start: &str) -> Vec<u64> {
        let lines = self.0.borrow();
        let lines = lines.iter().filter(|(_, line)| line.starts_with(start));
        lines.map(|(time, _)| *time).collect()
    }
}

pub fn tcp(stack: Stack<'static>) -> TcpConnector<'static> {
    TcpConnector::new(stack, leak(TcpBuffers::<1024, 256>::new()))
}

/// A source without jitter, whose policy `change` may change.
pub fn source(url: &'static str, change: impl FnOnce(&mut Policy)) -> Source {
    let mut policy = Policy {
        jitter_percent: 0,
        ..Policy::DEFAULT
    };
    change(&mut policy);
    let request = Request::get(Url::parse(url).unwrap());
    EventSource::new(request, policy, 1, leak(Decoder::new())).unwrap()
}

/// The canonical loop. It logs each item.
pub async fn follow(tcp: &mut TcpConnector<'_>, source: &mut Source, log: &Log) -> Stop {
    let mut told = None;
    let stop = sse(tcp, &EmbassyTime, source, &mut [0; 256], async |item| {
        match item {
            Item::Stopped(stop) => told = Some(stop),
            _ => log.push(line_of(item)),
        }
        ControlFlow::Continue(())
    })
    .await;
    assert_eq!(told, Some(stop), "the last item is the stop");
    stop
}

fn line_of(item: Item<'_>) -> String {
    match item {
        Item::Open(_) => "open".into(),
        Item::Event(event) => format!("{} {}", event.last_event_id, event.data),
        Item::Lost(wait) => format!("{:?} {}", wait.cause, wait.delay.as_millis()),
        other => format!("{other:?}"),
    }
}

pub async fn pause(seconds: u64) {
    Timer::after(Duration::from_secs(seconds)).await;
}
