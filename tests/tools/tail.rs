//! `tail` against servers that misbehave on purpose: each test plays the server, move by move.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::server::{Connection, Server};
use crate::support::Tool;
use serde_json::{Value, json};

/// `tail --json` with delays that nobody has to wait for.
fn tail(args: &[&str]) -> Tool {
    let always = "--json --reconnection-time 1 --max-delay 20 --no-jitter";
    let always: Vec<&str> = always.split(' ').collect();
    Tool::run("tail", &[&always, args].concat())
}

fn event(id: u32) -> String {
    format!("id: {id}\ndata: number {id}\n\n")
}

#[track_caller]
fn expect_open(tail: &mut Tool) {
    tail.expect(json!({"kind": "open", "status": 200}));
}

#[track_caller]
fn expect_number(tail: &mut Tool, id: u32) {
    tail.expect_event(&id.to_string(), &format!("number {id}"));
}

/// The two lines of a connection that is lost and will be made again. Returns the delay.
#[track_caller]
fn expect_lost(tail: &mut Tool, cause: &str) -> u64 {
    tail.expect(json!({"kind": "lost", "cause": cause}));
    expect_waiting(tail)
}

#[track_caller]
fn expect_waiting(tail: &mut Tool) -> u64 {
    let line = tail.json();
    assert_eq!(line["kind"], "waiting", "{line}");
    line["ms"].as_u64().expect("it is a number")
}

#[track_caller]
fn expect_stopped(tail: &mut Tool, reason: &str, status: Option<u16>, code: i32) {
    tail.expect(json!({"kind": "stopped", "reason": reason, "status": status}));
    tail.expect_exit(code);
}

/// The server says 204, and that is the end.
#[track_caller]
fn expect_good_end(tail: &mut Tool, server: &Server) {
    server.end_it();
    expect_stopped(tail, "no_content", Some(204), 0);
}

/// Accepts a connection, and answers it with an event.
fn accept_and_send(server: &Server, tail: &mut Tool, id: u32) -> Connection {
    let mut connection = server.accept();
    connection.open();
    connection.chunk(&event(id));
    expect_open(tail);
    expect_number(tail, id);
    connection
}

// ---- connections that are lost ----

#[test]
fn resumes_after_a_cut_in_a_chunk() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let mut first = accept_and_send(&server, &mut tail, 1);
    // The whole of event 2, but in a chunk that would go on; then half of event 3.
    first.write(&format!("ff\r\n{}id: 3\ndata: numb", event(2)));
    expect_number(&mut tail, 2);
    first.close();
    expect_lost(&mut tail, "cut_off");

    let mut second = server.accept();
    assert_eq!(second.last_event_id(), Some("2"));
    second.open();
    second.chunk(&event(3));
    expect_open(&mut tail);
    expect_number(&mut tail, 3);
    second.end();
    expect_lost(&mut tail, "end");
    expect_good_end(&mut tail, &server);
}

#[test]
fn resumes_after_a_cut_in_an_event_between_chunks() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let mut first = accept_and_send(&server, &mut tail, 1);
    // All of event 2 but the blank line: it has not happened.
    first.chunk("id: 2\ndata: number 2\n");
    first.close();
    expect_lost(&mut tail, "cut_off");

    let second = server.accept();
    assert_eq!(second.last_event_id(), Some("1"));
    second.close();
    expect_lost(&mut tail, "cut_off");
    expect_good_end(&mut tail, &server);
}

#[test]
fn a_body_shorter_than_its_content_length_is_cut_off() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    server.accept().reply(&format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 100\r\n\r\n{}",
        event(1)
    ));
    expect_open(&mut tail);
    expect_number(&mut tail, 1);
    expect_lost(&mut tail, "cut_off");
    expect_good_end(&mut tail, &server);
}

#[test]
fn a_body_without_a_length_ends_with_the_connection() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    server.accept().reply(&format!(
        "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n{}data: unfinished\n",
        event(1)
    ));
    expect_open(&mut tail);
    expect_number(&mut tail, 1);
    expect_lost(&mut tail, "end");
    expect_good_end(&mut tail, &server);
}

#[test]
fn resumes_after_a_reset() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let first = accept_and_send(&server, &mut tail, 1);
    first.reset();
    expect_lost(&mut tail, "transport");
    let second = server.accept();
    assert_eq!(second.last_event_id(), Some("1"));
    // This time before there is a response.
    second.reset();
    expect_lost(&mut tail, "transport");
    expect_good_end(&mut tail, &server);
}

#[test]
fn resumes_after_a_clean_end() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    for id in 1..=3 {
        accept_and_send(&server, &mut tail, id).end();
        expect_lost(&mut tail, "end");
    }
    let last = server.accept();
    assert_eq!(last.last_event_id(), Some("3"));
    last.reply("HTTP/1.1 204 No Content\r\n\r\n");
    expect_stopped(&mut tail, "no_content", Some(204), 0);
}

