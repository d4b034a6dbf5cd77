//! The programs over `https`.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::program::Program;

/// A server on loopback with a certificate of its own.
struct TlsServer {
    port: u16,
    /// The certificate, as a file of root certificates.
    roots: PathBuf,
    /// What it was sent, decrypted.
    requests: Receiver<String>,
}

impl TlsServer {
    /// Answers each request with `response`.
    fn start(name: &str, response: &'static str) -> Self {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a key");
        let roots = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&roots, own.cert.pem()).expect("a file in the target directory");
        let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key);
        let config = Arc::new(config.expect("a key for the certificate"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, requests) = mpsc::channel();
        thread::spawn(move || {
            for tcp in listener.incoming() {
                // A client that does not trust the certificate closes the connection.
                if let Ok(request) = tcp.and_then(|tcp| serve(tcp, &config, response)) {
                    // The test may be over.
                    let _ = sender.send(request);
                }
            }
        });
        Self {
            port,
            roots,
            requests,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }
}

fn serve(tcp: TcpStream, config: &Arc<ServerConfig>, response: &str) -> io::Result<String> {
    let server = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut tls = StreamOwned::new(server, tcp);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        tls.read_exact(&mut byte)?;
        request.extend(byte);
    }
    tls.write_all(response.as_bytes())?;
    // Until the client closes it. Then it is gone, in order or not.
    let _ = tls.read(&mut [0]);
    String::from_utf8(request).map_err(io::Error::other)
}

#[test]
fn a_stream_comes_over_tls() {
    let response = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n\
                    data: {\"id\":\"hwQ2YpKdmg\",\"message\":\"Hi!\"}\n\n";
    let server = TlsServer::start("tls-roots.pem", response);
    let roots = server.roots.to_str().expect("UTF-8");
    let program = Program::start(
        env!("CARGO_BIN_EXE_ntfy"),
        &[&server.url("/mytopic/sse")],
        &[("SSL_CERT_FILE", roots)],
    );
    assert_eq!(program.line(), "Hi!");
    program.kill();
    let request = server.requests.recv().expect("a request");
    assert!(request.starts_with("GET /mytopic/sse?since="), "{request}");
}

#[test]
fn nothing_is_sent_to_a_server_whose_certificate_is_not_trusted() {
    let server = TlsServer::start("tls-own.pem", "HTTP/1.1 200 OK\r\n\r\n");
    let other = TlsServer::start("tls-other.pem", "");
    let roots = other.roots.to_str().expect("UTF-8");
    let program = Program::start(
        env!("CARGO_BIN_EXE_llm"),
        &[&server.url("/v1/chat/completions"), "gpt-5", "Hi"],
        &[("SSL_CERT_FILE", roots)],
    );
    let (status, _, errors) = program.wait();
    assert_eq!(status, Some(1));
    assert!(errors.contains("invalid peer certificate"), "{errors}");
    assert!(server.requests.try_recv().is_err());
}

#[test]
fn missing_root_certificates_are_explained() {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tls-no-roots");
    fs::create_dir_all(&directory).expect("a directory in the target directory");
    let directory = directory.to_str().expect("UTF-8");
    let file = format!("{directory}/missing.pem");
    let program = Program::start(
        env!("CARGO_BIN_EXE_llm"),
        &["https://localhost:9/v1/chat/completions", "gpt-5", "Hi"],
        &[("SSL_CERT_FILE", &file), ("SSL_CERT_DIR", directory)],
    );
    let (status, _, errors) = program.wait();
    assert_eq!(status, Some(1));
    assert!(errors.contains(&file), "{errors}");
    assert!(
        errors.contains("there are no root certificates"),
        "{errors}"
    );
}
