//! A client of MCP's streamable HTTP transport, revision 2025-11-25.

mod error;
mod printable;
mod session;

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use embedded_sse::std_net::{StdTime, StopHandle};
use serde_json::{Value, json};

pub use error::Error;
pub use printable::printable;
use session::Session;
pub use session::{IDLE_TIMEOUT, LONGEST_MESSAGE, OnMessage};

/// The revisions that this client speaks. It asks for the first one.
const VERSIONS: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/// How long [`Client::initialize`] waits until the server's own stream is open. Some servers send the
/// head of a response only with the first message.
const OPENING_TIME: Duration = Duration::from_secs(1);

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    capabilities: Value,
    session: Arc<Session>,
    listener: Option<Listener>,
    requests: u64,
}

impl Client {
    /// Creates a client. It connects in [`initialize`](Self::initialize).
    pub fn new(url: &str, capabilities: Value, on_message: OnMessage) -> Self {
        Self {
            capabilities,
            session: Arc::new(Session::new(url, on_message, IDLE_TIMEOUT)),
            listener: None,
            requests: 0,
        }
    }

    /// Sets how long the server may be silent while a request waits for its response. The request then
    /// fails with [`Error::TimedOut`], and the server is told that it is cancelled. A server that works
    /// for longer sends progress notifications or comments. Default: [`IDLE_TIMEOUT`].
    ///
    /// A session that has begun ends here: call this before [`initialize`](Self::initialize).
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.session = Arc::new(self.session.renewed(timeout));
        self
    }

    /// Begins a session, and returns what the server says about itself.
    pub fn initialize(&mut self) -> Result<Value, Error> {
        self.listener = None;
        self.session = Arc::new(self.session.renewed(self.session.idle_timeout));
        let params = json!({
            "protocolVersion": VERSIONS[0],
            "capabilities": self.capabilities,
            "clientInfo": {"name": "embedded-sse", "version": "0.1.0"},
        });
        let request = self.next_request("initialize", &params);
        let result = self.session.send(&request)?;
        let version = result["protocolVersion"].as_str().unwrap_or_default();
        if !VERSIONS.contains(&version) {
            return Err(Error::Failed(format!("unknown version {version:?} of MCP")));
        }
        self.session.version.get_or_init(|| version.to_owned());
        let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.session.send(&notification)?;
        self.listener = Some(Listener::start(Arc::clone(&self.session)));
        Ok(result)
    }

    /// Sends a request, and returns the result in its response. If the session has expired, a new one
    /// begins, and the request is sent again.
    pub fn request(&mut self, method: &str, params: &Value) -> Result<Value, Error> {
        let request = self.next_request(method, params);
        match self.session.send(&request) {
            Err(Error::SessionExpired) => {
                self.initialize()?;
                self.session.send(&request)
            }
            result => result,
        }
    }

    /// Ends the session. A server may refuse that (405) and end its sessions itself.
    pub fn close(mut self) -> Result<(), Error> {
        self.listener = None;
        if self.session.id.get().is_none() {
            return Ok(());
        }
        let clock = StdTime::new();
        let ended = self
            .session
            .exchange("DELETE", &Value::Null, &clock, &mut || {});
        match ended {
            Ok(_) | Err(Error::Refused { status: 405, .. } | Error::SessionExpired) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn next_request(&mut self, method: &str, params: &Value) -> Value {
        self.requests += 1;
        json!({"jsonrpc": "2.0", "id": self.requests, "method": method, "params": params})
    }
}

/// A thread that follows the stream of messages that belong to no request. It ends when this is
/// dropped.
#[derive(Debug)]
struct Listener(StopHandle);

impl Listener {
    fn start(session: Arc<Session>) -> Self {
        let clock = StdTime::new();
        let stop = clock.stop_handle();
        let (opened, is_open) = mpsc::channel();
        thread::spawn(move || {
            let result = session.exchange("GET", &Value::Null, &clock, &mut || {
                let _ = opened.send(());
            });
            // A refusal means that the server has no such stream.
            if let Err(error @ Error::Failed(_)) = result {
                eprintln!("the server's own stream has failed: {}", printable(error));
            }
        });
        // An error means that the server has refused the stream, or that it is late.
        let _ = is_open.recv_timeout(OPENING_TIME);
        Self(stop)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.stop();
    }
}