/// Broken framing is a lost connection like any other.
#[test]
fn resumes_after_a_broken_chunk() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let mut first = accept_and_send(&server, &mut tail, 1);
    first.write("nonsense\r\n");
    expect_lost(&mut tail, "chunk");
    first.wait_for_close();
    expect_good_end(&mut tail, &server);
}

#[test]
fn resumes_after_a_response_that_is_not_http() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    server.accept().reply("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    expect_lost(&mut tail, "head");
    expect_good_end(&mut tail, &server);
}

#[test]
fn waits_for_a_server_that_is_not_there_yet() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        listener.local_addr().expect("it is bound")
    };
    let url = format!("http://{address}/");
    let mut tail = tail(&["--reconnection-time", "20", "--max-delay", "80", &url]);
    // The delay doubles with each failure, up to the limit.
    for ms in [20, 40, 80, 80] {
        assert_eq!(expect_lost(&mut tail, "connect"), ms);
    }
    let server = Server::on(address);
    server.end_it();
    // How often it has failed until now is a matter of luck.
    let mut next = tail.json();
    while next == json!({"kind": "lost", "cause": "connect"}) {
        assert_eq!(expect_waiting(&mut tail), 80);
        next = tail.json();
    }
    assert_eq!(next["reason"], "no_content");
    tail.expect_exit(0);
}

/// The promise of it all, with connections that die at every place there is: in the head, in a
/// chunk's size, in a line end, in an event.
#[test]
fn loses_and_doubles_nothing() {
    const LAST: u32 = 120;
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let mut ids = Vec::new();
    for length in (40..).step_by(17) {
        let mut connection = server.accept();
        let last = connection.last_event_id().unwrap_or("0");
        let next = 1 + last.parse::<u32>().expect("it is an ID of ours");
        if next > LAST {
            connection.reply("HTTP/1.1 204 No Content\r\n\r\n");
            break;
        }
        let response = response(next..=LAST);
        let cut = length.min(response.len());
        connection.write(&response[..cut]);
        if length % 2 == 0 {
            connection.close();
        } else {
            connection.reset();
        }
        read_ids(&mut tail, &mut ids);
    }
    assert_eq!(ids, Vec::from_iter(1..=LAST));
    expect_stopped(&mut tail, "no_content", Some(204), 0);
}

/// A whole response with these events, one chunk each.
fn response(ids: std::ops::RangeInclusive<u32>) -> String {
    let mut response = String::from(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    for id in ids {
        let event = event(id);
        response += &format!("{:x}\r\n{event}\r\n", event.len());
    }
    response + "0\r\n\r\n"
}

/// Reads what the tool says until it waits; keeps the IDs of the events.
fn read_ids(tail: &mut Tool, ids: &mut Vec<u32>) {
    loop {
        let line = tail.json();
        match line["kind"].as_str() {
            Some("event") => {
                let id = line["id"].as_str().and_then(|id| id.parse().ok());
                ids.push(id.expect("it is an ID of ours"));
            }
            Some("waiting") => return,
            _ => {}
        }
    }
}

// ---- responses that are no stream ----

#[test]
fn no_content_is_a_good_end() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    expect_good_end(&mut tail, &server);
}

#[test]
fn a_refusal_is_a_bad_end() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let refusal = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone";
    server.accept().reply(refusal);
    expect_stopped(&mut tail, "status", Some(404), 1);
}

/// A person is told more of it: the server's own words.
#[test]
fn a_refusal_is_shown() {
    let refusal =
        "HTTP/1.1 403 Forbidden\r\nX-Why: because\r\nContent-Length: 9\r\n\r\ngo\x1b[2Jaway";
    let text = shown(&[], refusal);
    for words in ["stopped", "(status 403)", "X-Why: because", "go"] {
        assert!(text.contains(words), "{words} is missing: {text}");
    }
    assert!(!text.contains('\x1b'), "{text:?}");
}

/// What a person is told of a response that stops the source for a bad reason.
#[track_caller]
fn shown(args: &[&str], response: &str) -> String {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = Tool::run("tail", &[args, &[&url]].concat());
    server.accept().reply(response);
    let text = tail.text();
    tail.exit(1);
    text
}

