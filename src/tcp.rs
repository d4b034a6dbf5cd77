//! The socket options that the transports for hosts set.

use core::time::Duration;
use std::io::Result;

use socket2::{SockRef, TcpKeepalive};

/// Sets `TCP_NODELAY` and TCP keep-alive: a probe after 60 s of silence, then every 10 s.
pub(crate) fn set_options(socket: SockRef<'_>) -> Result<()> {
    socket.set_tcp_nodelay(true)?;
    let keep_alive = TcpKeepalive::new().with_time(Duration::from_secs(60));
    // Other systems than these have no interval to set.
    #[cfg(any(
        target_os = "android",
        target_os = "freebsd",
        target_os = "illumos",
        target_os = "ios",
        target_os = "linux",
        target_os = "macos",
        target_os = "netbsd",
        target_os = "windows"
    ))]
    let keep_alive = keep_alive.with_interval(Duration::from_secs(10));
    socket.set_tcp_keepalive(&keep_alive)
}

/// The listener of a [`black_hole`], and the connections in its queue.
#[cfg(all(test, target_os = "linux"))]
pub(crate) struct FullQueue(
    socket2::Socket,
    #[expect(dead_code, reason = "kept open")] std::vec::Vec<socket2::Socket>,
);

#[cfg(all(test, target_os = "linux"))]
impl FullQueue {
    /// Accepts all connections from now on, so that the address answers. Does not return.
    pub(crate) fn accept_all(self) {
        while let Ok(_closed) = self.0.accept() {}
    }
}

/// An address that does not answer: the queue of a listener that never accepts is full. Keep what
/// this returns.
#[cfg(all(test, target_os = "linux"))]
pub(crate) fn black_hole() -> (std::net::SocketAddr, FullQueue) {
    use socket2::{Domain, SockAddr, Socket, Type};
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    listener.bind(&SockAddr::from(any)).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = std::vec::Vec::new();
    loop {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let connected = socket.connect_timeout(&address, Duration::from_millis(200));
        queue.push(socket);
        if connected.is_err() {
            return (address.as_socket().unwrap(), FullQueue(listener, queue));
        }
    }
}

/// An address that refuses connections while the socket is kept: it is bound but does not listen.
#[cfg(test)]
pub(crate) fn nobody() -> (std::net::SocketAddr, socket2::Socket) {
    use socket2::{Domain, SockAddr, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&SockAddr::from(any)).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (address, socket)
}
