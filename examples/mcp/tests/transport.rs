//! What the conformance suite does not check.

mod server;

use std::io::{Read, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use client::{Client, Error, LONGEST_MESSAGE};
use serde_json::{Value, json};
use server::{Server, has_handled, open_stream, send, send_json};

fn connect(server: &Server) -> Client {
    let mut client = Client::new(&server.url, json!({}), |method, _| {
        (method == "elicitation/create").then(|| json!({"action": "decline"}))
    });
    client.initialize().unwrap();
    client
}

/// Short for a test, and long for a busy computer that answers `initialize`.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);

fn connect_impatiently(server: &Server) -> Client {
    let client = Client::new(&server.url, json!({}), |_, _| None);
    let mut client = client.with_idle_timeout(IDLE_TIMEOUT);
    client.initialize().unwrap();
    client
}

fn call(client: &mut Client) -> Result<Value, Error> {
    client.request("tools/call", &json!({"name": "tool"}))
}

#[test]
fn every_request_after_initialize_has_the_session_and_the_version() {
    let server = Server::start(|received, tcp| {
        if !has_handled(received, tcp) {
            send_json(tcp, &received.result(json!({})));
        }
    });
    let mut client = connect(&server);
    call(&mut client).unwrap();
    client.close().unwrap();

    let requests = server.requests();
    let expected = [
        "POST initialize",
        "POST notifications/initialized",
        "POST tools/call",
        "DELETE",
    ];
    assert_eq!(server.summaries(), expected);
    for (number, request) in requests.iter().enumerate() {
        let is_later = number > 0;
        let session = is_later.then_some("s-1");
        // The server has chosen an older version than the client has asked for.
        let version = is_later.then_some("2025-06-18");
        assert_eq!(request.header("mcp-session-id"), session);
        assert_eq!(request.header("mcp-protocol-version"), version);
        // Some servers refuse a request that has a type and no body.
        let content_type = (request.method == "POST").then_some("application/json");
        assert_eq!(request.header("content-type"), content_type);
        let accept = request.header("accept");
        assert_eq!(accept, Some("application/json, text/event-stream"));
    }
}

#[test]
fn a_server_without_sessions_gets_no_delete() {
    let server = Server::start(|received, tcp| match received.summary().as_str() {
        "POST initialize" => {
            let result = json!({"protocolVersion": "2025-11-25"});
            send_json(tcp, &received.result(result));
        }
        _ => _ = has_handled(received, tcp),
    });
    connect(&server).close().unwrap();
    let expected = ["POST initialize", "POST notifications/initialized"];
    assert_eq!(server.summaries(), expected);
}

#[test]
fn a_refused_delete_is_no_error() {
    let server = Server::start(|received, tcp| {
        if received.method == "DELETE" {
            return send(tcp, "405 Method Not Allowed", "", "");
        }
        has_handled(received, tcp);
    });
    connect(&server).close().unwrap();
    assert_eq!(server.summaries().last().unwrap(), "DELETE");
}

#[test]
fn an_unknown_version_is_refused() {
    let server = Server::start(|received, tcp| {
        let result = json!({"protocolVersion": "1999-01-01"});
        send_json(tcp, &received.result(result));
    });
    let mut client = Client::new(&server.url, json!({}), |_, _| None);
    let error = client.initialize().unwrap_err().to_string();
    assert!(error.contains("1999-01-01"), "{error}");
    assert_eq!(server.summaries(), ["POST initialize"]);
}

#[test]
fn a_long_json_response_that_pauses_arrives_whole() {
    let text = "x".repeat(30_000);
    let expected = json!({"text": text});
    let server = Server::start(move |received, tcp| {
        if has_handled(received, tcp) {
            return;
        }
        let body = received.result(json!({"text": text}));
        let len = body.len();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n";
        write!(tcp, "{head}Content-Length: {len}\r\n\r\n").unwrap();
        let (one, two) = body.split_at(len / 2);
        tcp.write_all(one.as_bytes()).unwrap();
        // Longer than the second after which the beginning of an error page is enough.
        sleep(Duration::from_millis(1500));
        tcp.write_all(two.as_bytes()).unwrap();
    });
    assert_eq!(call(&mut connect(&server)).unwrap(), expected);
}

#[test]
fn a_json_response_that_is_too_long_is_an_error() {
    let server = Server::start(|received, tcp| {
        if !has_handled(received, tcp) {
            let text = "x".repeat(LONGEST_MESSAGE);
            send_json(tcp, &received.result(json!({"text": text})));
        }
    });
    let error = call(&mut connect(&server)).unwrap_err().to_string();
    assert!(error.contains("DATA"), "{error}");
}

#[test]
fn a_message_that_is_too_long_is_an_error() {
    let server = Server::start(|received, tcp| {
        if !has_handled(received, tcp) {
            open_stream(
                tcp,
                &format!("data: {}\n\n", "x".repeat(LONGEST_MESSAGE + 1)),
            );
        }
    });
    let error = call(&mut connect(&server)).unwrap_err().to_string();
    assert!(error.contains("DATA"), "{error}");
}

#[test]
fn an_error_response_is_an_error() {
    let server = Server::start(|received, tcp| {
        if !has_handled(received, tcp) {
            let error = json!({"code": -32602, "message": "Unknown tool"});
            let id = &received.message["id"];
            send_json(
                tcp,
                &json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string(),
            );
        }
    });
    let error = call(&mut connect(&server)).unwrap_err();
    assert_eq!(error.to_string(), "\"Unknown tool\" (-32602)");
}

#[test]
fn a_refused_request_shows_the_body_of_the_response() {
    let server = Server::start(|received, tcp| {
        if !has_handled(received, tcp) {
            send(tcp, "400 Bad Request", "Content-Type: text/plain\r\n", "no");
        }
    });
    let error = call(&mut connect(&server)).unwrap_err().to_string();
    assert_eq!(error, "status 400: no");
}

/// Serves a tool whose stream is primed and cut, and what `resume` does with the GET.
fn serve_cut_stream(
    closed: mpsc::Sender<Instant>,
    resume: fn(id: &Value, tcp: &mut std::net::TcpStream),
) -> Server {
    let id = Mutex::new(Value::Null);
    Server::start(move |received, tcp| match received.summary().as_str() {
        "POST tools/call" => {
            *id.lock().unwrap() = received.message["id"].clone();
            open_stream(tcp, "id: e-1\nretry: 700\ndata:\n\n");
            // Only one test waits for it.
            let _ = closed.send(Instant::now());
        }
        "GET e-1" => resume(&id.lock().unwrap(), tcp),
        _ => _ = has_handled(received, tcp),
    })
}

#[test]
fn a_cut_stream_is_resumed_by_get_after_retry() {
    let (sender, closed) = mpsc::channel();
    let server = serve_cut_stream(sender, |id, tcp| {
        let response = json!({"jsonrpc": "2.0", "id": id, "result": {"n": 1}});
        open_stream(tcp, &format!("id: e-2\ndata: {response}\n\n"));
    });
    assert_eq!(call(&mut connect(&server)).unwrap(), json!({"n": 1}));

    let requests = server.requests();
    assert_eq!(server.summaries()[2..], ["POST tools/call", "GET e-1"]);
    let get = &requests[3];
    assert_eq!(get.header("mcp-session-id"), Some("s-1"));
    assert_eq!(get.header("mcp-protocol-version"), Some("2025-06-18"));
    assert_eq!(get.header("content-type"), None);
    assert_eq!(get.header("content-length"), None);
    let waited = get.at - closed.recv().unwrap();
    assert!(waited >= Duration::from_millis(700), "{waited:?}");
}

#[test]
fn a_server_that_cannot_resume_is_an_error() {
    let server = serve_cut_stream(mpsc::channel().0, |_, tcp| {
        send(tcp, "405 Method Not Allowed", "", "");
    });
    let error = call(&mut connect(&server)).unwrap_err();
    assert!(
        matches!(error, Error::Refused { status: 405, .. }),
        "{error}"
    );
}

#[test]
fn a_request_is_not_sent_again_if_the_session_expires_before_the_resumption() {
    let server = serve_cut_stream(mpsc::channel().0, |_, tcp| {
        send(tcp, "404 Not Found", "", "");
    });
    let error = call(&mut connect(&server)).unwrap_err();
    assert!(
        matches!(error, Error::Refused { status: 404, .. }),
        "{error}"
    );
    assert_eq!(server.summaries()[2..], ["POST tools/call", "GET e-1"]);
}

#[test]
fn a_request_whose_stream_is_cut_without_an_id_is_not_sent_again() {
    let server = Server::start(|received, tcp| {
        if !has_handled(received, tcp) {
            open_stream(tcp, ": working\n\n");
        }
    });
    let error = call(&mut connect(&server)).unwrap_err().to_string();
    assert!(error.contains("not sent again"), "{error}");
    assert_eq!(server.summaries()[2..], ["POST tools/call"]);
}

#[test]
fn a_request_is_sent_again_in_a_new_session_if_the_old_one_has_expired() {
    let has_expired = AtomicBool::new(true);
    let server = Server::start(move |received, tcp| {
        if has_handled(received, tcp) {
            return;
        }
        match has_expired.swap(false, Ordering::Relaxed) {
            true => {
                let body = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"?"}}"#;
                send(
                    tcp,
                    "404 Not Found",
                    "Content-Type: application/json\r\n",
                    body,
                );
            }
            false => send_json(tcp, &received.result(json!({"n": 2}))),
        }
    });
    let mut client = connect(&server);
    assert_eq!(call(&mut client).unwrap(), json!({"n": 2}));
    let expected = [
        "POST tools/call",
        "POST initialize",
        "POST notifications/initialized",
        "POST tools/call",
    ];
    assert_eq!(server.summaries()[2..], expected);
    assert_eq!(server.requests()[3].header("mcp-session-id"), None);
}

