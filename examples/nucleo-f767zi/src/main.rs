//! Follows Home Assistant's events over Ethernet and HTTPS, and blinks at each.

#![no_std]
#![no_main]

use core::ops::ControlFlow;
use core::time::Duration;

use defmt::{error, info, unwrap, warn};
use embassy_executor::Spawner;
use embassy_net::{Config, Runner, StackResources};
use embassy_stm32::eth::{Ethernet, GenericPhy, PacketQueue, Sma};
use embassy_stm32::gpio::{Level, Output, Speed};
use embassy_stm32::peripherals::{ETH, ETH_SMA, RNG};
use embassy_stm32::{bind_interrupts, eth, rcc, rng, time::mhz, uid};
use embassy_time::Timer;
use embedded_sse::embassy::{EmbassyTime, TcpBuffers, TcpConnector};
use embedded_sse::tls::{PinnedKeys, Tls, TlsMemory};
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Url, io};
use static_cell::{ConstStaticCell, StaticCell};
use {defmt_rtt as _, panic_probe as _};

const BEARER: &str = concat!("Bearer ", env!("HA_TOKEN", "set HA_TOKEN, see README.md"));
const URL: &str = env!("HA_URL");

/// The server's key. This prints its pin: `cargo run --example pin -- https://homeassistant.local:8443/`
const PINS: PinnedKeys =
    PinnedKeys::parse(&[env!("HA_PIN")]).expect("HA_PIN is a pin of 64 hexadecimal digits");

type Driver = Ethernet<'static, ETH, GenericPhy<Sma<'static, ETH_SMA>>>;

bind_interrupts!(struct Irqs {
    ETH => eth::InterruptHandler;
    RNG => rng::InterruptHandler<RNG>;
});

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let p = embassy_stm32::init(clocks());

    // LD1, the green one.
    let mut led = Output::new(p.PB0, Level::Low, Speed::Low);

    // A locally administered address, made from the unique ID of the chip.
    let id = uid::uid();
    let mac = [0x02, id[0], id[2], id[4], id[5], id[6]];
    static PACKETS: ConstStaticCell<PacketQueue<4, 8>> = ConstStaticCell::new(PacketQueue::new());
    #[rustfmt::skip]
    let driver = Ethernet::new(
        PACKETS.take(), p.ETH, Irqs,
        p.PA1, p.PA7, p.PC4, p.PC5, p.PG13, p.PB13, p.PG11,
        mac, p.ETH_SMA, p.PA2, p.PC1,
    );

    // Sockets for DHCP, for DNS, and for the event source.
    static SOCKETS: StaticCell<StackResources<3>> = StaticCell::new();
    let sockets = SOCKETS.init(StackResources::new());
    let mut random = rng::Rng::new(p.RNG, Irqs);
    let dhcp = Config::dhcpv4(Default::default());
    let (stack, runner) = embassy_net::new(driver, dhcp, sockets, random.next_u64());
    spawner.spawn(unwrap!(network(runner)));

    let mut buffers = TcpBuffers::<4096, 512>::new();
    let tcp = TcpConnector::new(stack, &mut buffers);
    static MEMORY: ConstStaticCell<TlsMemory<16401>> = ConstStaticCell::new(TlsMemory::new());
    let seed = random.next_u32();
    // The generator checks itself, and the driver discards what fails.
    let mut tls = Tls::new(tcp, MEMORY.take(), PINS, |bytes| random.fill_bytes(bytes));
    let mut decoder: Decoder<8192> = Decoder::new();
    let url = match Url::parse(URL) {
        Ok(url) => url,
        Err(invalid) => return error!("HA_URL: {}", invalid),
    };
    let mut request = Request::get(url);
    request.headers = &[("Authorization", BEARER)];
    let mut policy = Policy::DEFAULT;
    // Home Assistant sends a ping every 50 s. After two missed pings, the connection counts as dead.
    policy.idle_timeout = Some(Duration::from_secs(120));
    let mut source = match EventSource::new(request, policy, seed, &mut decoder) {
        Ok(source) => source,
        Err(invalid) => return error!("HA_TOKEN: {}", invalid),
    };
    let mut show = async |item: Item<'_>| {
        match item {
            Item::Open(head) => info!("open: {}", head.status()),
            Item::Event(event) if event.data == "ping" => {}
            Item::Event(event) => {
                info!("{}", event.data);
                // Meanwhile, the next event waits in the socket.
                led.toggle();
                Timer::after_millis(50).await;
                led.toggle();
            }
            Item::TooLong(part) => warn!("left out: {}", part),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let mut chunk = [0; 1460];
    loop {
        io::sse(&mut tls, &EmbassyTime, &mut source, &mut chunk, &mut show).await;
        // The token is wrong, or the server is still starting and does not know the path yet. Try again.
        if let Some((head, body)) = source.response() {
            error!("{}: {=[u8]:a}", head.status(), body);
        }
        Timer::after_secs(60).await;
        source.restart();
    }
}

/// 216 MHz, from the 8 MHz of the debugger's chip, and 48 MHz for the random number generator.
fn clocks() -> embassy_stm32::Config {
    let mut config = embassy_stm32::Config::default();
    config.rcc.hse = Some(rcc::Hse {
        freq: mhz(8),
        mode: rcc::HseMode::Bypass,
    });
    config.rcc.pll_src = rcc::PllSource::HSE;
    config.rcc.pll = Some(rcc::Pll {
        prediv: rcc::PllPreDiv::DIV4,
        mul: rcc::PllMul::MUL216,
        divp: Some(rcc::PllPDiv::DIV2),
        divq: Some(rcc::PllQDiv::DIV9),
        divr: None,
    });
    config.rcc.sys = rcc::Sysclk::PLL1_P;
    config.rcc.apb1_pre = rcc::APBPrescaler::DIV4;
    config.rcc.apb2_pre = rcc::APBPrescaler::DIV2;
    config
}

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, Driver>) -> ! {
    runner.run().await
}
