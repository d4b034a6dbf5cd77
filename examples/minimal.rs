//! The canonical loop over a blocking `std::net` connection.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use embedded_sse::{Decoder, EventSource, Item, Policy, Reconnect, Request, Step, Url};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: minimal http://…")?;
    let start = Instant::now();
    let now = || start.elapsed();

    let mut decoder: Decoder<4096> = Decoder::new();
    let reconnect = Reconnect::new(Policy::DEFAULT, std::process::id());
    let mut source = EventSource::new(Request::get(Url::parse(&url)?), reconnect, &mut decoder)?;

    let mut connection = None;
    let mut chunk = [0; 1460];
    loop {
        match (source.step(now()), &mut connection) {
            (Step::Connect(origin, _), _) => {
                connection = TcpStream::connect((origin.host, origin.port)).ok();
                match connection {
                    Some(_) => source.connected(),
                    None => source.failed(now()),
                }
            }
            (Step::Write(bytes, _), Some(tcp)) => match tcp.write(bytes) {
                Ok(n) if n > 0 => source.wrote(n),
                _ => source.failed(now()),
            },
            (Step::Read(deadline), Some(tcp)) => {
                let left =
                    deadline.map(|at| at.saturating_sub(now()).max(Duration::from_millis(1)));
                tcp.set_read_timeout(left)?;
                match tcp.read(&mut chunk) {
                    Ok(0) => source.ended(now()),
                    Ok(n) => {
                        let mut input = &chunk[..n];
                        while let Some(item) = source.receive(&mut input, now()) {
                            match item {
                                Item::Open(head) => println!("open: {}", head.status()),
                                Item::Event(event) => {
                                    println!("{}: {}", event.event_type, event.data)
                                }
                                other => println!("{other:?}"),
                            }
                        }
                    }
                    Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                        source.handle_timeout(now());
                    }
                    Err(_) => source.failed(now()),
                }
            }
            (Step::Wait(wait), _) => {
                println!("lost: {}; next attempt in {:?}", wait.cause, wait.delay);
                connection = None;
                std::thread::sleep(wait.until.saturating_sub(now()));
            }
            (Step::Stop(stop), _) => return Err(stop.reason.to_string().into()),
            (Step::Write(..) | Step::Read(_), None) => source.failed(now()),
        }
    }
}