#[test]
fn a_response_that_would_be_retried_is_shown_when_it_stops() {
    let body = "X-Why: because\r\nContent-Length: 4\r\n\r\nfull";
    let busy = format!("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n{body}");
    let down = format!("HTTP/1.1 503 Service Unavailable\r\n{body}");
    for (args, response, stopped) in [
        (
            &["--body", "x"][..],
            busy,
            "the request may not be sent again (status 429) (--reconnect-post)",
        ),
        (
            &["--max-reconnection-attempts", "0"],
            down,
            "attempts are used up (status 503) (--max-reconnection-attempts)",
        ),
    ] {
        let text = shown(args, &response);
        for words in [stopped, "header    X-Why: because", "body      full"] {
            assert!(text.contains(words), "{words} is missing: {text}");
        }
    }
}

#[test]
fn a_redirect_that_cannot_be_followed_shows_where_it_led() {
    let cases = [
        (&["https://127.0.0.1:1/secure"][..], "no TLS"),
        (&["ftp://127.0.0.1/file"], "Location"),
        (&["http://"], "Location"),
        (&["http://127.0.0.1:99999/"], "Location"),
        (&["/one", "/two"], "Location"),
        (&[""], "Location"),
        (&["/again"], "--max-redirects"),
    ];
    for (locations, reason) in cases {
        let lines: String = locations
            .iter()
            .map(|location| format!("Location: {location}\r\n"))
            .collect();
        let response = format!("HTTP/1.1 302 Found\r\n{lines}Content-Length: 0\r\n\r\n");
        let args: &[&str] = match locations {
            ["/again"] => &["--max-redirects", "0"],
            _ => &[],
        };
        let text = shown(args, &response);
        assert!(text.contains("(status 302)"), "{text}");
        assert!(text.contains(reason), "{reason} is missing: {text}");
        for location in locations {
            let header = format!("header    Location: {location}\n");
            assert!(text.contains(&header), "{header} is missing: {text}");
        }
    }
}

#[test]
fn a_page_is_no_stream() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi";
    server.accept().reply(page);
    expect_stopped(&mut tail, "content_type", Some(200), 1);
}

#[test]
fn a_server_that_is_busy_is_asked_again_when_it_says() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let busy = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
    server.accept().reply(busy);
    tail.expect(json!({"kind": "lost", "cause": "status", "status": 503}));
    assert_eq!(expect_waiting(&mut tail), 1000);
    let asked = Instant::now();
    let connection = server.accept();
    // Less than the whole second, as the line was written before it began.
    assert!(asked.elapsed() > Duration::from_millis(500));
    connection.reply("HTTP/1.1 204 No Content\r\n\r\n");
    expect_stopped(&mut tail, "no_content", Some(204), 0);
}

#[test]
fn credentials_stay_with_their_origin() {
    let here = Server::start();
    let there = Server::start();
    let mut tail = tail(&[
        "--header",
        "Authorization: Bearer secret",
        "--header",
        "Cookie: a=b",
        "--header",
        "X-Topic: all",
        &here.url("/from"),
    ]);
    for _ in 0..2 {
        // A reconnect starts at the original URL, with all that belongs to it.
        let first = here.accept();
        assert_eq!(first.request_line(), "GET /from HTTP/1.1");
        assert_eq!(first.header("Authorization"), Some("Bearer secret"));
        assert_eq!(first.header("Cookie"), Some("a=b"));
        first.reply(&format!(
            "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
            there.url("/to?x=1")
        ));
        let mut second = there.accept();
        assert_eq!(second.request_line(), "GET /to?x=1 HTTP/1.1");
        assert_eq!(second.header("Authorization"), None);
        assert_eq!(second.header("Cookie"), None);
        assert_eq!(second.header("X-Topic"), Some("all"));
        let host = format!("127.0.0.1:{}", there.port());
        assert_eq!(second.header("Host"), Some(&host[..]));
        second.open();
        second.chunk(&event(1));
        expect_open(&mut tail);
        expect_number(&mut tail, 1);
        second.end();
        expect_lost(&mut tail, "end");
    }
    expect_good_end(&mut tail, &here);
}

#[test]
fn too_many_redirects_are_a_bad_end() {
    let server = Server::start();
    let mut tail = tail(&["--max-redirects", "2", &server.url("/0")]);
    for from in 0..=2 {
        let connection = server.accept();
        let want = format!("GET /{from} HTTP/1.1");
        assert_eq!(connection.request_line(), want);
        let to = from + 1;
        connection.reply(&format!(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: /{to}\r\nContent-Length: 0\r\n\r\n"
        ));
    }
    expect_stopped(&mut tail, "redirect", Some(307), 1);
}

// ---- how often, and whether at all ----

#[test]
fn no_reconnection_if_none_is_allowed() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--max-reconnection-attempts", "0", &url]);
    accept_and_send(&server, &mut tail, 1).end();
    tail.expect(json!({"kind": "lost", "cause": "end"}));
    expect_stopped(&mut tail, "attempts", Some(200), 1);
}