#[test]
fn a_request_is_sent_again_once_only_if_each_session_expires() {
    let calls = AtomicUsize::new(0);
    let server = Server::start(move |received, tcp| {
        if !has_handled(received, tcp) {
            calls.fetch_add(1, Ordering::Relaxed);
            send(tcp, "404 Not Found", "", "");
        }
    });
    let error = call(&mut connect(&server)).unwrap_err();
    assert!(matches!(error, Error::SessionExpired), "{error}");
    let is_call = |summary: &&String| summary.as_str() == "POST tools/call";
    assert_eq!(server.summaries().iter().filter(is_call).count(), 2);
}

#[test]
fn requests_of_the_server_are_answered_while_the_stream_is_open() {
    let (sender, responses) = mpsc::channel();
    let responses = Mutex::new(responses);
    let server = Server::start(move |received, tcp| {
        if has_handled(received, tcp) {
            return;
        }
        if received.message["method"].is_null() {
            sender.send(received.message.clone()).unwrap();
            return send(tcp, "202 Accepted", "", "");
        }
        open_stream(tcp, "data: {\"method\":\"notifications/progress\"}\n\n");
        let mut all = Vec::new();
        for method in ["elicitation/create", "ping", "unknown"] {
            let request = json!({"jsonrpc": "2.0", "id": method, "method": method});
            write!(tcp, "data: {request}\n\n").unwrap();
            all.push(responses.lock().unwrap().recv().unwrap());
        }
        write!(tcp, "data: {}\n\n", received.result(json!(all))).unwrap();
    });
    let expected = json!([
        {"jsonrpc": "2.0", "id": "elicitation/create", "result": {"action": "decline"}},
        {"jsonrpc": "2.0", "id": "ping", "result": {}},
        {"jsonrpc": "2.0", "id": "unknown", "error": {
            "code": -32601, "message": "Method not found"
        }},
    ]);
    assert_eq!(call(&mut connect(&server)).unwrap(), expected);
}

