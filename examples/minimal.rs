//! The canonical loop, over a blocking TCP connection. The documentation of `EventSource` shows it.

use embedded_sse::blocking::Clock;
use embedded_sse::std_net::{StdTime, TcpConnector};
use embedded_sse::*;
use std::hash::{BuildHasher, RandomState};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

fn follow<const DATA: usize>(source: &mut EventSource<'_, DATA>) -> Stop {
    let clock = StdTime::new();
    let now = || clock.now();
    let mut connector = TcpConnector::new(&clock);
    let mut chunk = [0; 1460];
    let mut tcp = None;
    loop {
        match source.step(now()) {
            Step::Connect { origin, deadline } => {
                drop(tcp.take());
                match connector.open(origin, deadline) {
                    Ok(connected) => {
                        tcp = Some(connected);
                        source.connected(now());
                    }
                    Err(error) => {
                        println!("{origin}: {error}");
                        source.failed(now());
                    }
                }
            }
            // Writes and reads of this stream return after 50 ms, long before their deadlines.
            Step::Write { .. } => {
                let request = source.request(&mut chunk);
                match write(&mut tcp, request) {
                    Ok(written) => source.wrote(written),
                    Err(error) if is_timeout(&error) => source.timed_out(now()),
                    Err(_) => source.failed(now()),
                }
            }
            Step::Read { .. } => match read(&mut tcp, &mut chunk) {
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
                Err(error) if is_timeout(&error) => source.timed_out(now()),
                Err(_) => source.failed(now()),
            },
            Step::Wait(wait) => {
                println!("lost: {}; next attempt in {:?}", wait.cause, wait.delay);
                tcp = None;
                clock.sleep_until(wait.until);
            }
            Step::Stop(stop) => return stop,
        }
    }
}

fn run(url: &str) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut decoder: Decoder<4096> = Decoder::new();
    let policy = Policy {
        // Two or three times the interval of the server's heartbeat. Without it, a silent server is
        // never given up.
        idle_timeout: Some(Duration::from_secs(100)),
        ..Policy::DEFAULT
    };
    // A random seed, so that many clients do not all reconnect at the same moment.
    let seed = RandomState::new().hash_one(()) as u32;
    let mut source = EventSource::new(Request::get(Url::parse(url)?), policy, seed, &mut decoder)?;
    match follow(&mut source) {
        stop if stop.reason == StopReason::NoContent => println!("stopped: {stop}"),
        stop => return Err(stop.into()),
    }
    Ok(())
}

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let (Some(url), None) = (args.next(), args.next()) else {
        eprintln!("usage: minimal http://…");
        return ExitCode::from(2);
    };
    if let Err(error) = run(&url.to_string_lossy()) {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn write(tcp: &mut Option<TcpStream>, bytes: &[u8]) -> Result<usize> {
    tcp.as_mut().ok_or(ErrorKind::NotConnected)?.write(bytes)
}

fn read(tcp: &mut Option<TcpStream>, chunk: &mut [u8]) -> Result<usize> {
    tcp.as_mut().ok_or(ErrorKind::NotConnected)?.read(chunk)
}

/// When a socket's timeout expires, Unix returns `WouldBlock` and Windows returns `TimedOut`. On Unix,
/// `TimedOut` means that the connection is dead.
fn is_timeout(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => true,
        kind => cfg!(windows) && kind == ErrorKind::TimedOut,
    }
}