#[test]
fn gives_up_after_so_many_attempts_in_a_row() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--max-reconnection-attempts", "2", &url]);
    server.accept().close();
    expect_lost(&mut tail, "cut_off");
    // An open connection ends the count, even if nothing comes by it.
    let mut second = server.accept();
    second.open();
    expect_open(&mut tail);
    second.close();
    expect_lost(&mut tail, "cut_off");
    server.accept().close();
    expect_lost(&mut tail, "cut_off");
    let busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    server.accept().reply(busy);
    tail.expect(json!({"kind": "lost", "cause": "status", "status": 503}));
    expect_stopped(&mut tail, "attempts", Some(503), 1);
}

#[test]
fn a_post_is_not_repeated() {
    let server = Server::start();
    let mut tail = tail(&["--body", "{\"q\":\"grüezi\"}", &server.url("/ask")]);
    let mut connection = server.accept();
    assert_eq!(connection.request_line(), "POST /ask HTTP/1.1");
    assert_eq!(connection.body(), "{\"q\":\"grüezi\"}");
    connection.open();
    connection.chunk(&event(1));
    expect_open(&mut tail);
    expect_number(&mut tail, 1);
    connection.close();
    tail.expect(json!({"kind": "lost", "cause": "cut_off"}));
    expect_stopped(&mut tail, "not_repeatable", Some(200), 1);
}

/// All of the response came, so nothing is lost, and there is nothing to send again.
#[test]
fn a_post_whose_response_ended_is_a_good_end() {
    for is_chunked in [true, false] {
        let server = Server::start();
        let mut tail = tail(&["--body", "question", &server.url("/ask")]);
        let mut connection = server.accept();
        assert_eq!(connection.body(), "question");
        if is_chunked {
            connection.open();
            connection.chunk(&event(1));
            connection.end();
        } else {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
            connection.reply(&[head, &event(1)].concat());
        }
        expect_open(&mut tail);
        expect_number(&mut tail, 1);
        expect_stopped(&mut tail, "ended", Some(200), 0);
    }
}

/// A person is told of no loss and of no option.
#[test]
fn a_response_that_ended_is_shown_as_an_end() {
    let server = Server::start();
    let mut tail = Tool::run("tail", &["--body", "question", &server.url("/ask")]);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let mut connection = server.accept();
    assert_eq!(connection.body(), "question");
    connection.reply(&[head, &event(1)].concat());
    let text = tail.text();
    let end = "the server ended the response, and the request is not sent again\n";
    assert!(text.ends_with(end), "{text}");
    assert!(!text.contains("lost"), "{text}");
    tail.exit(0);
}

#[test]
fn a_post_is_repeated_if_that_is_allowed() {
    let server = Server::start();
    let url = server.url("/ask");
    let mut tail = tail(&["--reconnect-post", "--body", "question", &url]);
    for last_event_id in [None, Some("1")] {
        let mut connection = server.accept();
        assert_eq!(connection.request_line(), "POST /ask HTTP/1.1");
        assert_eq!(connection.last_event_id(), last_event_id);
        assert_eq!(connection.body(), "question");
        connection.open();
        connection.chunk(&event(1));
        expect_open(&mut tail);
        expect_number(&mut tail, 1);
        connection.close();
        expect_lost(&mut tail, "cut_off");
    }
    expect_good_end(&mut tail, &server);
}

#[test]
fn the_method_can_be_another() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--method", "REPORT", "--body", "x", &url]);
    let mut connection = server.accept();
    assert_eq!(connection.request_line(), "REPORT / HTTP/1.1");
    assert_eq!(connection.body(), "x");
    connection.close();
    tail.expect(json!({"kind": "lost", "cause": "cut_off"}));
    expect_stopped(&mut tail, "not_repeatable", None, 1);
}

/// With 0 each connection that opens takes all failures back; else those that are cut soon add up.
#[test]
fn the_healthy_time_can_be_another() {
    for (healthy_time, delays) in [("0", [30, 30, 30]), ("60000", [30, 60, 120])] {
        let server = Server::start();
        let url = server.url("/");
        let mut tail = tail(&[
            "--reconnection-time",
            "30",
            "--max-delay",
            "1000",
            "--healthy-time",
            healthy_time,
            &url,
        ]);
        for delay in delays {
            let mut connection = server.accept();
            connection.open();
            expect_open(&mut tail);
            connection.close();
            assert_eq!(expect_lost(&mut tail, "cut_off"), delay);
        }
    }
}

// ---- timeouts ----

