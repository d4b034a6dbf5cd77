//! The canonical loop, over a blocking TCP connection. It stands in README.md word for word.

use embedded_sse::*;
use std::io::{BufWriter, Error, ErrorKind, Read, Result, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

fn follow<const DATA: usize>(mut source: EventSource<'_, DATA>) -> Stop {
    let start = Instant::now();
    let now = || start.elapsed();
    let mut chunk = [0; 1460];
    let mut tcp = None;
    loop {
        match source.step(now()) {
            Step::Connect(origin, _) if origin.scheme == Scheme::Https => source.no_tls(),
            Step::Connect(origin, deadline) => {
                drop(tcp.take());
                match connect(origin, deadline, now()) {
                    Ok(connected) => {
                        tcp = Some(connected);
                        source.connected();
                    }
                    Err(_) => source.failed(now()),
                }
            }
            Step::Write(bytes, deadline) => match write(&mut tcp, bytes, deadline, now()) {
                Ok(written) => source.wrote(written),
                Err(_) => source.failed(now()),
            },
            Step::Read(deadline) => match read(&mut tcp, &mut chunk, deadline, now()) {
                Ok(0) => source.ended(now()),
                Ok(read) => {
                    let mut input = &chunk[..read];
                    while let Some(item) = source.receive(&mut input, now()) {
                        match item {
                            Item::Open(head) => println!("open: {}", head.status()),
                            Item::Event(event) => println!("{}: {}", event.event_type, event.data),
                            other => println!("{other:?}"),
                        }
                    }
                }
                Err(error) if is_timeout(&error) => source.handle_timeout(now()),
                Err(_) => source.failed(now()),
            },
            Step::Wait(wait) => {
                println!("lost: {}; next attempt in {:?}", wait.cause, wait.delay);
                tcp = None;
                std::thread::sleep(wait.until.saturating_sub(now()));
            }
            Step::Stop(stop) => return stop,
        }
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: minimal http://…")?;
    let mut decoder: Decoder<4096> = Decoder::new();
    let reconnect = Reconnect::new(Policy::DEFAULT, std::process::id());
    let source = EventSource::new(Request::get(Url::parse(&url)?), reconnect, &mut decoder)?;
    println!("stopped: {}", follow(source));
    Ok(())
}

type Tcp = BufWriter<TcpStream>;

fn connect(origin: Origin<'_>, deadline: Option<Duration>, now: Duration) -> Result<Tcp> {
    let timeout = left(deadline, now).unwrap_or(Duration::MAX);
    let mut tcp = Err(ErrorKind::NotFound.into());
    for address in (origin.host, origin.port).to_socket_addrs()? {
        tcp = TcpStream::connect_timeout(&address, timeout);
        if tcp.is_ok() {
            break;
        }
    }
    tcp.map(BufWriter::new)
}

fn write(
    tcp: &mut Option<Tcp>,
    bytes: &[u8],
    until: Option<Duration>,
    now: Duration,
) -> Result<usize> {
    let tcp = tcp.as_mut().ok_or(ErrorKind::NotConnected)?;
    tcp.get_ref().set_write_timeout(left(until, now))?;
    tcp.write(bytes)
}

fn read(
    tcp: &mut Option<Tcp>,
    chunk: &mut [u8],
    until: Option<Duration>,
    now: Duration,
) -> Result<usize> {
    let tcp = tcp.as_mut().ok_or(ErrorKind::NotConnected)?;
    tcp.get_ref().set_read_timeout(left(until, now))?;
    tcp.flush()?;
    tcp.get_mut().read(chunk)
}

/// Deadlines are moments; the system's timeouts are spans, and never 0.
fn left(deadline: Option<Duration>, now: Duration) -> Option<Duration> {
    deadline.map(|at| at.saturating_sub(now).max(Duration::from_millis(1)))
}

/// What Windows says then is what Unix says of a dead link.
fn is_timeout(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => true,
        kind => cfg!(windows) && kind == ErrorKind::TimedOut,
    }
}
