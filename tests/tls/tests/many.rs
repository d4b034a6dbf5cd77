//! A thousand connections, one after another. The client's memory does not grow.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::net::TcpListener;
use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;
use std::time::Duration;

use embassy_futures::block_on;
use embedded_io_async::{ErrorType, Read, Write};
use embedded_sse::io::{Clock, Connect};
use embedded_sse::tls::{Tls, TlsMemory};
use embedded_sse::tokio_net::{TcpConnector, TokioTime};
use embedded_sse::{Decoder, EventSource, Item, Origin, Policy, Request, Url, io};
use rustls::ServerConnection;
use rustls::crypto::ring::Ticketer;
use tls::by_hand::{ByHand, good};
use tls::keys::Key;
use tls::net::{Net, Time};
use tls::random;
use tls::rustls_server::{config, send};

const COUNT: usize = 1000;

thread_local! {
    /// How many bytes this thread has allocated and not freed. Other threads are not counted, since
    /// the test harness allocates in some of them at any time.
    static ALLOCATED: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: each call is passed on to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.set(ALLOCATED.get().wrapping_add_unsigned(layout.size()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        ALLOCATED.set(ALLOCATED.get().wrapping_sub_unsigned(layout.size()));
        unsafe { System.dealloc(old, layout) }
    }
}

/// What was seen of the connections.
struct Seen {
    open: Cell<usize>,
    /// The allocated bytes at each attempt to connect.
    allocated: RefCell<Vec<isize>>,
}

impl Seen {
    fn new() -> Self {
        Self {
            open: Cell::new(0),
            allocated: Vec::with_capacity(COUNT + 1).into(),
        }
    }
}

/// Measures the memory at each attempt to connect. Panics if an older connection is still there.
struct Measured<'c, C> {
    transport: C,
    seen: &'c Seen,
    /// Forgets what a network without sockets remembers.
    forget: fn(&mut C),
}

impl<'a, C: Connect> Connect for Measured<'a, C> {
    type Error = C::Error;
    type Io<'c>
        = Open<'a, C::Io<'c>>
    where
        Self: 'c;

    async fn connect(
        &mut self,
        origin: Origin<'_>,
        deadline: Option<Duration>,
    ) -> Result<Self::Io<'_>, C::Error> {
        let open = &self.seen.open;
        assert_eq!(open.get(), 0, "the old connection is still there");
        (self.forget)(&mut self.transport);
        let allocated = ALLOCATED.get();
        self.seen.allocated.borrow_mut().push(allocated);
        let io = self.transport.connect(origin, deadline).await?;
        open.set(1);
        Ok(Open { io, open })
    }
}

struct Open<'c, T> {
    io: T,
    open: &'c Cell<usize>,
}

impl<T> Drop for Open<'_, T> {
    fn drop(&mut self) {
        self.open.set(0);
    }
}

impl<T: ErrorType> ErrorType for Open<'_, T> {
    type Error = T::Error;
}

impl<T: Read> Read for Open<'_, T> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, T::Error> {
        self.io.read(into).await
    }
}

impl<T: Write> Write for Open<'_, T> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, T::Error> {
        self.io.write(bytes).await
    }

    async fn flush(&mut self) -> Result<(), T::Error> {
        self.io.flush().await
    }
}

/// Follows the source until `COUNT` events have come, of which each is on a connection of its own.
async fn follow(connect: &mut impl Connect, clock: &impl Clock, url: &str) {
    let policy = Policy {
        reconnection_time: Duration::from_millis(1),
        max_delay: Duration::from_millis(1),
        healthy_time: Duration::ZERO,
        jitter_percent: 0,
        ..Policy::DEFAULT
    };
    let mut decoder: Decoder<256> = Decoder::new();
    let request = Request::get(Url::parse(url).unwrap());
    let mut source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
    let (mut opened, mut events) = (0, 0);
    let mut chunk = [0; 512];
    let show = async |item: Item<'_>| {
        match item {
            Item::Open(_) => opened += 1,
            Item::Event(event) => {
                assert_eq!(event.data, "a");
                events += 1;
                assert_eq!(events, opened);
            }
            Item::Stopped(stop) => panic!("stopped: {stop}"),
            _ => {}
        }
        if events == COUNT {
            Break(())
        } else {
            Continue(())
        }
    };
    io::sse(connect, clock, &mut source, &mut chunk, show).await;
    assert_eq!(opened, COUNT);
}

#[test]
fn a_thousand_connections_take_the_same_memory() {
    let key = Key::new();
    let seen = Seen::new();
    let net = Measured {
        transport: Net::new(|| ByHand::new(good(&key))),
        seen: &seen,
        forget: |net| net.sent.borrow_mut().clear(),
    };
    let mut memory = Box::new(TlsMemory::<16401>::new());
    let mut tls = Tls::new(net, &mut memory, key.pins(), random());
    block_on(follow(&mut tls, &Time::new(), "https://localhost/"));
    let [_, first, others @ ..] = &seen.allocated.borrow()[..] else {
        panic!("no connections");
    };
    assert_eq!(others.len(), COUNT - 2);
    assert!(others.iter().all(|allocated| allocated == first));
}

/// With rustls on loopback, where no two connections begin alike.
#[test]
fn a_thousand_connections_over_tcp_are_different_and_take_the_same_memory() {
    let key = Key::new();
    let mut config = config(&key);
    // Otherwise, the server remembers its sessions.
    config.ticketer = Ticketer::new().unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let mut hellos = HashSet::with_capacity(COUNT);
        for n in 0..COUNT {
            let (mut tcp, _) = listener.accept().unwrap();
            let mut hello = [0; 43];
            tcp.peek(&mut hello).unwrap();
            assert!(hellos.insert(hello));
            let mut tls = ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::Stream::new(&mut tls, &mut tcp);
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut part = [0; 100];
                let len = std::io::Read::read(&mut stream, &mut part).unwrap();
                request.extend(&part[..len]);
            }
            send(&mut tls, "data: a\n\n");
            if n % 2 == 0 {
                tls.send_close_notify();
            }
            tls.complete_io(&mut tcp).unwrap();
        }
    });
    let seen = Seen::new();
    let tcp = Measured {
        transport: TcpConnector::new(),
        seen: &seen,
        forget: |_| {},
    };
    let mut memory = Box::new(TlsMemory::<16401>::new());
    let mut tls = Tls::new(tcp, &mut memory, key.pins(), random());
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    let url = format!("https://{address}/");
    runtime.block_on(async { follow(&mut tls, &TokioTime::new(), &url).await });
    server.join().unwrap();
    // tokio may keep a few connections before it frees them.
    let allocated = seen.allocated.borrow();
    let (first, others) = allocated.split_at(100);
    assert_eq!(others.len(), COUNT - 100);
    assert!(others.iter().max() <= first.iter().max(), "{allocated:?}");
}
