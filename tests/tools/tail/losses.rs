//! Connections that are lost.

use std::net::TcpListener;

use serde_json::json;

use super::{
    accept_and_send, event, expect_good_end, expect_lost, expect_number, expect_open,
    expect_stopped, expect_waiting, tail,
};
use crate::server::Server;
use crate::support::Tool;

#[test]
fn resumes_after_a_cut_in_a_chunk() {
    let server = Server::start();
    let mut tail = tail(&[&server.url("/")]);
    let mut first = accept_and_send(&server, &mut tail, 1);
    // All of event 2 and half of event 3, in a chunk that is not complete.
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
    // Event 2 without its blank line: it is not complete.
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
    // This time before the response.
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
    // How many attempts fail before the server listens depends on the timing.
    let mut next = tail.json();
    while next == json!({"kind": "lost", "cause": "connect"}) {
        assert_eq!(expect_waiting(&mut tail), 80);
        next = tail.json();
    }
    assert_eq!(next["reason"], "no_content");
    tail.expect_exit(0);
}

/// Connections are cut everywhere: in the head, in a chunk's size, in a line end, in an event.
#[test]
fn no_event_is_lost_or_doubled() {
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

/// A complete response with these events, one per chunk.
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

/// Reads the output until the tool waits, and collects the IDs of the events.
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