#[test]
fn requests_on_the_stream_of_the_server_are_answered() {
    let (sender, responses) = mpsc::channel();
    let server = Server::start(move |received, tcp| {
        if received.summary() == "GET" {
            return open_stream(tcp, "data: {\"id\": 7, \"method\": \"ping\"}\n\n");
        }
        if !has_handled(received, tcp) {
            sender.send(received.message.clone()).unwrap();
            send(tcp, "202 Accepted", "", "");
        }
    });
    let client = connect(&server);
    let response = responses.recv().unwrap();
    assert_eq!(response, json!({"jsonrpc": "2.0", "id": 7, "result": {}}));
    client.close().unwrap();
}

#[test]
fn the_stream_of_the_server_ends_with_the_session() {
    let (sender, is_closed) = mpsc::channel();
    let server = Server::start(move |received, tcp| {
        if received.summary() == "GET" {
            open_stream(tcp, ": hello\n\n");
            // The client closes the connection.
            sender.send(tcp.read(&mut [0]).unwrap_or_default()).unwrap();
        } else {
            has_handled(received, tcp);
        }
    });
    connect(&server).close().unwrap();
    let read = is_closed.recv_timeout(Duration::from_secs(60));
    assert_eq!(read, Ok(0));
}

#[test]
fn a_request_goes_on_if_the_server_refuses_a_response_of_the_client() {
    let server = Server::start(|received, tcp| {
        if has_handled(received, tcp) {
            return;
        }
        if received.message["method"].is_null() {
            return send(tcp, "404 Not Found", "", "");
        }
        open_stream(tcp, "data: {\"id\": 7, \"method\": \"ping\"}\n\n");
        write!(tcp, "data: {}\n\n", received.result(json!({"n": 3}))).unwrap();
    });
    assert_eq!(call(&mut connect(&server)).unwrap(), json!({"n": 3}));
    assert_eq!(server.summaries()[2..], ["POST tools/call", "POST"]);
}

