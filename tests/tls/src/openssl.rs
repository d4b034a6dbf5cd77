//! `openssl s_server`, and the command that prints a pin.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The options of `openssl req` for a key that the client supports.
pub const P256: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/// A new directory. It is removed when it is dropped.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Self {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("embedded-sse-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Default for Directory {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _removed = fs::remove_dir_all(&self.0);
    }
}

/// Runs `openssl`, which must succeed.
pub fn openssl(directory: &Directory, args: &[&str]) {
    let mut command = Command::new("openssl");
    let output = command.current_dir(directory.path()).args(args).output();
    let output = output.expect("openssl is installed");
    assert!(output.status.success(), "{output:?}");
}

/// Writes a new key of this kind to `NAME.key` and its certificate to `NAME.pem`.
pub fn make_key(directory: &Directory, name: &str, kind: &[&str]) {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
    let args = ["req", "-x509", "-nodes", "-days", "2", "-subj"];
    let names = [
        "/CN=localhost",
        "-keyout",
        &key,
        "-out",
        &certificate,
        "-newkey",
    ];
    openssl(directory, &[&args, &names, kind].concat());
}

/// A server that ends when it is dropped.
pub struct Server {
    process: Child,
    pub port: u16,
    _directory: Directory,
}

impl Server {
    /// Starts a server with a new key, which answers each request for `/events` with this response.
    pub fn start(key: &[&str], options: &[&str], response: &str) -> Self {
        let directory = Directory::new();
        make_key(&directory, "server", key);
        fs::write(directory.path().join("events"), response).unwrap();
        Self::start_in(directory, options)
    }

    /// Starts a server with the key `server` and the files of this directory.
    pub fn start_in(directory: Directory, options: &[&str]) -> Self {
        let mut process = Command::new("openssl")
            .current_dir(directory.path())
            .args(["s_server", "-accept", "127.0.0.1:0", "-HTTP"])
            .args(["-key", "server.key", "-cert", "server.pem"])
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
        Self {
            process,
            port,
            _directory: directory,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// What the command of `docs/https.md` prints for this server.
pub fn pin(port: u16) -> String {
    let address = format!("127.0.0.1:{port}");
    run(&command_of_docs().replace("192.168.1.2:443", &address))
}

/// What the command of `docs/https.md` prints for this certificate in PEM.
pub fn pin_of_file(certificate: &Path) -> String {
    let command = command_of_docs();
    let (_, rest) = command.split_once('|').unwrap();
    let (_, rest) = rest.split_once('|').unwrap();
    let certificate = certificate.display();
    run(&format!(
        "openssl x509 -in {certificate} -pubkey -noout | {rest}"
    ))
}

fn command_of_docs() -> String {
    let docs = include_str!("../../../docs/https.md");
    let mut blocks = docs.split("```sh\n").skip(1);
    let block = blocks.find(|block| block.starts_with("openssl s_client"));
    let (command, _) = block.unwrap().split_once("```").unwrap();
    command.into()
}

fn run(command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let (pin, _) = text.split_at(64);
    pin.to_string()
}
