//! nginx in front of a server without TLS, configured as in `docs/https.md`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use embedded_sse::LossCause;
use embedded_sse::tls::{PinnedKeys, Tls, TlsMemory};
use embedded_sse::tokio_net::{TcpConnector, TokioTime};
use tls::openssl::{self, Directory, P256, make_key};
use tls::{follow, random};

/// Without nginx, the tests do nothing, unless they run in CI.
fn is_installed() -> bool {
    let found = Command::new(NGINX).arg("-v").stderr(Stdio::null()).status();
    let is_installed = found.is_ok_and(|status| status.success());
    assert!(
        is_installed || std::env::var_os("CI").is_none(),
        "nginx is not installed"
    );
    is_installed
}

/// Debian installs it where the search path of users does not lead.
const NGINX: &str = "/usr/sbin/nginx";

struct Nginx {
    process: Child,
    port: u16,
    directory: Directory,
}

impl Nginx {
    /// Starts it with a new key in front of the server at this port.
    fn start(server: u16) -> Self {
        let directory = Directory::new();
        make_key(&directory, "device", P256);
        // Somebody else may take the port before nginx does.
        for _ in 0..10 {
            let port = free_port();
            let config = config(&directory, port, server);
            fs::write(directory.path().join("nginx.conf"), config).unwrap();
            let mut process = Command::new(NGINX)
                .args(["-e", "stderr", "-c", "nginx.conf", "-p"])
                .arg(directory.path())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let deadline = Instant::now() + Duration::from_secs(60);
            while Instant::now() < deadline && process.try_wait().unwrap().is_none() {
                if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                    return Self {
                        process,
                        port,
                        directory,
                    };
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            let _killed = process.kill();
            let _ended = process.wait();
        }
        panic!("nginx does not start");
    }

    fn pin(&self) -> String {
        let pin = openssl::pin(self.port);
        let file = self.directory.path().join("device.pem");
        assert_eq!(pin, openssl::pin_of_file(&file));
        pin
    }

    /// Follows it with this pin until the third loss or until so many events have come.
    fn follow<const READ: usize>(&self, pin: &str, events: usize) -> (Vec<String>, Vec<LossCause>) {
        let pins = PinnedKeys::parse(&[pin]).unwrap();
        let mut memory = Box::new(TlsMemory::<READ>::new());
        let mut tls = Tls::new(TcpConnector::new(), &mut memory, pins, random());
        let url = format!("https://127.0.0.1:{}/api/stream?restrict=a", self.port);
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().unwrap();
        runtime.block_on(async { follow(&mut tls, &TokioTime::new(), &url, events).await })
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// The configuration of `docs/https.md`, with other ports and files, for any user.
fn config(directory: &Directory, port: u16, server: u16) -> String {
    let docs = include_str!("../../../docs/https.md");
    let (_, block) = docs.split_once("```nginx\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let path = directory.path().to_str().unwrap();
    let changes = [
        ("listen 8443", format!("listen 127.0.0.1:{port}")),
        ("/etc/nginx", path.to_string()),
        ("127.0.0.1:8123", format!("127.0.0.1:{server}")),
    ];
    let block = changes.iter().fold(block.to_string(), |block, (from, to)| {
        assert!(block.contains(from));
        block.replace(from, to)
    });
    let mut temporary = String::new();
    for kind in ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"] {
        temporary += &format!("{kind}_temp_path {path}/{kind};\n");
    }
    format!(
        "daemon off; master_process off; pid {path}/pid;\n\
         events {{}}\n\
         http {{ access_log off;\n{temporary}{block}}}\n"
    )
}

/// A server without TLS. It answers each request with the same events, and ends.
struct Plain {
    port: u16,
    requests: Arc<AtomicUsize>,
}

fn plain(events: &[String]) -> Plain {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests = Arc::new(AtomicUsize::new(0));
    let count = requests.clone();
    let events: Vec<_> = events
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut lines = BufReader::new(client.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            assert_eq!(first, "GET /api/stream?restrict=a HTTP/1.1");
            let has_token = lines
                .map_while(|line| line.ok().filter(|line| !line.is_empty()))
                .any(|line| line == "Authorization: Bearer secret");
            assert!(has_token);
            count.fetch_add(1, Ordering::SeqCst);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
            client.write_all(head.as_bytes()).unwrap();
            for event in &events {
                client.write_all(event.as_bytes()).unwrap();
            }
        }
    });
    Plain { port, requests }
}

#[test]
fn events_arrive_through_nginx_again_and_again() {
    if !is_installed() {
        return;
    }
    let events = ["a", "b", "c"].map(String::from);
    let nginx = Nginx::start(plain(&events).port);
    let (data, causes) = nginx.follow::<16401>(&nginx.pin(), 7);
    assert_eq!(data, ["a", "b", "c", "a", "b", "c", "a"]);
    // nginx says so when the server has ended.
    assert_eq!(causes, [LossCause::End; 2]);
}

/// 40 KB, which nginx sends in records of up to 16 KB.
#[test]
fn large_events_arrive_in_large_and_in_small_records() {
    if !is_installed() {
        return;
    }
    let events = ["a", "b"].map(|letter| letter.repeat(20_000));
    let nginx = Nginx::start(plain(&events).port);
    let pin = nginx.pin();
    let followed = nginx.follow::<16401>(&pin, 2);
    assert!(followed == (events.to_vec(), vec![]), "{:?}", followed.1);
    // It does as the client asks.
    let followed = nginx.follow::<1041>(&pin, 2);
    assert!(followed == (events.to_vec(), vec![]), "{:?}", followed.1);
}

#[test]
fn a_wrong_key_gets_no_request() {
    if !is_installed() {
        return;
    }
    let server = plain(&["a".into()]);
    let nginx = Nginx::start(server.port);
    let (data, causes) = nginx.follow::<16401>(&"0".repeat(64), 1);
    assert_eq!(data, Vec::<String>::new());
    assert_eq!(causes, [LossCause::Connect; 3]);
    assert_eq!(server.requests.load(Ordering::SeqCst), 0);
    assert_eq!(nginx.follow::<16401>(&nginx.pin(), 1).0, ["a"]);
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);
}