#[test]
fn silence_is_a_loss_and_a_comment_is_no_silence() {
    const TIMEOUT: Duration = Duration::from_millis(800);
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--idle-timeout", "800", &url]);
    let mut connection = accept_and_send(&server, &mut tail, 1);
    let start = Instant::now();
    while start.elapsed() < TIMEOUT + TIMEOUT / 2 {
        connection.chunk(":\n");
        std::thread::sleep(TIMEOUT / 20);
    }
    connection.chunk(&event(2));
    expect_number(&mut tail, 2);
    // And now nothing.
    expect_lost(&mut tail, "idle_timeout");
    connection.wait_for_close();
    expect_good_end(&mut tail, &server);
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--response-timeout", "200", &url]);
    let mute = server.accept();
    expect_lost(&mut tail, "response_timeout");
    mute.wait_for_close();
    // Half a head is no response either.
    let mut half = server.accept();
    half.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n");
    expect_lost(&mut tail, "response_timeout");
    half.wait_for_close();
    expect_good_end(&mut tail, &server);
}

/// Each timeout has its own part of an attempt, and none of them is that of the stream.
#[test]
fn a_response_may_come_after_the_connect_timeout() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--connect-timeout", "200", &url]);
    let mut connection = server.accept();
    std::thread::sleep(Duration::from_millis(400));
    connection.open();
    expect_open(&mut tail);
    connection.end();
    expect_lost(&mut tail, "end");
    expect_good_end(&mut tail, &server);
}

/// The last word counts, as for all options.
#[test]
fn a_timeout_can_be_never() {
    let server = Server::start();
    let url = server.url("/");
    let mut args = Vec::new();
    for option in ["--connect-timeout", "--response-timeout", "--idle-timeout"] {
        args.extend([option, "100", option, "never"]);
    }
    let mut tail = tail(&[&args[..], &[&url]].concat());
    let mut connection = server.accept();
    std::thread::sleep(Duration::from_millis(300));
    connection.open();
    expect_open(&mut tail);
    std::thread::sleep(Duration::from_millis(300));
    connection.end();
    expect_lost(&mut tail, "end");
    expect_good_end(&mut tail, &server);
}

#[test]
fn a_timeout_says_which_it_was_and_what_changes_it() {
    let server = Server::start();
    let url = server.url("/");
    for (option, ms, begins, words) in [
        (
            "--response-timeout",
            "100",
            "",
            "no response within response_timeout",
        ),
        (
            "--idle-timeout",
            "100",
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
            "no byte within idle_timeout",
        ),
    ] {
        let mut tail = Tool::run(
            "tail",
            &[option, ms, "--max-reconnection-attempts", "0", &url],
        );
        let mut connection = server.accept();
        connection.write(begins);
        connection.wait_for_close();
        assert_told(&mut tail, &format!("lost      {words} ({option})"));
    }
    // Over before it has begun, as no other connection here takes long.
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let url = format!("http://{}/", nobody.expect("there is a free port"));
    let option = "--connect-timeout";
    let mut tail = Tool::run(
        "tail",
        &[option, "0", "--max-reconnection-attempts", "0", &url],
    );
    assert_told(
        &mut tail,
        &format!("lost      no connection within connect_timeout ({option})"),
    );
}

#[track_caller]
fn assert_told(tail: &mut Tool, words: &str) {
    let text = tail.text();
    assert!(text.contains(words), "{words} is missing: {text}");
    tail.exit(1);
}

#[test]
fn a_stream_may_be_silent() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--response-timeout", "300", &url]);
    let mut connection = accept_and_send(&server, &mut tail, 1);
    std::thread::sleep(Duration::from_millis(600));
    connection.chunk(&event(2));
    expect_number(&mut tail, 2);
    connection.end();
    expect_lost(&mut tail, "end");
    expect_good_end(&mut tail, &server);
}

// ---- what is asked for, and what is shown ----

#[test]
fn sends_the_headers_of_the_standard() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/a/b?c=d#e")]);
    let connection = server.accept();
    assert_eq!(connection.request_line(), "GET /a/b?c=d HTTP/1.1");
    assert_eq!(connection.header("Accept"), Some("text/event-stream"));
    assert_eq!(connection.header("Cache-Control"), Some("no-cache"));
    let host = format!("127.0.0.1:{}", server.port());
    assert_eq!(connection.header("Host"), Some(&host[..]));
    assert_eq!(connection.header("Accept-Encoding"), Some("identity"));
    for none in ["Last-Event-ID", "Content-Length"] {
        assert_eq!(connection.header(none), None, "{none}");
    }
    connection.reply("HTTP/1.1 204 No Content\r\n\r\n");
    expect_stopped(&mut tail, "no_content", Some(204), 0);
}

