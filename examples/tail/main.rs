//! Follows an event stream over blocking `std::net`: the canonical loop, with all its knobs.

#[path = "../common/mod.rs"]
mod common;
mod demo;
mod options;
mod show;

use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use common::MEMORY;
use embedded_sse::{EventSource, Item, Origin, Reason, Reconnect, Scheme, Step};
use options::Options;
use show::Show;

fn main() {
    let mut decoder = MEMORY.lock().expect("nobody else has it");
    let mut options = Options::from_args(&mut decoder);
    ctrlc::set_handler(|| std::process::exit(0)).expect("there is no other handler");
    if options.url.is_empty() {
        options.url = demo::start();
    }
    let headers = options.headers();
    let request = options.request(&headers);
    let reconnect = Reconnect::new(options.policy, seed());
    let mut source = EventSource::new(request, reconnect, &mut decoder)
        .unwrap_or_else(|invalid| options::refuse(invalid));

    let mut show = Show::new(options.json);
    match follow(&mut source, &mut show, options.count) {
        Ok(Reason::NoContent | Reason::Closed) => {}
        Ok(_) => std::process::exit(1),
        // Whoever reads us has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            eprintln!("error: {error}");
            std::process::exit(1);
        }
    }
}

/// Runs until the source stops, and returns why. An error is one of showing, or of the system.
fn follow<const DATA: usize, const META: usize>(
    source: &mut EventSource<'_, DATA, META>,
    show: &mut Show,
    count: Option<u64>,
) -> io::Result<Reason> {
    let start = Instant::now();
    let now = || start.elapsed();
    let mut connection: Option<BufWriter<TcpStream>> = None;
    let mut chunk = vec![0; 64 * 1024];
    let mut events = 0;
    if count == Some(0) {
        source.close();
    }
    loop {
        match (source.step(now()), &mut connection) {
            (Step::Connect(origin, deadline), _) => {
                connection = None;
                match connect(origin, || left(deadline, now())) {
                    Ok(tcp) => {
                        connection = Some(BufWriter::new(tcp));
                        source.connected();
                    }
                    // The next step knows that it is late.
                    Err(_) if deadline.is_some_and(|at| at <= now()) => {}
                    Err(error) => {
                        show.trouble(origin, &error)?;
                        source.failed(now());
                    }
                }
            }
            (Step::Write(bytes, deadline), Some(tcp)) => {
                tcp.get_ref().set_write_timeout(left(deadline, now()))?;
                match tcp.write(bytes) {
                    Ok(n) if n > 0 => source.wrote(n),
                    _ => source.failed(now()),
                }
            }
            (Step::Read(deadline), Some(tcp)) => {
                tcp.get_ref().set_read_timeout(left(deadline, now()))?;
                match tcp.flush().and_then(|()| tcp.get_ref().read(&mut chunk)) {
                    Ok(0) => source.ended(now()),
                    Ok(n) => {
                        let mut input = &chunk[..n];
                        while let Some(item) = source.receive(&mut input, now()) {
                            show.item(&item)?;
                            events += u64::from(matches!(item, Item::Event(_)));
                            if count == Some(events) {
                                source.close();
                            }
                        }
                        show.flush()?;
                    }
                    Err(error) if is_timeout(&error) => source.handle_timeout(now()),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => source.failed(now()),
                }
            }
            (Step::Write(..) | Step::Read(_), None) => source.failed(now()),
            (Step::Wait(wait), _) => {
                show.wait(wait, source.decoder().last_event_id())?;
                connection = None;
                std::thread::sleep(wait.until.saturating_sub(now()));
            }
            (Step::Stop(stop), _) => {
                show.stop(stop, source.response())?;
                return Ok(stop.reason);
            }
        }
    }
}

/// Tries each address that the name has.
fn connect(origin: Origin<'_>, left: impl Fn() -> Option<Duration>) -> io::Result<TcpStream> {
    if origin.scheme == Scheme::Https {
        return Err(io::Error::other("tail has no TLS: it speaks http:// only"));
    }
    let mut last = io::Error::other("the name has no address");
    for address in (origin.host, origin.port).to_socket_addrs()? {
        let tcp = match left() {
            Some(left) => TcpStream::connect_timeout(&address, left),
            None => TcpStream::connect(address),
        };
        match tcp {
            Ok(tcp) => return Ok(tcp),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The time until a deadline, as the system's timeouts take it: never 0.
fn left(deadline: Option<Duration>, now: Duration) -> Option<Duration> {
    deadline.map(|at| at.saturating_sub(now).max(Duration::from_millis(1)))
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Different in each run, which is all that jitter asks for.
fn seed() -> u32 {
    let time = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    time.subsec_nanos() ^ std::process::id()
}
