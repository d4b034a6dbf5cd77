//! A host: a network stack with its tasks.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use embassy_net::{
    Config, ConfigV6, Ipv4Cidr, Ipv6Cidr, Stack, StackResources, StaticConfigV4, StaticConfigV6,
};
use embassy_net_driver_channel as channel;
use embassy_net_driver_channel::driver::{HardwareAddress, LinkState};

use super::cable::Cable;

// Each host has an IPv6 address with the same last number, as `fd00::1`.
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// The server, and DNS.
pub const HOME: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// Where the server moves to.
pub const AWAY: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 3);
/// The other origin, and the captive portal.
pub const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 4);

/// Nobody is there.
pub const NOBODY: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);

/// The channel adds the header of an Ethernet frame to the MTU.
const FRAME: usize = 1514;

pub struct Memory {
    state: channel::State<FRAME, 8, 8>,
    resources: StackResources<10>,
}

impl Memory {
    pub fn new() -> Self {
        Self {
            state: channel::State::new(),
            resources: StackResources::new(),
        }
    }
}

pub struct Host<'n> {
    pub stack: Stack<'n>,
    address: Ipv4Addr,
    link: channel::StateRunner<'n>,
    rx: channel::RxRunner<'n, FRAME>,
    tx: channel::TxRunner<'n, FRAME>,
    tasks: Vec<Task<'n>>,
    is_plugged: bool,
}

impl<'n> Host<'n> {
    pub fn new(memory: &'n mut Memory, address: Ipv4Addr, seed: u64) -> Self {
        let (end, device) = channel::new(&mut memory.state, HardwareAddress::Ip);
        let mut config = Config::ipv4_static(StaticConfigV4 {
            address: Ipv4Cidr::new(address, 24),
            gateway: None,
            dns_servers: [HOME].into_iter().collect(),
        });
        let [.., number] = address.octets();
        config.ipv6 = ConfigV6::Static(StaticConfigV6 {
            address: Ipv6Cidr::new(Ipv6Addr::new(0xFD00, 0, 0, 0, 0, 0, 0, number.into()), 64),
            gateway: None,
            dns_servers: Default::default(),
        });
        let (stack, mut runner) = embassy_net::new(device, config, &mut memory.resources, seed);
        let (link, rx, tx) = end.split();
        let mut host = Self {
            stack,
            address,
            link,
            rx,
            tx,
            tasks: Vec::new(),
            is_plugged: false,
        };
        host.plug(true);
        host.spawn(async move { runner.run().await });
        host
    }

    pub fn spawn(&mut self, future: impl Future<Output = ()> + 'n) {
        self.tasks.push(Task {
            future: Box::pin(future),
            woken: Arc::default(),
        });
    }

    /// Sets whether the host has a link. Returns whether that is a change.
    pub fn plug(&mut self, is_plugged: bool) -> bool {
        let has_changed = self.is_plugged != is_plugged;
        if has_changed {
            self.is_plugged = is_plugged;
            self.link.set_link_state(match is_plugged {
                true => LinkState::Up,
                false => LinkState::Down,
            });
        }
        has_changed
    }

    /// Polls the tasks that were woken, and moves packets. Returns whether there was nothing to do.
    pub fn turn(&mut self, cable: &mut Cable<'_>) -> bool {
        let mut is_idle = true;
        while let Some(buffer) = self.rx.try_rx_buf()
            && let Some(packet) = cable.receive(self.address)
        {
            buffer[..packet.len()].copy_from_slice(&packet);
            self.rx.rx_done(packet.len());
            is_idle = false;
        }
        self.tasks.retain_mut(|task| {
            let result = poll(task.future.as_mut(), &task.woken);
            is_idle &= result.is_none();
            !matches!(result, Some(Poll::Ready(())))
        });
        while let Some(packet) = self.tx.try_tx_buf() {
            cable.send(packet);
            self.tx.tx_done();
            is_idle = false;
        }
        is_idle
    }
}

struct Task<'n> {
    future: Pin<Box<dyn Future<Output = ()> + 'n>>,
    woken: Arc<Woken>,
}

pub struct Woken(AtomicBool);

impl Default for Woken {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Polls a future the first time, and whenever it was woken.
pub fn poll<F: Future + ?Sized>(
    future: Pin<&mut F>,
    woken: &Arc<Woken>,
) -> Option<Poll<F::Output>> {
    woken.0.swap(false, Ordering::Relaxed).then(|| {
        let waker = Waker::from(Arc::clone(woken));
        future.poll(&mut Context::from_waker(&waker))
    })
}