#[test]
fn sends_headers_that_it_is_given() {
    let server = Server::start();
    let mut tail = tail(&[
        "--header",
        "X-One:  1 ",
        "--header",
        "accept: text/event-stream, */*",
        "--header",
        "X-Colon: a:b",
        &server.url("/"),
    ]);
    let connection = server.accept();
    assert_eq!(connection.header("X-One"), Some("1"));
    assert_eq!(connection.header("X-Colon"), Some("a:b"));
    // `header` has looked that ours is not there too.
    let accept = connection.header("Accept");
    assert_eq!(accept, Some("text/event-stream, */*"));
    connection.reply("HTTP/1.1 204 No Content\r\n\r\n");
    expect_stopped(&mut tail, "no_content", Some(204), 0);
}

#[test]
fn resumes_behind_the_id_it_is_given() {
    let server = Server::start();
    let mut tail = tail(&["--last-event-id", "grüezi 41", &server.url("/")]);
    let mut first = server.accept();
    assert_eq!(first.last_event_id(), Some("grüezi 41"));
    first.open();
    first.chunk("data: without an ID of its own\n\n");
    expect_open(&mut tail);
    tail.expect_event("grüezi 41", "without an ID of its own");
    // An ID without data counts, and an empty one is none.
    for (block, next) in [("id: 42\n\n", Some("42")), ("id\n\n", None)] {
        first.chunk(block);
        first.close();
        expect_lost(&mut tail, "cut_off");
        first = server.accept();
        assert_eq!(first.last_event_id(), next);
        first.open();
        expect_open(&mut tail);
    }
    first.end();
    expect_lost(&mut tail, "end");
    expect_good_end(&mut tail, &server);
}

#[test]
fn stops_after_so_many_events() {
    let server = Server::start();
    let mut tail = tail(&["--count", "3", "--comments", &server.url("/")]);
    let first = accept_and_send(&server, &mut tail, 1);
    first.close();
    expect_lost(&mut tail, "cut_off");
    let mut second = server.accept();
    second.open();
    // More than wanted, in one piece. A comment is no event.
    second.chunk(&[": c\n", &event(2), &event(3), &event(4)].concat());
    expect_open(&mut tail);
    tail.expect(json!({"kind": "comment", "text": " c"}));
    expect_number(&mut tail, 2);
    expect_number(&mut tail, 3);
    expect_stopped(&mut tail, "closed", Some(200), 0);
    second.wait_for_close();
}

#[test]
fn zero_events_need_no_connection() {
    let server = Server::start();
    let mut tail = tail(&["--count", "0", &server.url("/")]);
    expect_stopped(&mut tail, "closed", None, 0);
    assert!(server.accept_at_once().is_none());
}

const ALL_KINDS: &str = ": hello\n:  two spaces\nretry: 600\nretry: x\nevent: e\ndata: 1\n\n";

#[test]
fn shows_comments_and_retry_if_asked() {
    let server = Server::start();
    let mut tail = tail(&["--comments", "--retry", &server.url("/")]);
    let mut connection = server.accept();
    connection.open();
    connection.chunk(ALL_KINDS);
    expect_open(&mut tail);
    tail.expect(json!({"kind": "comment", "text": " hello"}));
    tail.expect(json!({"kind": "comment", "text": "  two spaces"}));
    tail.expect(json!({"kind": "retry", "ms": 600}));
    tail.expect(json!({"kind": "event", "type": "e", "data": "1", "id": ""}));
    connection.end();
    assert_eq!(expect_lost(&mut tail, "end"), 600);
    expect_good_end(&mut tail, &server);
}

#[test]
fn obeys_retry_without_showing_it_but_not_below_the_floor() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let mut connection = server.accept();
    connection.open();
    connection.chunk(ALL_KINDS);
    // Outside an event, in one that never ends: it counts.
    connection.chunk("retry: 1\ndata: unfinished\n");
    expect_open(&mut tail);
    tail.expect(json!({"kind": "event", "type": "e", "data": "1", "id": ""}));
    connection.end();
    assert_eq!(expect_lost(&mut tail, "end"), 500);
    expect_good_end(&mut tail, &server);
}

/// Every test with `--json` shows that a line can be read while the server holds the connection
/// open. This one shows it of the lines for people, byte by byte.
#[test]
fn shows_items_as_they_happen() {
    let server = Server::start();
    let mut tail = Tool::run("tail", &["--comments", &server.url("/")]);
    let mut connection = server.accept();
    connection.open();
    assert_line(&mut tail, "open", "status 200");
    for byte in "id: 1\ndata: grüezi\n\n: note\n".split_inclusive(|_| true) {
        connection.chunk(byte);
    }
    assert_line(&mut tail, "event", "message (id 1): grüezi");
    assert_line(&mut tail, "comment", "note");
    // The blank line is what ends an event: it needs no byte behind it. A CR alone is a line end.
    connection.chunk("data: by CR\r\r");
    assert_line(&mut tail, "event", "message (id 1): by CR");
    connection.end();
    assert_line(&mut tail, "lost", "");
    assert_line(&mut tail, "waiting", "resume after id 1");
}

