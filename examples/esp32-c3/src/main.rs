//! Follows a topic of ntfy over WiFi and HTTPS, and blinks at each message.

#![no_std]
#![no_main]

use core::cell::RefCell;
use core::ops::ControlFlow;
use core::time::Duration;

use defmt::{error, info, unwrap, warn};
use embassy_executor::Spawner;
use embassy_net::{Config, Runner, StackResources};
use embassy_time::Timer;
use embedded_sse::embassy::{EmbassyTime, TcpBuffers, TcpConnector};
use embedded_sse::tls::{PinnedKeys, Tls, TlsMemory};
use embedded_sse::{Decoder, Draft, EventSource, Item, Policy, Request, Url, hooks, io};
use esp_hal::gpio::{Level, Output, OutputConfig};
use esp_hal::interrupt::software::SoftwareInterruptControl;
use esp_hal::{clock::CpuClock, ram, rng::Trng, timer::timg::TimerGroup};
use esp_radio::wifi::{self, ControllerConfig, Interface, WifiController, sta::StationConfig};
use heapless::String;
use static_cell::{ConstStaticCell, StaticCell};
use {esp_backtrace as _, esp_println as _};

const SSID: &str = env!("WIFI_SSID", "set WIFI_SSID, see README.md");
const PASSWORD: &str = env!("WIFI_PASSWORD", "set WIFI_PASSWORD, see README.md");
const URL: &str = env!("NTFY_URL", "set NTFY_URL, see README.md");

/// The server's key. This prints its pin: `cargo run --example pin -- https://192.168.1.2/`
const PINS: PinnedKeys =
    PinnedKeys::parse(&[env!("NTFY_PIN")]).expect("NTFY_PIN is a pin of 64 hexadecimal digits");

// The driver accepts no more. Without this check, the board would fail at each boot.
const _: () = assert!(SSID.len() <= 32, "WIFI_SSID is longer than 32 bytes");
const _: () = assert!(
    PASSWORD.len() <= 64,
    "WIFI_PASSWORD is longer than 64 bytes"
);

esp_bootloader_esp_idf::esp_app_desc!();

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let p = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    // For the WiFi driver, which allocates. This crate does not.
    esp_alloc::heap_allocator!(#[ram(reclaimed)] size: 64 * 1024);
    esp_alloc::heap_allocator!(size: 36 * 1024);
    let interrupts = SoftwareInterruptControl::new(p.SW_INTERRUPT);
    esp_rtos::start(
        TimerGroup::new(p.TIMG0).timer0,
        interrupts.software_interrupt0,
    );

    // The LED of the "Super Mini" boards. A low level turns it on.
    let mut led = Output::new(p.GPIO8, Level::High, OutputConfig::default());

    let station = StationConfig::default()
        .with_ssid(SSID)
        .with_password(PASSWORD.into());
    let config = ControllerConfig::default().with_initial_config(wifi::Config::Station(station));
    let (controller, interfaces) = unwrap!(wifi::new(p.WIFI, config));
    spawner.spawn(unwrap!(join(controller)));

    // Sockets for DHCP, for DNS, and for the event source.
    static SOCKETS: StaticCell<StackResources<3>> = StaticCell::new();
    let sockets = SOCKETS.init(StackResources::new());
    // Truly random while the radio is on, which it is from here on.
    let random = unwrap!(Trng::try_new());
    let seed = (u64::from(random.random()) << 32) | u64::from(random.random());
    let dhcp = Config::dhcpv4(Default::default());
    let (stack, runner) = embassy_net::new(interfaces.station, dhcp, sockets, seed);
    spawner.spawn(unwrap!(network(runner)));

    let mut buffers = TcpBuffers::<4096, 512>::new();
    let tcp = TcpConnector::new(stack, &mut buffers);
    static MEMORY: ConstStaticCell<TlsMemory<16401>> = ConstStaticCell::new(TlsMemory::new());
    let mut tls = Tls::new(tcp, MEMORY.take(), PINS, |bytes| random.read(bytes));
    let mut decoder: Decoder<8192> = Decoder::new();
    let url = match Url::parse(URL) {
        Ok(url) => url,
        Err(invalid) => return error!("NTFY_URL: {}", invalid),
    };
    let mut policy = Policy::DEFAULT;
    // ntfy sends a keepalive every 45 s. After two missed ones, the connection counts as dead.
    policy.idle_timeout = Some(Duration::from_secs(120));
    // ntfy sends the IDs in its JSON, and resumes by a parameter of the query.
    let last = RefCell::new(String::<32>::new());
    let resume = |draft: &mut Draft<'_>| {
        let (path, last) = (url.path_and_query(), last.borrow());
        let separator = if path.contains('?') { '&' } else { '?' };
        if !last.is_empty()
            && let Err(error) = draft.set_path(format_args!("{path}{separator}since={last}"))
        {
            warn!("cannot resume: {}", error);
        }
    };
    let source = unwrap!(EventSource::new(
        Request::get(url),
        policy,
        random.random(),
        &mut decoder
    ));
    let mut source = source.with_hooks(hooks::before_connect(resume));

    let mut show = async |item: Item<'_>| {
        match item {
            Item::Open(head) => info!("open: {}", head.status()),
            // The other types are "open" and "keepalive".
            Item::Event(event) if event.event_type == "message" => {
                info!("{}", event.data);
                if let Some(id) = id(event.data) {
                    last.replace(id);
                }
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
        // The topic needs a login, or ntfy is still starting behind a proxy. Try again.
        if let Some((head, body)) = source.response() {
            error!("{}: {=[u8]:a}", head.status(), body);
        }
        Timer::after_secs(60).await;
        source.restart();
    }
}

/// The ID of a message: ntfy writes it first, and it consists of letters and digits. Other characters
/// could change the rest of the query.
fn id(json: &str) -> Option<String<32>> {
    let (_, rest) = json.split_once(r#""id":""#)?;
    let (id, _) = rest.split_once('"')?;
    let is_valid = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    String::try_from(id).ok().filter(|_| is_valid)
}

/// Joins the network, and rejoins it when the link is lost.
#[embassy_executor::task]
async fn join(mut controller: WifiController<'static>) -> ! {
    loop {
        if let Err(error) = controller.connect_async().await {
            warn!("cannot join {}: {}", SSID, error);
        } else if let Ok(lost) = controller.wait_for_disconnect_async().await {
            warn!("left {}: {}", SSID, lost);
        }
        Timer::after_secs(3).await;
    }
}

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, Interface<'static>>) -> ! {
    runner.run().await
}
