//! The servers: HTTP at three addresses, and DNS.

use std::net::Ipv4Addr;

use embassy_futures::select::{Either, select};
use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_time::{Duration as Ticks, Instant, Timer};

use super::dns::{self, Answer};
use super::host::{AWAY, ELSEWHERE, HOME, NOBODY};
use crate::network::World;
use crate::plan::{Kind, Ms};
use crate::server::{self, Deed, HOST, OTHER, PORTAL, Request};

/// The buffers of one connection.
pub struct Buffers {
    rx: [u8; 512],
    tx: [u8; 2048],
}

impl Buffers {
    pub fn new() -> Self {
        Self {
            rx: [0; 512],
            tx: [0; 2048],
        }
    }
}

/// Serves one connection after the other.
pub async fn http<'n>(
    world: &World<'_>,
    stack: Stack<'n>,
    address: Ipv4Addr,
    buffers: &'n mut Buffers,
) {
    let mut socket = TcpSocket::new(stack, &mut buffers.rx, &mut buffers.tx);
    // A client that has lost its power leaves nothing behind.
    socket.set_keep_alive(Some(Ticks::from_secs(5)));
    socket.set_timeout(Some(Ticks::from_secs(30)));
    loop {
        while let Some(until) = gone_until(world, address) {
            at(until).await;
        }
        if socket.accept(80).await.is_err() {
            continue;
        }
        world.opened();
        // The process ends, and all connections with it.
        let dies = async {
            match server::death(world.plan, world.now_ms() + 1) {
                Some(death) => at(death).await,
                None => std::future::pending().await,
            }
        };
        let _ended = select(serve(world, address, &mut socket), dies).await;
        socket.abort();
        let _sent = socket.flush().await;
        world.closed();
    }
}

/// If there is no server at this address now, returns when to ask again.
fn gone_until(world: &World<'_>, address: Ipv4Addr) -> Option<Ms> {
    let plan = world.plan;
    let now = world.now_ms();
    let restarted = plan.until(now, Kind::Restart);
    restarted.or_else(|| match (address, plan.until(now, Kind::Move)) {
        (HOME, Some(moved)) => Some(moved),
        (AWAY, None) => Some(plan.next(now, Kind::Move).unwrap_or(plan.end)),
        _ => None,
    })
}

async fn serve(world: &World<'_>, address: Ipv4Addr, socket: &mut TcpSocket<'_>) {
    let mut bytes = Vec::new();
    let request = loop {
        let mut byte = [0];
        match socket.read(&mut byte).await {
            Ok(1) => bytes.push(byte[0]),
            _ => return,
        }
        if let Some(request) = Request::parse(&bytes) {
            break request;
        }
    };
    let host = match (address, request.header("Host")) {
        (ELSEWHERE, Some(OTHER)) => OTHER,
        (ELSEWHERE, _) => PORTAL,
        _ => HOST,
    };
    for timed in world.serve(host, &request) {
        if let Either::First(()) = select(leaves(socket), at(timed.at)).await {
            return;
        }
        match timed.deed {
            Deed::Send(bytes) => {
                let mut rest = &bytes[..];
                while !rest.is_empty() {
                    match socket.write(rest).await {
                        Ok(len @ 1..) => rest = &rest[len..],
                        _ => return,
                    }
                }
            }
            Deed::Fin | Deed::Cut => {
                socket.close();
                let _sent = socket.flush().await;
                let _left = select(leaves(socket), Timer::after_secs(20)).await;
                return;
            }
            Deed::Records(_) | Deed::Rst => return,
        }
    }
    leaves(socket).await;
}

/// Waits until the client ends the connection.
async fn leaves(socket: &mut TcpSocket<'_>) {
    let mut byte = [0];
    while let Ok(1..) = socket.read(&mut byte).await {}
}

async fn at(time: Ms) {
    Timer::at(Instant::from_millis(time)).await;
}

/// Answers queries as the plan says.
pub async fn names(world: &World<'_>, stack: Stack<'_>) {
    let (mut rx, mut tx) = ([0; 1024], [0; 1024]);
    let mut rx_meta = [PacketMetadata::EMPTY; 4];
    let mut tx_meta = [PacketMetadata::EMPTY; 4];
    let mut socket = UdpSocket::new(stack, &mut rx_meta, &mut rx, &mut tx_meta, &mut tx);
    socket.bind(53).expect("a free port");
    let mut packet = [0; 512];
    loop {
        let Ok((len, from)) = socket.recv_from(&mut packet).await else {
            continue;
        };
        if let Some(reply) = dns::reply(&packet[..len], |name| resolve(world, name)) {
            let _sent = socket.send_to(&reply, from).await;
        }
    }
}

fn resolve(world: &World<'_>, name: &str) -> Answer {
    let has_other = server::has_other(world.plan, world.now_ms());
    let address = match name {
        _ if world.has(Kind::Silence) => return Answer::Silence,
        _ if world.has(Kind::NoName) => return Answer::NoSuchName,
        _ if world.has(Kind::Lie) => ELSEWHERE,
        HOST if world.has(Kind::Move) => AWAY,
        HOST => HOME,
        OTHER if has_other => ELSEWHERE,
        _ => return Answer::NoSuchName,
    };
    let dead = world.plan.active(world.now_ms(), |fault| match fault.kind {
        Kind::DeadAddresses(count) => Some(vec![NOBODY; count]),
        _ => None,
    });
    let mut addresses = [dead.unwrap_or_default(), vec![address]].concat();
    if world.bug == "tries only the first address" {
        addresses.truncate(1);
    }
    Answer::Addresses(addresses)
}