/// For a reader that takes Unicode's line ends for line ends, and for a terminal.
#[test]
fn a_line_is_a_line_for_every_reader() {
    let odd = "\u{85}\u{2028}\u{2029}\u{202e}\u{2066}\u{7f}\u{9b}\u{1b}[2J";
    for is_json in [true, false] {
        let server = Server::start();
        let args = ["--json", &server.url("/")];
        let mut tail = Tool::run("tail", &args[usize::from(!is_json)..]);
        let mut connection = server.accept();
        connection.open();
        connection.chunk(&format!("data: a{odd}z\n\n"));
        tail.line();
        let line = tail.line().unwrap_or_default();
        assert!(!line.contains(|c| "\u{1b}\u{7f}".contains(c) || ('\u{80}'..).contains(&c)));
        assert!(line.contains('a') && line.contains('z'));
        if is_json {
            let json: Value = serde_json::from_str(&line).expect("it is JSON");
            assert_eq!(json["data"], format!("a{odd}z"));
        }
    }
}

#[track_caller]
fn assert_line(tail: &mut Tool, kind: &str, text: &str) {
    let line = tail.line().unwrap_or_default();
    let ok = line.contains(kind) && line.contains(text);
    assert!(ok, "{line:?} instead of {kind} {text}");
}

#[test]
fn an_event_of_16_mib_arrives_and_a_longer_one_is_reported() {
    const MOST: usize = 16 << 20;
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let mut connection = server.accept();
    connection.open();
    expect_open(&mut tail);
    for (id, len) in [(1, MOST), (2, MOST + 1)] {
        connection.chunk(&format!("id: {id}\ndata: "));
        send_data(&mut connection, len);
        connection.chunk("\n\n");
    }
    let whole = tail.json();
    assert_eq!(whole["id"], "1");
    let data = whole["data"].as_str().expect("it is an event");
    assert_eq!(data.len(), MOST);
    assert!(data.bytes().all(|byte| byte == b'x'));
    tail.expect(json!({"kind": "too_long"}));
    // What follows is whole, and the ID of the long one counts: it is not asked for again.
    connection.chunk("data: next\n\n");
    tail.expect_event("2", "next");
    connection.end();
    expect_lost(&mut tail, "end");
    let again = server.accept();
    assert_eq!(again.last_event_id(), Some("2"));
    again.reply("HTTP/1.1 204 No Content\r\n\r\n");
    expect_stopped(&mut tail, "no_content", Some(204), 0);
}

fn send_data(connection: &mut Connection, len: usize) {
    let piece = "x".repeat(64 * 1024);
    let mut left = len;
    while left > 0 {
        let now = left.min(piece.len());
        connection.chunk(&piece[..now]);
        left -= now;
    }
}

// ---- how it ends, and how it begins ----

#[test]
fn ends_well_when_nobody_reads_any_more() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let mut connection = accept_and_send(&server, &mut tail, 1);
    tail.stop_reading();
    // The first line behind that still finds a reader, who then leaves.
    while connection.try_chunk(&event(2)).is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    tail.exit(0);
}

#[cfg(unix)]
#[track_caller]
fn interrupt(tail: &Tool) {
    let kill = format!("kill -INT {}", tail.process_id());
    let killed = std::process::Command::new("sh")
        .args(["-c", &kill])
        .status();
    assert!(killed.expect("there is a shell").success());
}

#[cfg(unix)]
#[test]
fn ends_well_by_ctrl_c() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let _held_open = accept_and_send(&server, &mut tail, 1);
    interrupt(&tail);
    expect_stopped(&mut tail, "closed", Some(200), 0);
}

#[cfg(unix)]
#[test]
fn ends_well_by_ctrl_c_while_it_waits() {
    let server = Server::start();
    let url = server.url("/");
    let mut tail = tail(&["--reconnection-time", "60000", &url]);
    server.accept().close();
    expect_lost(&mut tail, "cut_off");
    interrupt(&tail);
    expect_stopped(&mut tail, "closed", None, 0);
}

/// A line that nobody reads cannot keep it from that.
#[cfg(unix)]
#[test]
fn ends_by_ctrl_c_when_its_output_is_stuck() {
    let server = Server::start();
    let mut tail = Tool::run_unread("tail", &[&server.url("/")]);
    let mut connection = server.accept();
    connection.open();
    // More than a pipe holds.
    connection.chunk(&format!("data: {}\n\n", "x".repeat(1 << 20)));
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&tail);
    tail.exit(0);
}

