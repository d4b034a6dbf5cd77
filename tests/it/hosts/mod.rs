//! The transports for hosts, over real sockets on loopback.

mod std_net;
mod stop;
mod tokio_net;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread::spawn;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// Far longer than any of these tests needs.
const PATIENCE: Duration = Duration::from_secs(20);

const OPEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// A server that answers one connection after another with these responses, then stops listening.
/// Returns its URL.
fn serve(host: &str, responses: &'static [&'static str]) -> std::io::Result<String> {
    let listener = TcpListener::bind((host, 0))?;
    let url = format!("http://{}/", listener.local_addr()?);
    spawn(move || {
        for (response, tcp) in responses.iter().zip(listener.incoming()) {
            let mut tcp = tcp.unwrap();
            read_head(&mut tcp);
            tcp.write_all(response.as_bytes()).unwrap();
        }
    });
    Ok(url)
}

/// An address that refuses connections while the socket is kept: it is bound but does not listen.
fn nobody() -> (SocketAddr, Socket) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    let address = socket.local_addr().unwrap();
    (address.as_socket().unwrap(), socket)
}

fn read_head(tcp: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        tcp.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
}

/// Runs it in a thread, and fails if it takes too long.
fn in_time<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    spawn(move || sender.send(run()));
    receiver.recv_timeout(PATIENCE).expect("it returns in time")
}
