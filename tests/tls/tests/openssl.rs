//! `openssl s_server`.

use embedded_sse::io::Connect;
use embedded_sse::tls::{ConnectError, PinnedKeys, Tls, TlsError, TlsMemory};
use embedded_sse::tokio_net::{TcpConnector, TokioTime};
use embedded_sse::{Origin, Scheme};
use tls::openssl::{P256, Server, pin};
use tls::{follow, random};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(future)
}

/// Follows a server that sends ten events of 3000 bytes. Returns whether they all came.
fn is_followed<const READ: usize>(options: &[&str]) -> bool {
    let data: Vec<_> = (0..10).map(|n| format!("{n:03000}")).collect();
    let events: String = data
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let server = Server::start(P256, options, &format!("{head}{events}"));
    let pins = PinnedKeys::parse(&[&pin(server.port)]).unwrap();
    let mut memory = Box::new(TlsMemory::<READ>::new());
    let mut tls = Tls::new(TcpConnector::new(), &mut memory, pins, random());
    let url = format!("https://127.0.0.1:{}/events", server.port);
    let (received, causes) =
        block_on(async { follow(&mut tls, &TokioTime::new(), &url, data.len()).await });
    assert!(received.is_empty() || received == data);
    received == data && causes.is_empty()
}

#[test]
fn full_records_are_accepted() {
    assert!(is_followed::<16401>(&[]));
}

#[test]
fn small_records_are_accepted() {
    assert!(is_followed::<16401>(&["-max_send_frag", "1000"]));
    assert!(is_followed::<1041>(&["-max_send_frag", "1000"]));
}

#[test]
fn a_server_that_is_asked_for_small_records_sends_them() {
    assert!(is_followed::<1041>(&[]));
    assert!(is_followed::<2065>(&[]));
    assert!(is_followed::<4113>(&[]));
}

#[test]
fn a_client_certificate_that_is_asked_for_is_not_needed() {
    assert!(is_followed::<16401>(&["-verify", "1"]));
    assert!(!is_followed::<16401>(&["-Verify", "1"]));
}

fn error(key: &[&str], options: &[&str]) -> TlsError {
    let server = Server::start(key, options, "");
    let pins = PinnedKeys::parse(&[&pin(server.port)]).unwrap();
    let mut memory = Box::new(TlsMemory::<16401>::new());
    let mut tls = Tls::new(TcpConnector::new(), &mut memory, pins, random());
    let origin = Origin {
        scheme: Scheme::Https,
        host: "127.0.0.1",
        port: server.port,
    };
    match block_on(tls.connect(origin, None)) {
        Err(ConnectError::Tls(error)) => error,
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn servers_that_do_not_do_what_is_needed_give_clear_errors() {
    assert_eq!(error(&["rsa:2048"], &[]), TlsError::Alert(40));
    assert_eq!(error(&["ed25519"], &[]), TlsError::UnsupportedKey);
    let p384 = ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
    assert_eq!(error(&p384, &[]), TlsError::UnsupportedKey);
    assert_eq!(error(P256, &["-tls1_2"]), TlsError::Alert(70));
    let x25519 = ["-groups", "X25519"];
    assert_eq!(error(P256, &x25519), TlsError::Alert(40));
    let aes_256 = ["-ciphersuites", "TLS_AES_256_GCM_SHA384"];
    assert_eq!(error(P256, &aes_256), TlsError::Alert(40));
}
