//! Follows Home Assistant's events over WiFi and HTTPS, and blinks at each.

#![no_std]
#![no_main]

mod random;

use core::ops::ControlFlow;
use core::time::Duration;

use cyw43::{Control, JoinOptions, NetDriver, SpiBus};
use cyw43_pio::{DEFAULT_CLOCK_DIVIDER, PioSpi};
use defmt::{error, info, unwrap, warn};
use embassy_executor::Spawner;
use embassy_net::{Config, Runner, Stack, StackResources};
use embassy_rp::gpio::{Level, Output};
use embassy_rp::peripherals::{DMA_CH0, PIO0, TRNG};
use embassy_rp::{bind_interrupts, dma, pio, trng};
use embassy_sync::{blocking_mutex::raw::ThreadModeRawMutex, signal::Signal};
use embassy_time::{Timer, with_timeout};
use embedded_sse::embassy::{EmbassyTime, TcpBuffers, TcpConnector};
use embedded_sse::tls::{PinnedKeys, Tls, TlsMemory};
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Url, io};
use rand_chacha::rand_core::RngCore as _;
use static_cell::{ConstStaticCell, StaticCell};
use {defmt_rtt as _, panic_probe as _};

const SSID: &str = env!("WIFI_SSID", "set WIFI_SSID, see README.md");
const PASSWORD: &str = env!("WIFI_PASSWORD", "set WIFI_PASSWORD, see README.md");
const BEARER: &str = concat!("Bearer ", env!("HA_TOKEN", "set HA_TOKEN, see README.md"));
const URL: &str = env!("HA_URL");

/// The server's key. This prints its pin: `cargo run --example pin -- https://homeassistant.local:8443/`
const PINS: PinnedKeys =
    PinnedKeys::parse(&[env!("HA_PIN")]).expect("HA_PIN is a pin of 64 hexadecimal digits");

// The driver accepts no more. Without this check, the board would fail at each boot.
const _: () = assert!(SSID.len() <= 32, "WIFI_SSID is longer than 32 bytes");
const _: () = assert!(
    PASSWORD.len() <= 64,
    "WIFI_PASSWORD is longer than 64 bytes"
);

/// Events do not wait for the LED: all events during one blink cause one more blink.
static EVENT: Signal<ThreadModeRawMutex, ()> = Signal::new();

type Bus = SpiBus<Output<'static>, PioSpi<'static, PIO0, 0>>;

bind_interrupts!(struct Irqs {
    DMA_IRQ_0 => dma::InterruptHandler<DMA_CH0>;
    PIO0_IRQ_0 => pio::InterruptHandler<PIO0>;
    TRNG_IRQ => trng::InterruptHandler<TRNG>;
});

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let p = embassy_rp::init(Default::default());
    // Before the WiFi chip is used: after that, some boards get no random numbers for a long time.
    let mut random = random::from_chip(p.TRNG, Irqs).await;

    let pio::Pio {
        mut common,
        irq0,
        sm0,
        ..
    } = pio::Pio::new(p.PIO0, Irqs);
    let cs = Output::new(p.PIN_25, Level::High);
    let dma = dma::Channel::new(p.DMA_CH0, Irqs);
    let divider = DEFAULT_CLOCK_DIVIDER;
    let spi = PioSpi::new(&mut common, sm0, divider, irq0, cs, p.PIN_24, p.PIN_29, dma);
    let power = Output::new(p.PIN_23, Level::Low);
    static WIFI: StaticCell<cyw43::State> = StaticCell::new();
    let state = WIFI.init(cyw43::State::new());
    let (driver, mut control, runner) =
        cyw43::new(state, power, spi, &cyw43_setup::FW, &cyw43_setup::NVRAM).await;
    spawner.spawn(unwrap!(chip(runner)));
    control.init(cyw43_setup::CLM).await;

    // Sockets for DHCP, for DNS, and for the event source.
    static SOCKETS: StaticCell<StackResources<3>> = StaticCell::new();
    let sockets = SOCKETS.init(StackResources::new());
    let dhcp = Config::dhcpv4(Default::default());
    let (stack, runner) = embassy_net::new(driver, dhcp, sockets, random.next_u64());
    spawner.spawn(unwrap!(network(runner)));
    spawner.spawn(unwrap!(wifi(control, stack)));

    let mut buffers = TcpBuffers::<4096, 512>::new();
    let tcp = TcpConnector::new(stack, &mut buffers);
    static MEMORY: ConstStaticCell<TlsMemory<16401>> = ConstStaticCell::new(TlsMemory::new());
    let seed = random.next_u32();
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
                EVENT.signal(());
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

/// Joins the network, rejoins it when the link is lost, and blinks: the LED is on the WiFi chip.
#[embassy_executor::task]
async fn wifi(mut control: Control<'static>, stack: Stack<'static>) -> ! {
    let options = JoinOptions::new(PASSWORD.as_bytes());
    loop {
        if !stack.is_link_up() {
            if let Err(error) = control.join(SSID, options.clone()).await {
                warn!("cannot join {}: {}", SSID, error);
            }
            // The link is up a moment after that.
            Timer::after_secs(3).await;
        } else if with_timeout(embassy_time::Duration::from_secs(1), EVENT.wait())
            .await
            .is_ok()
        {
            for on in [true, false] {
                control.gpio_set(0, on).await;
                Timer::after_millis(50).await;
            }
        }
    }
}

#[embassy_executor::task]
async fn chip(runner: cyw43::Runner<'static, Bus>) -> ! {
    runner.run().await
}

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, NetDriver<'static>>) -> ! {
    runner.run().await
}
