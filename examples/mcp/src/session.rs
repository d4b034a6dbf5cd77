//! One session: its requests, and the messages in the responses.

use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::time::Duration;

use embedded_sse::std_net::{StdTime, TcpConnector};
use embedded_sse::{
    Decoder, EventSource, Head, Item, LossCause, Policy, Request, StopReason, Url, Verdict,
    blocking, hooks,
};
use serde_json::{Value, json};

use crate::Error;

/// The longest message of a server, in bytes. The head of a response shares this memory.
pub const LONGEST_MESSAGE: usize = 64 << 10;

/// How long the server may be silent while a request waits for its response: five minutes.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

const POLICY: Policy = Policy {
    max_reconnection_attempts: Some(3),
    ..Policy::DEFAULT
};

/// For a message that ends something. Nothing is lost if the server does not get it, so there is one
/// attempt of at most 10 s.
const ENDING_POLICY: Policy = Policy {
    max_reconnection_attempts: Some(0),
    connect_timeout: Some(Duration::from_secs(5)),
    response_timeout: Some(Duration::from_secs(5)),
    ..Policy::DEFAULT
};

/// The method of a notification: the client does not wait for the response to its request any more.
const CANCELLED: &str = "notifications/cancelled";

/// The longest event ID, in bytes.
const LONGEST_ID: usize = 256;

/// Handles a request or a notification of the server: its method and parameters. Returns the result of
/// a request, or `None` if the method is unknown. The stream is not read until it returns.
pub type OnMessage = fn(method: &str, params: &Value) -> Option<Value>;

/// What all requests of a session share.
#[derive(Debug)]
pub struct Session {
    pub url: String,
    pub on_message: OnMessage,
    pub idle_timeout: Duration,
    /// Set by the response to `initialize`, unless the server has no sessions.
    pub id: OnceLock<String>,
    pub version: OnceLock<String>,
}

impl Session {
    pub fn new(url: &str, on_message: OnMessage, idle_timeout: Duration) -> Self {
        Self {
            url: url.to_owned(),
            on_message,
            idle_timeout,
            id: OnceLock::new(),
            version: OnceLock::new(),
        }
    }

    /// A session with the same server that has not begun.
    pub fn renewed(&self, idle_timeout: Duration) -> Self {
        Self::new(&self.url, self.on_message, idle_timeout)
    }

    /// Sends a message. If it is a request, returns the result in the response.
    pub fn send(&self, message: &Value) -> Result<Value, Error> {
        let result = self.exchange("POST", message, &StdTime::new(), &mut || {});
        // The request `initialize` must not be cancelled.
        if matches!(result, Err(Error::TimedOut(_))) && message["method"] != "initialize" {
            self.cancel(&message["id"]);
        }
        result
    }

    /// Tells the server that the response to a request is not needed any more.
    fn cancel(&self, id: &Value) {
        let params = json!({"requestId": id, "reason": "timeout"});
        let message = json!({"jsonrpc": "2.0", "method": CANCELLED, "params": params});
        if let Err(error) = self.send(&message) {
            eprintln!("the server does not get the cancellation: {error:?}");
        }
    }

    /// Makes an HTTP request, and handles the messages of the server in the response. A GET follows
    /// the server's own stream until the clock is stopped. `on_open` is called when a stream opens.
    pub fn exchange(
        &self,
        method: &str,
        message: &Value,
        clock: &StdTime,
        on_open: &mut dyn FnMut(),
    ) -> Result<Value, Error> {
        let id = message.get("id").filter(|_| !message["method"].is_null());
        let is_request = id.is_some();
        let is_initialize = message["method"] == "initialize";
        let is_ending = method == "DELETE" || message["method"] == CANCELLED;
        let has_answer = is_request || method == "GET";
        let has_session = self.id.get().is_some();
        let body = match message {
            Value::Null => String::new(),
            message => message.to_string(),
        };
        let request = Request {
            method,
            headers: &self.headers(&body),
            body: body.as_bytes(),
            resume_by_get: true,
            ..Request::get(Url::parse(&self.url).map_err(Error::failed)?)
        };
        let policy = match (is_request, is_ending) {
            (true, _) => Policy {
                idle_timeout: Some(self.idle_timeout),
                response_timeout: Some(self.idle_timeout),
                ..POLICY
            },
            (_, true) => ENDING_POLICY,
            // The server's own stream may be silent.
            _ => POLICY,
        };
        let seed = RandomState::new().hash_one(()) as u32;
        // Each request has its own decoder, so it does not send the ID of another request's stream.
        let mut decoder: Decoder<LONGEST_MESSAGE, LONGEST_ID> = Decoder::new();
        let mut source = EventSource::new(request, policy, seed, &mut decoder)
            .map_err(Error::failed)?
            .with_hooks(hooks::judge(|head: &Head<'_>, verdict| {
                let id = head.header("Mcp-Session-Id");
                // Another response could put the client into a session that it has not begun.
                if let Some(id) = id.filter(|_| is_initialize && head.status() == 200) {
                    self.id.get_or_init(|| id.to_owned());
                }
                judge(head, verdict, has_answer)
            }));
        let mut tcp = TcpConnector::new(clock);
        tcp.set_on_error(|origin, error| eprintln!("{origin}: {error}"));
        let mut chunk = [0; 4096];