#[test]
fn a_web_page_is_an_error() {
    let server = Server::start(|received, tcp| {
        if !has_handled(received, tcp) {
            send(tcp, "200 OK", "Content-Type: text/html\r\n", "<html>");
        }
    });
    let error = call(&mut connect(&server)).unwrap_err().to_string();
    assert!(error.contains("neither JSON nor"), "{error}");
}

#[test]
fn a_redirect_is_not_followed_and_so_the_session_stays_secret() {
    let other = Server::start(|received, tcp| send_json(tcp, &received.result(json!({}))));
    for status in ["307 Temporary Redirect", "302 Found"] {
        let location = format!("Location: {}\r\n", other.url);
        let server = Server::start(move |received, tcp| {
            if !has_handled(received, tcp) {
                send(tcp, status, &location, "");
            }
        });
        let error = call(&mut connect(&server)).unwrap_err().to_string();
        assert!(error.contains(&status[..3]), "{error}");
        assert_eq!(server.summaries()[2..], ["POST tools/call"]);
    }
    assert!(other.requests().is_empty());
}

/// Reads until the client closes the connection. The limit turns a hang of the client into a failure.
fn wait_for_close(tcp: &mut std::net::TcpStream) {
    tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let _ = tcp.read(&mut [0]);
}

#[test]
fn a_request_that_gets_no_byte_more_fails_and_is_cancelled() {
    let stream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    // A stream with an ID could be resumed, but that would never end.
    let primed = format!("{stream}id: e-1\ndata:\n\n");
    thread::scope(|scope| {
        for text in ["", stream, &primed, json] {
            let text = text.to_owned();
            scope.spawn(|| assert_that_silence_after_it_is_a_timeout(text));
        }
    });
}

fn assert_that_silence_after_it_is_a_timeout(response: String) {
    let server = Server::start(move |received, tcp| match received.summary().as_str() {
        "POST tools/call" => {
            tcp.write_all(response.as_bytes()).unwrap();
            wait_for_close(tcp);
        }
        "POST notifications/cancelled" => send(tcp, "202 Accepted", "", ""),
        _ => _ = has_handled(received, tcp),
    });
    let error = call(&mut connect_impatiently(&server)).unwrap_err();
    assert!(matches!(error, Error::TimedOut(_)), "{error}");
    let expected = ["POST tools/call", "POST notifications/cancelled"];
    assert_eq!(server.summaries()[2..], expected);
    let requests = server.requests();
    let cancelled = &requests[3].message["params"]["requestId"];
    assert_eq!(cancelled, &requests[2].message["id"]);
}

