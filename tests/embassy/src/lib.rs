//! Two network stacks with a wire between them, and what stands on the server's.

use std::cell::{Cell, RefCell};
use std::net::Ipv4Addr;
use std::ops::ControlFlow;
use std::rc::Rc;

use embassy_net::tcp::TcpSocket;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{Config, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use embassy_net_driver_channel as channel;
use embassy_net_driver_channel::driver::{HardwareAddress, LinkState};
use embassy_time::{Duration, Instant, Timer};
use embedded_sse::embassy::{EmbassyTime, TcpBuffers, TcpConnector};
use embedded_sse::io::sse;
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Stop, Url};

pub const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// The server and the DNS server.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// Nobody has this address.
pub const DEAD: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);

pub const OPEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
pub const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";

const MTU: usize = 1500;
/// Of an Ethernet frame.
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

/// All that has to run for the two stacks to reach each other. Memory is leaked: it is a test's.
pub struct Net {
    pub client: Stack<'static>,
    pub server: Stack<'static>,
    pub runners: [NetRunner; 2],
    pub wires: [Wire; 2],
    pub cable: Rc<Cable>,
}

impl Net {
    /// The client has no address yet if `configured` says so.
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

/// What can be done to the network.
pub struct Cable {
    client: channel::StateRunner<'static>,
    cut: Cell<bool>,
    from_client: Cell<usize>,
}

impl Cable {
    /// From now on packets are lost, and nobody is told.
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

    /// So many packets the client has sent.
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

/// An HTTP server that has one connection at a time and does what the test says.
pub struct Server {
    socket: TcpSocket<'static>,
    port: u16,
}

/// How a client has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    Fin,
    Rst,
}

impl Server {
    pub fn new(stack: Stack<'static>, port: u16) -> Self {
        let socket = TcpSocket::new(stack, leak([0; 4096]), leak([0; 4096]));
        Self { socket, port }
    }

    /// Forgets the connection that it has, waits for another, and does not read from it.
    pub async fn connected(&mut self) {
        self.reset().await;
        self.socket.accept(self.port).await.unwrap();
    }

    /// Waits for a connection and returns its request.
    pub async fn accept(&mut self) -> String {
        loop {
            self.connected().await;
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n")
                && matches!(self.socket.read(&mut byte).await, Ok(1))
            {
                request.push(byte[0]);
            }
            // Else the client has thought better of it.
            if request.ends_with(b"\r\n\r\n") {
                return String::from_utf8(request).unwrap();
            }
        }
    }

    /// Waits for a connection and opens the stream.
    pub async fn open(&mut self) -> String {
        let request = self.accept().await;
        self.send(OPEN).await;
        request
    }

    /// Sends what the client takes.
    pub async fn send(&mut self, text: &str) {
        let mut bytes = text.as_bytes();
        while let Ok(sent @ 1..) = self.socket.write(bytes).await {
            bytes = &bytes[sent..];
            if bytes.is_empty() {
                let _done = self.socket.flush().await;
                return;
            }
        }
    }

    /// Answers the next request so that the client stops.
    pub async fn stop(&mut self) {
        self.accept().await;
        self.send(NO_CONTENT).await;
        self.left().await;
    }

    pub async fn end(&mut self) {
        self.socket.close();
        let _done = self.socket.flush().await;
    }

    pub async fn reset(&mut self) {
        self.socket.abort();
        let _done = self.socket.flush().await;
    }

    /// Waits until the client leaves.
    pub async fn left(&mut self) -> Left {
        let mut byte = [0];
        loop {
            match self.socket.read(&mut byte).await {
                Ok(0) => return Left::Fin,
                Ok(_) => {}
                Err(_) => return Left::Rst,
            }
        }
    }
}

/// The value of a header of a request.
pub fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    let mut lines = request
        .split("\r\n")
        .filter_map(|line| line.split_once(": "));
    lines.find_map(|(other, value)| (other == name).then_some(value))
}

/// What the DNS server says to a question.
#[derive(Clone)]
pub enum Answer {
    Silence,
    NoSuchName,
    Addresses(Vec<Ipv4Addr>),
}

/// Answers each question as `answer` says, which gets the name, and writes it down.
pub async fn dns(stack: Stack<'static>, mut answer: impl FnMut(&str) -> Answer) {
    let meta = || leak([PacketMetadata::EMPTY; 4]);
    let mut socket = UdpSocket::new(stack, meta(), leak([0; 2048]), meta(), leak([0; 2048]));
    socket.bind(53).unwrap();
    let mut packet = [0; 512];
    loop {
        let (len, from) = socket.recv_from(&mut packet).await.unwrap();
        let mut reply = packet[..len].to_vec();
        let (flags, addresses) = match answer(&name(&packet[12..len])) {
            Answer::Silence => continue,
            Answer::NoSuchName => ([0x81, 0x83], Vec::new()),
            Answer::Addresses(addresses) => ([0x81, 0x80], addresses),
        };
        reply[2..4].copy_from_slice(&flags);
        reply[7] = addresses.len() as u8;
        for address in addresses {
            // The name of the question, type A, class IN, a TTL of 0, 4 bytes.
            reply.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
            reply.extend(address.octets());
        }
        socket.send_to(&reply, from).await.unwrap();
    }
}

/// A question's name, behind its type unless that is A.
fn name(mut question: &[u8]) -> String {
    let mut labels = Vec::new();
    while let [len, rest @ ..] = question
        && *len > 0
    {
        let (label, rest) = rest.split_at((*len).into());
        labels.push(String::from_utf8_lossy(label).into_owned());
        question = rest;
    }
    let kind = if question[2] == 1 { "" } else { "AAAA " };
    format!("{kind}{}", labels.join("."))
}

/// What the application was told, each after so many milliseconds since the start.
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

    /// The times of the lines that begin so.
    pub fn times_of(&self, start: &str) -> Vec<u64> {
        let lines = self.0.borrow();
        let lines = lines.iter().filter(|(_, line)| line.starts_with(start));
        lines.map(|(time, _)| *time).collect()
    }
}

pub fn tcp(stack: Stack<'static>) -> TcpConnector<'static> {
    TcpConnector::new(stack, leak(TcpBuffers::<1024, 256>::new()))
}

/// Without jitter, but for what `change` does.
pub fn source(url: &'static str, change: impl FnOnce(&mut Policy)) -> Source {
    let mut policy = Policy {
        jitter_percent: 0,
        ..Policy::DEFAULT
    };
    change(&mut policy);
    let request = Request::get(Url::parse(url).unwrap());
    EventSource::new(request, policy, 1, leak(Decoder::new())).unwrap()
}

/// The canonical loop, which writes down what it is told.
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
