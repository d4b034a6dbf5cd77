//! Servers with TLS.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process;
use std::sync::{Arc, LazyLock};

use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};
use tls::by_hand::{ByHand, Part};
use tls::chain::{self, Issuer, authority};
use tls::keys::Key;
use tls::net::Server as _;
use tls::rustls_server::{config, config_of};

use crate::server::{Connection, OPEN, Server};

/// The address of this computer, as the firmware sees it.
pub const HOST: &str = "10.0.2.2";

/// The key that is pinned.
pub static KEY: LazyLock<Key> = LazyLock::new(Key::new);

/// The authority that is trusted.
pub static ROOT: LazyLock<Issuer> = LazyLock::new(|| chain::root(authority("root")));

static INTERMEDIATE: LazyLock<Issuer> =
    LazyLock::new(|| chain::issued(authority("intermediate"), &ROOT));

pub type Stream = StreamOwned<ServerConnection, TcpStream>;

/// What a firmware is told that trusts the pinned key.
pub fn pin() -> Vec<String> {
    vec![format!("pin={}", KEY.pin()), seed()]
}

/// What a firmware is told that trusts the authority.
pub fn root() -> Vec<String> {
    let mut root = String::from("root=");
    for byte in ROOT.der().iter() {
        let _infallible = write!(root, "{byte:02x}");
    }
    vec![root, seed()]
}

/// The board has no random numbers.
fn seed() -> String {
    format!("seed={}", process::id())
}

/// A server with the key that is pinned.
pub fn pinned() -> ServerConfig {
    config(&KEY)
}

/// A server with a new key, and a certificate of the authority for it.
pub fn issued() -> ServerConfig {
    let leaf = chain::issued(chain::server(&[HOST]), &ROOT);
    config_of(&[leaf.der()], leaf.key())
}

/// The same, by an intermediate authority.
pub fn issued_indirectly() -> ServerConfig {
    let leaf = chain::issued(chain::server(&[HOST]), &INTERMEDIATE);
    config_of(&[leaf.der(), INTERMEDIATE.der()], leaf.key())
}

/// The same, by the longest path that a client accepts. It takes the most stack.
pub fn issued_by_many() -> ServerConfig {
    static AUTHORITIES: LazyLock<Vec<Issuer>> = LazyLock::new(|| {
        let mut authorities: Vec<Issuer> = Vec::new();
        for name in ["first", "second", "third", "fourth"] {
            let by = authorities.last().unwrap_or(&ROOT);
            let issued = chain::issued(authority(name), by);
            authorities.push(issued);
        }
        authorities
    });
    let last = AUTHORITIES.last().unwrap_or(&ROOT);
    let leaf = chain::issued(chain::server(&[HOST]), last);
    let others = AUTHORITIES.iter().rev().map(|issuer| issuer.der());
    let certificates: Vec<_> = [leaf.der()].into_iter().chain(others).collect();
    config_of(&certificates, leaf.key())
}

/// Waits for a connection and its request.
pub fn request(server: &Server, config: ServerConfig) -> Connection<Stream> {
    let connection = Connection::new(stream(server, config));
    let kind = connection.stream.conn.handshake_kind();
    assert_eq!(kind, Some(HandshakeKind::Full), "the handshake");
    connection
}

/// Waits for a request that resumes after this event, 0 for none, and accepts it.
pub fn open_after(server: &Server, config: ServerConfig, event: u32) -> Connection<Stream> {
    let mut connection = request(server, config);
    connection.resume_after(event);
    connection.send(OPEN);
    connection
}

/// Waits for a connection to a server that is refused: no request arrives, and the handshake does not end.
pub fn refused(server: &Server, config: ServerConfig) {
    let mut stream = stream(server, config);
    let mut request = Vec::new();
    let end = stream.read_to_end(&mut request);
    let kind = end.expect_err("it ends without a close_notify").kind();
    assert!(!matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut));
    assert_eq!(request, b"");
    assert!(stream.conn.is_handshaking());
}

/// Waits for a connection to a server that sends these parts of a handshake, and is refused: the client
/// sends at most the end of its handshake.
pub fn refused_by_hand(server: &Server, parts: Vec<Part>) {
    let mut stream = server.accept();
    let mut server = ByHand::new(parts);
    let mut records = Vec::new();
    while let Some(record) = record(&mut stream) {
        let answer = server.receive(&record);
        records.push(record);
        if stream.write_all(&answer).is_err() {
            break;
        }
    }
    let [_hello, behind @ ..] = &records[..] else {
        panic!("no ClientHello");
    };
    // The client's Finished has 58 bytes, and a request more than 80.
    let len: usize = behind.iter().map(Vec::len).sum();
    assert!(len <= 58, "{behind:02x?}");
}

/// Waits for a connection, and cuts it in the server's first record.
pub fn cut_in_handshake(server: &Server) {
    let mut stream = server.accept();
    let hello = record(&mut stream).expect("a ClientHello");
    let answer = ByHand::new(Vec::new()).receive(&hello);
    let sent = stream.write_all(&answer[..answer.len() / 2]);
    sent.expect("the client takes it");
}

/// The next record with its header. `None` if the client has left.
fn record(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut record = vec![0; 5];
    stream.read_exact(&mut record).ok()?;
    let len = usize::from(record[3]) << 8 | usize::from(record[4]);
    record.resize(5 + len, 0);
    stream.read_exact(&mut record[5..]).ok()?;
    Some(record)
}

fn stream(server: &Server, config: ServerConfig) -> Stream {
    let tls = ServerConnection::new(Arc::new(config)).expect("a valid configuration");
    StreamOwned::new(tls, server.accept())
}

impl Connection<Stream> {
    /// Sends the first half of a record with these bytes, and nothing more.
    pub fn cut_in_record(mut self, bytes: &str) {
        let Stream { conn, sock } = &mut self.stream;
        let mut record = Vec::new();
        let written = conn.writer().write_all(bytes.as_bytes());
        let written = written.and_then(|()| conn.write_tls(&mut record));
        let half = written.expect("it fits") / 2;
        sock.write_all(&record[..half])
            .expect("the client takes it");
    }

    /// Ends with a `close_notify`.
    pub fn close(mut self) {
        self.stream.conn.send_close_notify();
        self.stream.flush().expect("the client takes it");
    }
}