#[test]
fn refuses_bad_usage_and_says_why() {
    const URL: &str = "http://127.0.0.1:1/";
    let cases: &[(&[&str], &str)] = &[
        (&["ftp://127.0.0.1/"], "http://"),
        (&["127.0.0.1:80"], "http://"),
        (&["http://"], "host"),
        (&["http://127.0.0.1:65536/"], "port"),
        (&["http://127.0.0.1:0/"], "port"),
        (&["http://127.0.0.1/a b"], "path"),
        (&["http://127.0.0.1/\r\nEvil: 1"], "path"),
        (&[""], "URL"),
        (&["http://user:password@127.0.0.1/"], "password"),
        (&[URL, URL], "127.0.0.1"),
        (&["--unknown", URL], "--unknown"),
        (&["-x", URL], "-x"),
        (&["--json=yes", URL], "--json"),
        (&["--count", "many", URL], "many"),
        (
            &["--count", "-1", URL],
            "--count \"-1\" is not an integer from 0 to ",
        ),
        (&["--count"], "--count"),
        (&["--reconnection-time", "1s", URL], "1s"),
        (
            &["--max-redirects", "256", URL],
            "--max-redirects \"256\" is not an integer from 0 to 255",
        ),
        (&["--max-reconnection-attempts", "", URL], "integer"),
        (
            &["--max-reconnection-attempts", "-1", URL],
            "--max-reconnection-attempts \"-1\" is not an integer from 0 to 4294967295",
        ),
        (&["--idle-timeout", "off", URL], "nor \"never\""),
        (
            &["--connect-timeout", "-5", URL],
            "--connect-timeout \"-5\"",
        ),
        (&["--response-timeout"], "--response-timeout"),
        (&["--healthy-time", "never", URL], "--healthy-time"),
        (&["--header", "no colon", URL], "no colon"),
        (&["--header", ": empty", URL], "header"),
        (&["--header", "A B: c", URL], "header"),
        (&["--header", "A: b\r\nEvil: 1", URL], "header"),
        (&["--header", "A: b\nEvil: 1", URL], "header"),
        (&["--header", "Content-Length: 5", URL], "Content-Length"),
        (&["--method", "GET / HTTP/1.1\r\nEvil:", URL], "method"),
        (&["--method", "", URL], "method"),
        (&["--last-event-id", "a\nEvil: 1", URL], "last event ID"),
    ];
    for (args, word) in cases {
        let mut tail = Tool::run("tail", args);
        let stderr = tail.expect_exit(2);
        let message = stderr.lines().next().unwrap_or_default();
        assert!(message.starts_with("error: "), "{args:?}: {stderr}");
        assert!(stderr.contains(word), "{args:?}: {stderr}");
        assert!(stderr.contains("usage: tail"), "{args:?}: {stderr}");
    }
}

#[test]
fn help_is_no_error() {
    let mut tail = Tool::run("tail", &["--help"]);
    assert!(tail.line().unwrap_or_default().starts_with("usage: tail"));
    let mut text = String::new();
    while let Some(line) = tail.line() {
        text += &line;
    }
    assert!(text.contains("--max-reconnection-attempts N"));
    assert_eq!(tail.exit(0), "");
}

#[test]
fn the_demo_takes_any_id() {
    let mut tail = Tool::run("tail", &["--last-event-id", "4294967295"]);
    assert!(tail.text().contains("204"));
    assert!(!tail.exit(0).contains("panicked"));
}

/// Without a URL there is a server of its own, of which nothing is lost either.
#[test]
fn the_demo_shows_all_its_events() {
    let mut tail = Tool::run("tail", &["--json"]);
    let mut data = Vec::new();
    let mut losses = 0;
    let last = loop {
        let line = tail.json();
        match line["kind"].as_str() {
            Some("event") => data.push(line["data"].clone()),
            Some("lost") => losses += 1,
            Some("stopped") => break line,
            _ => {}
        }
    };
    let all = (1..=8).map(|id| Value::from(format!("event {id} of 8")));
    assert_eq!(data, Vec::from_iter(all));
    assert!(losses >= 2, "{losses}");
    assert_eq!(last["reason"], "no_content");
    let stderr = tail.expect_exit(0);
    assert!(stderr.contains("demo server: http://127.0.0.1:"));
}

#[test]
fn the_demo_can_be_read_by_people() {
    let mut tail = Tool::run("tail", &[]);
    let text = tail.text();
    let mut rest = &text[..];
    for id in 1..=8 {
        let event = format!("tick (id {id}): event {id} of 8");
        let at = rest.find(&event);
        rest = &rest[at.unwrap_or_else(|| panic!("no {event} in {text}"))..];
    }
    assert!(rest.contains("stopped"), "{text}");
    assert!(!text.contains("(status"), "{text}");
    tail.exit(0);
}