#[test]
fn a_silent_initialize_fails_and_is_not_cancelled() {
    let server = Server::start(|_, tcp| wait_for_close(tcp));
    let client = Client::new(&server.url, json!({}), |_, _| None);
    let mut client = client.with_idle_timeout(IDLE_TIMEOUT);
    let error = client.initialize().unwrap_err();
    assert!(matches!(error, Error::TimedOut(_)), "{error}");
    assert_eq!(server.summaries(), ["POST initialize"]);
}

#[test]
fn the_servers_own_stream_may_be_silent() {
    let (sender, responses) = mpsc::channel();
    let server = Server::start(move |received, tcp| {
        if received.summary() == "GET" {
            open_stream(tcp, ": hello\n\n");
            sleep(IDLE_TIMEOUT + Duration::from_secs(1));
            let _ = tcp.write_all(b"data: {\"id\": 7, \"method\": \"ping\"}\n\n");
            wait_for_close(tcp);
        } else if !has_handled(received, tcp) {
            sender.send(received.message.clone()).unwrap();
            send(tcp, "202 Accepted", "", "");
        }
    });
    let client = connect_impatiently(&server);
    let response = responses.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(response["id"], 7);
    client.close().unwrap();
    let all = server.all_requests();
    assert_eq!(all.iter().filter(|it| it.summary() == "GET").count(), 1);
}

#[test]
fn an_error_without_an_id_does_not_end_the_servers_own_stream() {
    let (sender, responses) = mpsc::channel();
    let server = Server::start(move |received, tcp| {
        if received.summary() == "GET" {
            let error = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32600}});
            open_stream(tcp, &format!("data: {error}\n\n"));
            let _ = tcp.write_all(b"data: {\"id\": 7, \"method\": \"ping\"}\n\n");
            wait_for_close(tcp);
        } else if !has_handled(received, tcp) {
            sender.send(received.message.clone()).unwrap();
            send(tcp, "202 Accepted", "", "");
        }
    });
    let client = connect(&server);
    let response = responses.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(response, json!({"jsonrpc": "2.0", "id": 7, "result": {}}));
    client.close().unwrap();
}

#[test]
fn a_server_that_is_gone_does_not_delay_close() {
    // For `initialize`, its notification, and the server's own stream.
    let server = Server::start_for(3, |received, tcp| _ = has_handled(received, tcp));
    let client = connect(&server);
    let start = Instant::now();
    assert!(client.close().is_err());
    // Three more attempts would wait for 21 s at least.
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn only_the_response_to_initialize_begins_a_session() {
    let server = Server::start(|received, tcp| {
        let session = "Content-Type: application/json\r\nMcp-Session-Id: forged\r\n";
        match received.summary().as_str() {
            "POST initialize" => {
                let result = json!({"protocolVersion": "2025-11-25"});
                send_json(tcp, &received.result(result));
            }
            "POST tools/call" => send(tcp, "200 OK", session, &received.result(json!({}))),
            "POST notifications/initialized" => send(tcp, "202 Accepted", session, ""),
            _ => send(tcp, "405 Method Not Allowed", session, ""),
        }
    });
    let mut client = connect(&server);
    call(&mut client).unwrap();
    call(&mut client).unwrap();
    client.close().unwrap();
    let mut requests = server.all_requests().into_iter();
    assert!(requests.all(|it| it.header("mcp-session-id").is_none()));
    assert_eq!(server.summaries().last().unwrap(), "POST tools/call");
}

#[test]
fn a_refusal_of_initialize_begins_no_session() {
    let server = Server::start(|_, tcp| {
        send(tcp, "400 Bad Request", "Mcp-Session-Id: forged\r\n", "no");
    });
    let mut client = Client::new(&server.url, json!({}), |_, _| None);
    client.initialize().unwrap_err();
    client.close().unwrap();
    assert_eq!(server.summaries(), ["POST initialize"]);
}
