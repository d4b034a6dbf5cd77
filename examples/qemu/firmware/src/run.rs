//! The executor, with the network under it.

use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m::Peripherals;
use embassy_executor::Spawner;
use embassy_executor::raw::Executor;
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use static_cell::{ConstStaticCell, StaticCell};

use crate::clock;
use crate::ethernet::{Buffers, Ethernet};

// What QEMU's user network has for a guest, its host, and its DNS server.
const GUEST: Ipv4Address = Ipv4Address::new(10, 0, 2, 15);
const HOST: Ipv4Address = Ipv4Address::new(10, 0, 2, 2);
const DNS: Ipv4Address = Ipv4Address::new(10, 0, 2, 3);

/// One of them is the DNS client's.
const SOCKETS: usize = if cfg!(feature = "server") { 5 } else { 2 };

static WORK: AtomicBool = AtomicBool::new(false);

/// Runs the tasks that `start` spawns, for ever.
///
/// embassy's own loop waits by WFE, which in QEMU does not wait; this one does by WFI.
pub fn run(start: impl FnOnce(Spawner, Stack<'static>)) -> ! {
    static EXECUTOR: StaticCell<Executor> = StaticCell::new();

    if let Some(mut core) = Peripherals::take() {
        clock::start(&mut core.SYST);
    }
    let executor = EXECUTOR.init(Executor::new(ptr::null_mut()));
    let spawner = executor.spawner();
    start(spawner, network(spawner));
    // All that has run so far is the start, which takes as much with any client.
    board::paint_stack();
    loop {
        // Handlers run between two polls, where they find the stack empty: so its peak is that of the
        // tasks, and the same in each run. Work that comes meanwhile wakes from WFI, masked as it is.
        cortex_m::interrupt::disable();
        // SAFETY: nothing else polls it.
        unsafe { executor.poll() };
        // Not `swap`, which a Cortex-M0 does not have. Nothing comes between the two.
        let has_work = WORK.load(Ordering::Acquire);
        WORK.store(false, Ordering::Release);
        if !has_work {
            cortex_m::asm::wfi();
        }
        // SAFETY: nothing here is within a critical section.
        unsafe { cortex_m::interrupt::enable() };
    }
}

#[unsafe(export_name = "__pender")]
fn pend(_: *mut ()) {
    WORK.store(true, Ordering::Release);
}

fn network(spawner: Spawner) -> Stack<'static> {
    static BUFFERS: ConstStaticCell<Buffers> = ConstStaticCell::new(Buffers::new());
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();

    let Some(ethernet) = Ethernet::start(BUFFERS.take()) else {
        board::put(b"there is no LAN9118\n");
        board::exit(board::status::ETHERNET)
    };
    let mut config = StaticConfigV4 {
        address: Ipv4Cidr::new(GUEST, 24),
        gateway: Some(HOST),
        dns_servers: Default::default(),
    };
    let _fits = config.dns_servers.push(DNS);
    // Ports need not be different in each run: each has a network of its own.
    let seed = 1;
    let resources = RESOURCES.init(StackResources::new());
    let (stack, runner) = embassy_net::new(ethernet, Config::ipv4_static(config), resources, seed);
    spawner.spawn(forward(runner).expect("it is spawned once"));
    stack
}

#[embassy_executor::task]
async fn forward(mut runner: Runner<'static, Ethernet>) -> ! {
    runner.run().await
}
