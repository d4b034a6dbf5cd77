//! HTTPS, with certificates from `tests/tools/tls`. Its README says what they are.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use serde_json::json;

use super::{event, expect_lost, expect_number, expect_open, expect_stopped};
use crate::server::Server;
use crate::support::{Tool, time_left};

const OPEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";

const ROOT: &str = "root.pem";
/// For `localhost` and 127.0.0.1.
const LOOPBACK: &str = "loopback.pem";
const OTHER_HOST: &str = "other.pem";
const EXPIRED: &str = "expired.pem";
/// As the only root certificate, it makes all the others unknown.
const OTHER_ROOT: &str = OTHER_HOST;

fn path(name: &str) -> String {
    format!("{}/tests/tools/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

struct TlsServer {
    port: u16,
    requests: Receiver<Request>,
}

struct Request {
    head: String,
    /// The name that the client asked for in the handshake.
    server_name: Option<String>,
}

/// A response, and whether the server then says that it is complete (`close_notify`).
type Answer = (String, bool);

impl TlsServer {
    /// Answers one connection after another. A failed handshake uses up no answer.
    fn start(
        certificate: &str,
        version: &'static SupportedProtocolVersion,
        answers: Vec<Answer>,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_file(path(certificate)).unwrap()],
                PrivateKeyDer::from_pem_file(path("server.key")).unwrap(),
            );
        let config = Arc::new(config.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, requests) = channel();
        spawn(move || {
            let mut answers = answers.into_iter();
            for tcp in listener.incoming() {
                let session = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(session, tcp.unwrap());
                let Ok(request) = read_request(&mut stream) else {
                    continue;
                };
                let _ = sender.send(request);
                let Some((response, is_complete)) = answers.next() else {
                    break;
                };
                stream.write_all(response.as_bytes()).unwrap();
                if is_complete {
                    stream.conn.send_close_notify();
                }
                stream.flush().unwrap();
            }
        });
        Self { port, requests }
    }

    fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/", self.port)
    }

    fn request(&self) -> Request {
        self.requests.recv_timeout(time_left()).unwrap()
    }
}

fn read_request(stream: &mut StreamOwned<ServerConnection, TcpStream>) -> std::io::Result<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(Request {
        head: String::from_utf8(head).unwrap(),
        server_name: stream.conn.server_name().map(str::to_owned),
    })
}

/// `tail --json` that trusts only this root certificate.
fn tail(root: &str, args: &[&str]) -> Tool {
    let always = ["--json", "--reconnection-time", "1", "--no-jitter"];
    let args: Vec<&OsStr> = always.iter().chain(args).map(OsStr::new).collect();
    // Nor those in a directory that the environment of the test names.
    let roots = [
        ("SSL_CERT_FILE", &path(root)[..]),
        ("SSL_CERT_DIR", &path("none")[..]),
    ];
    Tool::run_in("tail", &args, &roots)
}

#[test]
fn follows_and_resumes_with_tls_1_2_and_1_3_by_name_and_by_address() {
    for (version, host, server_name) in [
        (&TLS12, "localhost", Some("localhost")),
        (&TLS13, "localhost", Some("localhost")),
        // An IP address is not sent as a name, but the certificate must contain it.
        (&TLS13, "127.0.0.1", None),
    ] {
        let answers = vec![
            (format!("{OPEN}{}", event(1)), true),
            (NO_CONTENT.into(), true),
        ];
        let server = TlsServer::start(LOOPBACK, version, answers);
        let mut tail = tail(ROOT, &[&server.url(host)]);
        expect_open(&mut tail);
        expect_number(&mut tail, 1);
        expect_lost(&mut tail, "end");
        let first = server.request();
        assert_eq!(first.server_name.as_deref(), server_name);
        assert!(
            first
                .head
                .contains(&format!("Host: {host}:{}\r\n", server.port))
        );
        assert!(server.request().head.contains("Last-Event-ID: 1\r\n"));
        tail.expect(json!({"kind": "stopped", "reason": "no_content", "status": 204}));
        assert_eq!(tail.expect_exit(0), "");
    }
}

