//! The async loop, the blocking loop and a loop by hand over one scripted transport and clock: they
//! report the same items at the same times and send the same requests.

#![no_main]

mod script;
mod world;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use embedded_io::ErrorKind;
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Step, Url, blocking, io};
use libfuzzer_sys::fuzz_target;

use script::{Connection, Input};
use world::{END, Socket, World};

type Source<'a> = EventSource<'a, 256, 16>;

fuzz_target!(|input: &[u8]| {
    let mut input = Input(input);
    let setup = Setup::new(&mut input);
    let mut script = Vec::new();
    while !input.0.is_empty() && script.len() < 8 {
        script.push(Connection::new(&mut input));
    }
    match setup.bits % 3 {
        0 => compare::<1>(setup, &script),
        1 => compare::<17>(setup, &script),
        _ => compare::<300>(setup, &script),
    }
});

fn compare<const CHUNK: usize>(setup: Setup, script: &[Connection]) {
    let by_hand = setup.run(script, |source, world| by_hand(source, world, CHUNK));
    let in_async = setup.run(script, |source, world| {
        let mut chunk = [0; CHUNK];
        let tell = async |item: Item<'_>| world.tell(&item);
        let mut transport = world;
        poll_to_end(
            world,
            io::sse(&mut transport, &world, source, &mut chunk, tell),
        );
    });
    assert_eq!(in_async, by_hand, "the async loop and the loop by hand");
    let in_thread = setup.run(script, |source, world| {
        let mut chunk = [0; CHUNK];
        let mut transport = world;
        blocking::sse(&mut transport, &world, source, &mut chunk, |item| {
            world.tell(&item)
        });
    });
    assert_eq!(in_thread, by_hand, "the blocking loop and the loop by hand");
}

#[derive(Clone, Copy)]
struct Setup {
    bits: u8,
    idle_timeout: Option<Duration>,
    connect_timeout: Duration,
    response_timeout: Duration,
    /// The application breaks at this item.
    last_item: usize,
}

impl Setup {
    fn new(input: &mut Input<'_>) -> Self {
        let bits = input.byte();
        Self {
            bits,
            idle_timeout: (bits & 32 != 0).then(|| input.millis()),
            connect_timeout: input.millis(),
            response_timeout: input.millis(),
            last_item: if bits & 64 == 0 {
                99
            } else {
                input.byte().into()
            },
        }
    }

    /// Runs a loop, and returns what it has reported and sent.
    fn run(self, script: &[Connection], run: impl FnOnce(&mut Source<'_>, &World)) -> Vec<String> {
        let ms = Duration::from_millis;
        let policy = Policy {
            reconnection_time: ms(u64::from(self.bits & 4) * 10),
            min_retry: ms(1),
            max_delay: ms(200),
            healthy_time: ms(50),
            max_reconnection_attempts: (self.bits & 8 != 0).then_some(1),
            idle_timeout: self.idle_timeout,
            connect_timeout: Some(self.connect_timeout),
            response_timeout: Some(self.response_timeout),
            ..Policy::DEFAULT
        };
        let request = Request {
            method: if self.bits & 16 == 0 { "GET" } else { "POST" },
            body: if self.bits & 16 == 0 { b"" } else { b"body" },
            repeatable: self.bits & 128 != 0,
            ..Request::get(Url::parse("http://h/").expect("a valid URL"))
        };
        let mut decoder = Decoder::new();
        decoder.show_comments(true);
        decoder.show_retry(true);
        let source = EventSource::new(request, policy, 1, &mut decoder);
        let world = World {
            now: Cell::new(Duration::ZERO),
            wake: Cell::new(None),
            script: RefCell::new(script.iter().rev().cloned().collect()),
            items_left: Cell::new(self.last_item),
            log: RefCell::default(),
        };
        run(&mut source.expect("a valid request"), &world);
        world.log.into_inner()
    }
}

fn by_hand(source: &mut Source<'_>, world: &World, chunk: usize) {
    let mut chunk = vec![0; chunk];
    let mut socket: Option<Socket<'_>> = None;
    // Whether an operation is ready before its deadline. Passes the time until then.
    let ready = |time: Option<Duration>, deadline: Option<Duration>| {
        let until = time.into_iter().chain(deadline).min().unwrap_or(END);
        world.now.set(world.now.get().max(until));
        time.is_some_and(|time| time <= world.now.get())
    };
    while world.now.get() < END {
        let now = || world.now.get();
        match source.step(now()) {
            Step::Connect { deadline, .. } => {
                socket = None;
                let opened = world.open();
                let is_ready = ready(opened.as_ref().map(|(_, at)| *at), deadline);
                match opened {
                    Some((connection, _)) if is_ready && connection.made == Some(true) => {
                        socket = Some(world.socket(connection));
                        source.connected(now());
                    }
                    _ => source.failed(now()),
                }
            }
            Step::Write { deadline } => {
                let socket = socket.as_mut().expect("a connection");
                if !ready(socket.write_at(), deadline) {
                    source.failed(now());
                    continue;
                }
                match socket.write_now(source.request(&mut chunk)) {
                    Ok(written) => source.wrote(written),
                    Err(_) => source.failed(now()),
                }
            }
            Step::Read { deadline } => {
                let socket = socket.as_mut().expect("a connection");
                if !ready(socket.read_at(), deadline) {
                    source.timed_out(now());
                    continue;
                }
                match socket.read_now(&mut chunk) {
                    Ok(0) => source.ended(now()),
                    Ok(len) => {
                        let mut input = &chunk[..len];
                        while let Some(item) = source.receive(&mut input, now()) {
                            if world.tell(&item).is_break() {
                                source.close();
                                return;
                            }
                        }
                    }
                    Err(ErrorKind::Interrupted) => source.timed_out(now()),
                    Err(_) => source.failed(now()),
                }
            }
            Step::Wait(wait) => {
                socket = None;
                if world.tell(&Item::Lost(wait)).is_break() {
                    return;
                }
                ready(Some(wait.until), None);
            }
            Step::Stop(stop) => {
                let _ = world.tell(&Item::Stopped(stop));
                return;
            }
        }
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Passes time whenever the future is pending and nothing has woken it.
fn poll_to_end(world: &World, future: impl Future) {
    let mut future = pin!(future);
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(woken.clone());
    let mut context = Context::from_waker(&waker);
    while world.now.get() < END {
        world.wake.set(None);
        if future.as_mut().poll(&mut context).is_ready() {
            return;
        }
        if !woken.0.swap(false, Ordering::Relaxed) {
            let wake = world.wake.get().unwrap_or(END);
            world.now.set(wake.max(world.now.get()));
        }
    }
}
