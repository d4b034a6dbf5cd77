//! `openssl s_server`, and the command that prints a pin.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use embedded_sse::io::Connect;
use embedded_sse::tls::{ConnectError, PinnedKeys, Tls, TlsError, TlsMemory};
use embedded_sse::tokio_net::{TcpConnector, TokioTime};
use embedded_sse::{Origin, Scheme};
use tls::{follow, random};

/// Ends it when it is dropped.
struct Server {
    process: Child,
    port: u16,
    _directory: Directory,
}

struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _removed = fs::remove_dir_all(&self.0);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// Starts a server with a new key, which answers each request for `/events` with this response.
fn start(key: &[&str], options: &[&str], response: &str) -> Server {
    let thread = std::thread::current().id();
    let name = format!("embedded-sse-{}-{thread:?}", std::process::id());
    let directory = Directory(std::env::temp_dir().join(name));
    fs::create_dir_all(&directory.0).unwrap();
    fs::write(directory.0.join("events"), response).unwrap();
    let made = Command::new("openssl")
        .current_dir(&directory.0)
        .args([
            "req",
            "-x509",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-days",
            "2",
        ])
        .args(["-keyout", "key.pem", "-out", "certificate.pem", "-newkey"])
        .args(key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let mut process = Command::new("openssl")
        .current_dir(&directory.0)
        .args([
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-HTTP",
            "-key",
            "key.pem",
        ])
        .args(["-cert", "certificate.pem"])
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let port = lines
        .find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.strip_prefix("ACCEPT")?.rsplit_once(':')?;
            Some(port.parse().unwrap())
        })
        .unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    Server {
        process,
        port,
        _directory: directory,
    }
}

/// The command of `docs/https.md`.
fn pin(port: u16) -> String {
    let docs = include_str!("../../../docs/https.md");
    let (_, command) = docs.split_once("```sh\n").unwrap();
    let (command, _) = command.split_once("```").unwrap();
    let command = command.replace("192.168.1.2:443", &format!("127.0.0.1:{port}"));
    let output = Command::new("sh").args(["-c", &command]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let (pin, _) = text.split_at(64);
    pin.to_string()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(future)
}

const P256: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/// Follows a server that sends ten events of 3000 bytes. Returns whether they all came.
fn is_followed<const READ: usize>(options: &[&str]) -> bool {
    let data: Vec<_> = (0..10).map(|n| format!("{n:03000}")).collect();
    let events: String = data
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let server = start(P256, options, &format!("{head}{events}"));
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
    let server = start(key, options, "");
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
