//! The cable between the hosts, and what it does to packets.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::host::NOBODY;
use crate::network::World;
use crate::plan::{Kind, ms};
use crate::random::Random;

/// A packet that waits for longer than this in front of a slow link is lost.
const MOST_QUEUE: Duration = Duration::from_secs(3);

pub struct Cable<'w> {
    world: &'w World<'w>,
    random: Random,
    /// The packets on their way, by the time at which they arrive.
    packets: BTreeMap<(Duration, u64), (Ipv4Addr, Vec<u8>)>,
    count: u64,
    /// When a slow link is free again.
    free: Duration,
}

impl<'w> Cable<'w> {
    pub fn new(world: &'w World<'w>) -> Self {
        Self {
            world,
            random: Random::new(world.plan.seed ^ 0xCAB1E),
            packets: BTreeMap::new(),
            count: 0,
            free: Duration::ZERO,
        }
    }

    /// Takes a packet of IPv4 or IPv6.
    pub fn send(&mut self, packet: &[u8]) {
        let to = match destination(packet) {
            Some(to) if to != NOBODY => to,
            _ => return,
        };
        let plan = self.world.plan;
        let now = self.world.now();
        let mut due = now + ms(plan.settings.latency);
        let mut packet = packet.to_vec();
        let mut copies = 1;
        // The checksum of TCP finds one flipped bit, but not always two.
        let mut is_damaged = false;
        for fault in &plan.faults {
            if !fault.is_active(self.world.now_ms()) {
                continue;
            }
            let mut has_effect = true;
            match fault.kind {
                kind if kind.is_cut() => copies = 0,
                Kind::Delay(by) => due += ms(by),
                Kind::Lose(percent) if self.random.percent(percent) => copies = 0,
                Kind::Duplicate(percent) if self.random.percent(percent) => copies *= 2,
                Kind::Reorder(percent) if self.random.percent(percent) => {
                    due += ms(self.random.below(500));
                }
                Kind::Noise(percent) if !is_damaged && self.random.percent(percent) => {
                    is_damaged = true;
                    let byte = self.random.below(packet.len() as u64) as usize;
                    packet[byte] ^= 1 << self.random.below(8);
                }
                Kind::Throttle(bytes_per_second) => {
                    let takes = packet.len() as u64 * 1000 / bytes_per_second;
                    self.free = self.free.max(now) + ms(takes);
                    due = due.max(self.free);
                    if due > now + MOST_QUEUE {
                        self.free -= ms(takes);
                        copies = 0;
                    }
                }
                _ => has_effect = false,
            }
            if has_effect {
                fault.fire();
            }
        }
        for _ in 0..copies {
            self.count += 1;
            self.packets.insert((due, self.count), (to, packet.clone()));
        }
    }

    /// Takes a packet that has arrived at this address.
    pub fn receive(&mut self, at: Ipv4Addr) -> Option<Vec<u8>> {
        let now = self.world.now();
        let mut arrived = self.packets.range(..=(now, u64::MAX));
        let (key, _) = arrived.find(|(_, (to, _))| *to == at)?;
        let key = *key;
        self.packets.remove(&key).map(|(_, packet)| packet)
    }

    /// When the next packet arrives at another address than this one.
    pub fn next(&self, asleep: Option<Ipv4Addr>) -> Option<Duration> {
        let mut packets = self.packets.iter();
        let next = packets.find(|(_, (to, _))| Some(*to) != asleep);
        next.map(|((due, _), _)| *due)
    }

    /// Loses the packets that have arrived at this address.
    pub fn lose(&mut self, at: Ipv4Addr) {
        while self.receive(at).is_some() {}
    }
}

fn destination(packet: &[u8]) -> Option<Ipv4Addr> {
    match packet.first()? >> 4 {
        4 => {
            let address: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
            Some(address.into())
        }
        _ => {
            let address = packet.get(24..40)?;
            let is_host = address[0] == 0xFD;
            is_host.then(|| Ipv4Addr::new(10, 0, 0, address[15]))
        }
    }
}
