//! The firmware that the footprint is a difference to: it opens a socket, sends a request, and reads.
//! The capacities are those of all of them.

use core::hint::black_box;

use board::{argument, exit, peak_stack, put_number, status};
use embassy_net::Stack;
use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::TcpSocket;
use embassy_time::{Duration, Timer, with_timeout};
use embedded_sse::{Event, Item};
use static_cell::ConstStaticCell;

pub const HOST: &str = "10.0.2.2";
pub const RX: usize = 1460;
pub const TX: usize = 512;
pub const CHUNK: usize = 512;
pub const DATA: usize = 2048;
pub const META: usize = 64;

static CHUNK_MEMORY: ConstStaticCell<[u8; CHUNK]> = ConstStaticCell::new([0; CHUNK]);

pub fn chunk() -> &'static mut [u8; CHUNK] {
    CHUNK_MEMORY.take()
}

/// A socket in memory of its own.
pub fn socket(stack: Stack<'static>) -> TcpSocket<'static> {
    static RX_MEMORY: ConstStaticCell<[u8; RX]> = ConstStaticCell::new([0; RX]);
    static TX_MEMORY: ConstStaticCell<[u8; TX]> = ConstStaticCell::new([0; TX]);
    let mut socket = TcpSocket::new(stack, RX_MEMORY.take(), TX_MEMORY.take());
    socket.set_keep_alive(Some(Duration::from_secs(10)));
    socket.set_timeout(Some(Duration::from_secs(25)));
    socket
}

/// As many as the host accepts: refused ones do not count.
const CONNECTIONS: usize = 5;

/// What a client does to its socket, without a client: asks, hands on what comes, and again when there
/// is no more. Then it reports.
pub async fn follow(stack: Stack<'static>, port: u16, mut take: impl FnMut(&[u8])) {
    let chunk = chunk();
    let mut socket = socket(stack);
    for _ in 0..CONNECTIONS {
        connect(stack, port, &mut socket).await;
        write(
            &mut socket,
            b"GET /events HTTP/1.1\r\nHost: 10.0.2.2\r\n\r\n",
        )
        .await;
        read(&mut socket, chunk, &mut take).await;
        socket.abort();
        Timer::after_millis(100).await;
    }
    report()
}

/// Hands on what comes, as long as there is something.
async fn read(socket: &mut TcpSocket<'_>, chunk: &mut [u8; CHUNK], take: &mut impl FnMut(&[u8])) {
    while let Ok(Ok(read @ 1..)) = with_timeout(Duration::from_secs(30), socket.read(chunk)).await {
        take(&chunk[..read]);
    }
}

/// Connects, and again until it succeeds.
pub async fn connect(stack: Stack<'_>, port: u16, socket: &mut TcpSocket<'_>) {
    while try_connect(stack, port, socket).await.is_none() {
        socket.abort();
        Timer::after_secs(1).await;
    }
}

async fn try_connect(stack: Stack<'_>, port: u16, socket: &mut TcpSocket<'_>) -> Option<()> {
    let address = *stack.dns_query(HOST, DnsQueryType::A).await.ok()?.first()?;
    let connecting = socket.connect((address, port));
    with_timeout(Duration::from_secs(30), connecting)
        .await
        .ok()?
        .ok()
}

/// Sends it all.
async fn write(socket: &mut TcpSocket<'_>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let Ok(written) = socket.write(bytes).await else {
            return;
        };
        bytes = bytes.get(written..).unwrap_or_default();
    }
    let _sent = socket.flush().await;
}

/// Where the server is, which the run was told.
pub fn port() -> u16 {
    match argument("port", |port| port?.parse().ok()) {
        Some(port) => port,
        None => exit(status::ARGUMENTS),
    }
}

/// Says what is known at the end, and ends.
pub fn report() -> ! {
    put_number("peak-stack", peak_stack());
    exit(0)
}

/// An application that wants each event, of which the compiler may leave out nothing.
pub fn look_at(item: Item<'_>) {
    if let Item::Event(Event {
        event_type,
        data,
        last_event_id,
        ..
    }) = item
    {
        black_box((event_type, data, last_event_id));
    }
}
