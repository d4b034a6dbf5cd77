//! The servers: HTTP at three addresses, and DNS.

use std::net::Ipv4Addr;

use embassy_futures::select::{Either, select};
use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_time::{Duration as Ticks, Instant, Timer};

use super::dns::{self, Answer};
use super::host::{AWAY, ELSEWHERE, HOME};
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
        let begun = world.now_ms();
        // The process ends, and all connections with it.
        let dies = async {
            match server::death(world.plan, begun + 1) {
                Some((index, death)) => {
                    at(death).await;
                    world.fire(index);
                }
                None => std::future::pending().await,
            }
        };
        let _ended = select(serve(world, address, &mut socket), dies).await;
        socket.abort();
        let _sent = socket.flush().await;
    }
}

/// If there is no server at this address now, returns when to ask again.
fn gone_until(world: &World<'_>, address: Ipv4Addr) -> Option<Ms> {
    let plan = world.plan;
    let now = world.now_ms();
    if let Some(index) = server::is_down(plan, now) {
        world.fire(index);
        return Some(plan.faults[index].end());
    }
    let moved = plan.active(now, |kind| matches!(kind, Kind::Move { .. }).then_some(()));
    match (address, moved) {
        (HOME, Some((index, ()))) => Some(plan.faults[index].end()),
        (AWAY, None) => {
            let faults = plan.faults.iter();
            let moves = faults.filter(|fault| matches!(fault.kind, Kind::Move { .. }));
            let later = moves.map(|fault| fault.at).filter(|at| *at > now);
            Some(later.min().unwrap_or(plan.end))
        }
        _ => None,
    }
}

async fn serve(world: &World<'_>, address: Ipv4Addr, socket: &mut TcpSocket<'_>) {
    if socket.accept(80).await.is_err() {
        return;
    }
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
    for timed in world.serve(host, &request).deeds {
        // A client that has left ends the connection.
        let leaves = async |socket: &mut TcpSocket<'_>| {
            let mut byte = [0];
            while let Ok(1..) = socket.read(&mut byte).await {}
        };
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
                // The client closes its side too.
                Timer::after_secs(20).await;
                return;
            }
            Deed::Rst => return,
        }
    }
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
    let no_name = world.active(|kind| match kind {
        Kind::NoName { lasts } => Some(lasts),
        _ => None,
    });
    if let Some(lasts) = no_name {
        return match lasts % 2 {
            0 => Answer::Silence,
            _ => Answer::NoSuchName,
        };
    }
    if let Some(()) = world.active(|kind| matches!(kind, Kind::Lie { .. }).then_some(())) {
        return Answer::Addresses(vec![ELSEWHERE]);
    }
    let moved = world.active(|kind| matches!(kind, Kind::Move { .. }).then_some(()));
    match (name, moved) {
        (HOST, None) => Answer::Addresses(vec![HOME]),
        (HOST, Some(())) => Answer::Addresses(vec![AWAY]),
        (OTHER, _) if server::has_other(world.plan, world.now_ms()) => {
            Answer::Addresses(vec![ELSEWHERE])
        }
        _ => Answer::NoSuchName,
    }
}
