//! The canonical loop, over a blocking TCP connection. It stands in README.md word for word.

use embedded_sse::{Decoder, EventSource, Item, Policy, Reconnect, Request, Step, Url};
use std::io::{Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: minimal http://…")?;
    let start = Instant::now();
    let now = || start.elapsed();
    let mut chunk = [0; 1460];
    let mut tcp = Err(Error::from(ErrorKind::NotConnected));

    let mut decoder: Decoder<4096> = Decoder::new();
    let reconnect = Reconnect::new(Policy::DEFAULT, std::process::id());
    let mut source = EventSource::new(Request::get(Url::parse(&url)?), reconnect, &mut decoder)?;
    loop {
        match source.step(now()) {
            Step::Connect(origin, _) => {
                tcp = TcpStream::connect((origin.host, origin.port));
                match tcp {
                    Ok(_) => source.connected(),
                    Err(_) => source.failed(now()),
                }
            }
            Step::Write(bytes, _) => match tcp.as_mut().map(|tcp| tcp.write(bytes)) {
                Ok(Ok(written)) => source.wrote(written),
                _ => source.failed(now()),
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
                Err(error) if error.kind() == ErrorKind::WouldBlock => source.handle_timeout(now()),
                Err(_) => source.failed(now()),
            },
            Step::Wait(wait) => {
                println!("lost: {}; once more in {:?}", wait.cause, wait.delay);
                tcp = Err(Error::from(ErrorKind::NotConnected));
                std::thread::sleep(wait.until.saturating_sub(now()));
            }
            Step::Stop(stop) => return Err(stop.reason.to_string().into()),
        }
    }
}

fn read(
    tcp: &mut Result<TcpStream, Error>,
    chunk: &mut [u8],
    deadline: Option<Duration>,
    now: Duration,
) -> Result<usize, Error> {
    let tcp = tcp.as_mut().map_err(|_| ErrorKind::NotConnected)?;
    let left = deadline.map(|at| at.saturating_sub(now).max(Duration::from_millis(1)));
    tcp.set_read_timeout(left)?;
    tcp.read(chunk)
}