/// Follows the URL once, and returns what is written to standard error.
#[track_caller]
fn refused(root: &str, url: &str) -> String {
    let mut tail = tail(root, &["--max-reconnection-attempts", "0", url]);
    tail.expect(json!({"kind": "lost", "cause": "connect"}));
    tail.expect(json!({"kind": "stopped", "reason": "attempts", "status": null}));
    tail.expect_exit(1)
}

#[test]
fn a_certificate_that_is_not_valid_is_refused_and_accepted_with_insecure() {
    for (certificate, root, words) in [
        (LOOPBACK, OTHER_ROOT, "no known authority has signed"),
        (OTHER_HOST, ROOT, "for another host"),
        (EXPIRED, ROOT, "has expired"),
    ] {
        let server = TlsServer::start(certificate, &TLS13, vec![(NO_CONTENT.into(), true)]);
        let url = server.url("localhost");
        let error = refused(root, &url);
        for words in [words, "--insecure", "SSL_CERT_FILE", &url[..url.len() - 1]] {
            assert!(error.contains(words), "{words} is missing: {error}");
        }
        // No request was sent: this is the first.
        let mut tail = tail(root, &["--insecure", &url]);
        tail.expect(json!({"kind": "stopped", "reason": "no_content", "status": 204}));
        let warning = tail.expect_exit(0);
        assert!(warning.starts_with("warning: --insecure: "), "{warning}");
        server.request();
    }
}

#[test]
fn a_file_without_root_certificates_is_an_error() {
    let server = TlsServer::start(LOOPBACK, &TLS13, vec![]);
    let error = refused("server.key", &server.url("localhost"));
    assert!(error.contains("no root certificates"), "{error}");
}

/// Without a length, only `close_notify` says that the response is complete.
#[test]
fn a_stream_without_close_notify_was_cut() {
    let answers = vec![
        (format!("{OPEN}{}", event(1)), false),
        (format!("{OPEN}{}", event(2)), true),
        (NO_CONTENT.into(), true),
    ];
    let server = TlsServer::start(LOOPBACK, &TLS13, answers);
    let mut tail = tail(ROOT, &[&server.url("localhost")]);
    expect_open(&mut tail);
    expect_number(&mut tail, 1);
    expect_lost(&mut tail, "transport");
    expect_open(&mut tail);
    expect_number(&mut tail, 2);
    expect_lost(&mut tail, "end");
    tail.expect(json!({"kind": "stopped", "reason": "no_content", "status": 204}));
    let error = tail.expect_exit(0);
    assert!(error.contains("close_notify"), "{error}");
}

#[test]
fn a_server_without_tls_is_named_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    spawn(move || {
        let (mut tcp, _) = listener.accept().unwrap();
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // Wait for the client to close the connection, since a reset could overtake the response.
        let _ = tcp.read_to_end(&mut Vec::new());
    });
    let error = refused(ROOT, &url);
    assert!(error.contains("does not speak TLS"), "{error}");
}

#[test]
fn a_redirect_leads_to_https_but_never_back_to_http() {
    let http = Server::start();
    let away = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}\r\n\r\n",
        http.url("/")
    );
    let https = TlsServer::start(LOOPBACK, &TLS13, vec![(away, true)]);
    let mut tail = tail(ROOT, &[&http.url("/")]);
    http.accept().reply(&format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        https.url("localhost")
    ));
    expect_stopped(&mut tail, "redirect", Some(307), 1);
    assert!(http.accept_at_once().is_none());
}

#[test]
fn the_connect_timeout_covers_the_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let args = [
        "--connect-timeout",
        "100",
        "--max-reconnection-attempts",
        "0",
        &url,
    ];
    let mut tail = tail(ROOT, &args);
    tail.expect(json!({"kind": "lost", "cause": "connect_timeout"}));
    expect_stopped(&mut tail, "attempts", None, 1);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let mut tail = tail(ROOT, &[&url]);
    let _held_open = listener.accept().unwrap();
    super::interrupt(&tail);
    expect_stopped(&mut tail, "closed", None, 0);
}