        let mut was_open = false;
        let mut answer = None;
        let stop = blocking::sse(&mut tcp, clock, &mut source, &mut chunk, |item| {
            match item {
                Item::Open(_) => {
                    was_open = true;
                    on_open();
                }
                // It only brings the ID to resume from.
                Item::Event(event) if event.data.is_empty() => {}
                Item::Event(event) if event.event_type == "message" => {
                    answer = self.receive(event.data.as_bytes(), id);
                }
                Item::TooLong(part) => answer = Some(Err(Error::failed(part))),
                Item::Lost(wait) if is_request && is_silence(wait.cause) => {
                    answer = Some(Err(Error::TimedOut(self.idle_timeout)));
                }
                Item::Lost(wait) => eprintln!("{wait}"),
                _ => {}
            }
            match answer {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        });

        let body = source.response().map_or(&[][..], |(_, body)| body);
        match (answer, stop.reason, stop.status) {
            (Some(answer), _, _) => answer,
            _ if is_request && stop.cause.is_some_and(is_silence) => {
                Err(Error::TimedOut(self.idle_timeout))
            }
            (_, StopReason::Closed, _) => Ok(Value::Null),
            (_, StopReason::Finished, _) if !has_answer => Ok(Value::Null),
            (_, StopReason::Finished, _) => self
                .receive(body, id)
                .unwrap_or_else(|| Err(Error::failed("the server sent another message"))),
            // If a stream was open, the server may have acted on the request.
            (_, _, Some(404)) if has_session && !was_open => Err(Error::SessionExpired),
            (_, StopReason::Status, Some(status)) => Err(Error::Refused {
                status,
                body: String::from_utf8_lossy(body).into_owned(),
            }),
            (_, StopReason::ContentType, _) => Err(Error::failed(
                "the response is neither JSON nor an event stream",
            )),
            _ => Err(Error::failed(stop)),
        }
    }

    fn headers(&self, body: &str) -> Vec<(&str, &str)> {
        let mut headers = vec![("Accept", "application/json, text/event-stream")];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        if let Some(version) = self.version.get() {
            headers.push(("MCP-Protocol-Version", version));
        }
        if let Some(id) = self.id.get() {
            headers.push(("Mcp-Session-Id", id));
        }
        headers
    }

    /// Handles a message of the server. Returns the result in it, if it is the response to the request
    /// with this ID. On the server's own stream there is no request.
    fn receive(&self, message: &[u8], id: Option<&Value>) -> Option<Result<Value, Error>> {
        let message: Value = match serde_json::from_slice(message) {
            Ok(message) => message,
            Err(error) => return Some(Err(Error::failed(error))),
        };
        let message_id = message.get("id");
        let Some(method) = message.get("method").and_then(Value::as_str) else {
            let is_response = id.is_some() && message_id == id;
            return is_response.then(|| match message.get("error") {
                Some(error) => Err(Error::Response(error.clone())),
                None => Ok(message["result"].clone()),
            });
        };
        let result = match method {
            "ping" => Some(json!({})),
            method => (self.on_message)(method, &message["params"]),
        };
        // A notification has no ID, and no response.
        let mut response = json!({"jsonrpc": "2.0", "id": message_id?});
        match result {
            Some(result) => response["result"] = result,
            None => response["error"] = json!({"code": -32601, "message": "Method not found"}),
        }
        if let Err(error) = self.send(&response) {
            eprintln!("the server does not get the response to {method:?}: {error:?}");
        }
        None
    }
}

/// Whether the server is connected but sends nothing.
fn is_silence(cause: LossCause) -> bool {
    matches!(cause, LossCause::IdleTimeout | LossCause::ResponseTimeout)
}

/// Decides about a response.
fn judge(head: &Head<'_>, verdict: Verdict, has_answer: bool) -> Verdict {
    let content_type = head.header("Content-Type").unwrap_or_default();
    match (verdict, head.status()) {
        (_, 200..=299) if !has_answer => Verdict::Finish,
        (Verdict::Stop, 200) if content_type.starts_with("application/json") => Verdict::Collect,
        // A redirect could send the ID of the session to another server, or turn a POST into a GET,
        // which does something else here.
        (Verdict::Follow, _) => Verdict::Stop,
        _ => verdict,
    }
}
