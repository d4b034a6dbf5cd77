//! The clients: each counts events and their bytes, and stops at the last one.

use std::error::Error;
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::{Duration, Instant};

use embedded_io_adapters::{std::FromStd, tokio_1::FromTokio};
use embedded_sse::{
    Decoder, EventSource, Item, Origin, Policy, Request, Url, blocking, io as not_blocking,
};
use embedded_sse_benches::seen::Seen;
use eventsource_client::Client as _;
use futures_util::StreamExt;

/// How many bytes our client and the bare reads read at once.
pub const CHUNK: usize = 16 * 1024;

type Run = fn(&str, usize) -> Result<Seen, Box<dyn Error>>;

pub struct Client {
    pub name: &'static str,
    run: Run,
    /// Whether it decodes events at all.
    pub decodes: bool,
}

pub const CLIENTS: [Client; 5] = [
    client("embedded-sse, blocking", blocking),
    client("embedded-sse, tokio", tokio),
    client("eventsource-client", eventsource_client),
    client("reqwest-eventsource", reqwest_eventsource),
    Client {
        decodes: false,
        ..client("bare reads", bare_reads)
    },
];

const fn client(name: &'static str, run: Run) -> Client {
    Client {
        name,
        run,
        decodes: true,
    }
}

/// Prints the numbers of events and bytes, and the elapsed time and the CPU time in nanoseconds.
pub fn run(url: &str, name: &str, events: usize) -> Result<(), Box<dyn Error>> {
    let client = CLIENTS.iter().find(|client| client.name == name);
    let client = client.ok_or("no such client")?;
    let (start, cpu) = (Instant::now(), cpu());
    let seen = (client.run)(url, events)?;
    let (time, cpu) = (start.elapsed(), self::cpu() - cpu);
    let (time, cpu) = (time.as_nanos(), cpu.as_nanos());
    print!("{} {} {time} {cpu}", seen.events, seen.bytes);
    Ok(())
}

/// The CPU time of this process, including that of the system.
fn cpu() -> Duration {
    // SAFETY: all fields are numbers, so they may be 0, and the system writes nothing else.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    [usage.ru_utime, usage.ru_stime]
        .iter()
        .map(|time| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1000))
        .sum()
}

fn count(seen: &mut Seen, events: usize, item: Item<'_>) -> ControlFlow<()> {
    match item {
        Item::Event(event) => seen.event(event.event_type, event.data),
        Item::Lost(_) => return ControlFlow::Break(()),
        _ => {}
    }
    match seen.events < events {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    }
}

fn blocking(url: &str, events: usize) -> Result<Seen, Box<dyn Error>> {
    let mut seen = Seen::default();
    let mut decoder: Decoder<4096> = Decoder::new();
    let mut source = EventSource::new(
        Request::get(Url::parse(url)?),
        Policy::DEFAULT,
        1,
        &mut decoder,
    )?;
    let clock = Since(Instant::now());
    blocking::sse(&mut Net, &clock, &mut source, &mut [0; CHUNK], |item| {
        count(&mut seen, events, item)
    });
    Ok(seen)
}

fn tokio(url: &str, events: usize) -> Result<Seen, Box<dyn Error>> {
    let mut seen = Seen::default();
    let mut decoder: Decoder<4096> = Decoder::new();
    let mut source = EventSource::new(
        Request::get(Url::parse(url)?),
        Policy::DEFAULT,
        1,
        &mut decoder,
    )?;
    let clock = Since(Instant::now());
    let on_item = async |item: Item<'_>| count(&mut seen, events, item);
    let mut chunk = [0; CHUNK];
    runtime()?.block_on(not_blocking::sse(
        &mut Net,
        &clock,
        &mut source,
        &mut chunk,
        on_item,
    ));
    Ok(seen)
}

fn eventsource_client(url: &str, events: usize) -> Result<Seen, Box<dyn Error>> {
    let mut seen = Seen::default();
    runtime()?.block_on(async {
        let transport = launchdarkly_sdk_transport::HyperTransport::builder()
            .disable_proxy()
            .build_http()?;
        let client = eventsource_client::ClientBuilder::for_url(url)
            .map_err(|error| format!("{error:?}"))?
            .build_with_transport(transport);
        let mut stream = client.stream();
        while seen.events < events
            && let Some(item) = stream.next().await
        {
            let item = item.map_err(|error| format!("{error:?}"))?;
            if let eventsource_client::SSE::Event(event) = item {
                seen.event(&event.event_type, &event.data);
            }
        }
        Ok(seen)
    })
}

fn reqwest_eventsource(url: &str, events: usize) -> Result<Seen, Box<dyn Error>> {
    let mut seen = Seen::default();
    runtime()?.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let source = reqwest_eventsource::EventSource::new(client.get(url))?;
        let mut source = pin!(source);
        while seen.events < events
            && let Some(item) = source.next().await
        {
            if let reqwest_eventsource::Event::Message(event) = item? {
                seen.event(&event.event, &event.data);
            }
        }
        Ok(seen)
    })
}

/// The work that no client can avoid. Reads to the end, a few bytes after the last event.
fn bare_reads(url: &str, _: usize) -> Result<Seen, Box<dyn Error>> {
    let url = Url::parse(url)?;
    let origin = url.origin();
    let mut tcp = TcpStream::connect((origin.host, origin.port))?;
    tcp.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut seen = Seen::default();
    let mut chunk = [0; CHUNK];
    while let read @ 1.. = tcp.read(&mut chunk)? {
        seen.bytes += read;
    }
    Ok(seen)
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

struct Since(Instant);

impl blocking::Clock for Since {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep_until(&self, time: Duration) {
        std::thread::sleep(time.saturating_sub(self.0.elapsed()));
    }
}

impl not_blocking::Clock for Since {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep_until(&self, time: Duration) {
        tokio::time::sleep_until((self.0 + time).into()).await;
    }
}

struct Net;

impl blocking::Connect for Net {
    type Error = io::Error;
    type Io<'c> = FromStd<Tcp>;

    fn connect(&mut self, origin: Origin<'_>, _: Option<Duration>) -> io::Result<FromStd<Tcp>> {
        let tcp = TcpStream::connect((origin.host, origin.port))?;
        tcp.set_read_timeout(Some(Duration::from_millis(100)))?;
        Ok(FromStd::new(Tcp(BufWriter::new(tcp))))
    }
}

impl not_blocking::Connect for Net {
    type Error = io::Error;
    type Io<'c> = FromTokio<tokio::io::BufWriter<tokio::net::TcpStream>>;

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        _: Option<Duration>,
    ) -> io::Result<Self::Io<'_>> {
        let tcp = tokio::net::TcpStream::connect((origin.host, origin.port)).await?;
        Ok(FromTokio::new(tokio::io::BufWriter::new(tcp)))
    }
}

struct Tcp(BufWriter<TcpStream>);

impl Read for Tcp {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.get_mut().read(bytes).map_err(timed_out)
    }
}

impl Write for Tcp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        _ => error,
    }
}
