//! What a draft can change.

use embedded_sse::Draft;

use super::{PLAIN, drafted, with_token};
use crate::script::{Script, gone, opens, refuses, status};

#[test]
fn the_last_event_id_can_be_put_into_the_path() {
    let log = Script::get("http://h/mytopic/sse")
        .before_connect(|_, draft| {
            let since = match draft.last_event_id() {
                "" => "all",
                id => id,
            };
            let path = draft.url().path_and_query();
            draft
                .set_path(format_args!("{path}?since={since}"))
                .unwrap();
        })
        .then(opens("id: a1\ndata: x\n\n").ends())
        .then(refuses())
        .then(opens("id: b2\ndata: y\n\n").ends())
        .then(opens("id\n\n").ends())
        .then(gone())
        .run();
    assert_eq!(
        log.request_lines(),
        [
            "GET /mytopic/sse?since=all",
            "GET /mytopic/sse?since=a1",
            "GET /mytopic/sse?since=b2",
            "GET /mytopic/sse?since=all",
        ]
    );
    assert_eq!(log.headers(1, "last-event-id"), ["a1"]);
}

#[test]
fn each_attempt_has_a_fresh_token() {
    let log = with_token()
        .last_event_id("7")
        .before_connect(|attempt, draft| {
            assert_eq!(draft.last_event_id(), "7");
            draft
                .add_header("Authorization", format_args!("Bearer {attempt}"))
                .unwrap();
            draft.add_header("X-Attempt", attempt).unwrap();
        })
        .then(status(503, ""))
        .then(refuses())
        .then(gone())
        .run();
    let lines = |token: u32| {
        format!(
            "GET /stream?x=1 HTTP/1.1\r\nHost: h:81\r\nAccept: text/event-stream\r\nAccept-Encoding: identity\r\n\
             Cache-Control: no-cache\r\nLast-Event-ID: 7\r\nAuthorization: Bearer {token}\r\n\
             X-Attempt: {token}\r\nX-More: more\r\n\r\n"
        )
    };
    // The second attempt got no connection, but it had a draft.
    assert_eq!(log.requests, [lines(0), lines(2)]);
}

#[test]
fn a_draft_is_for_one_attempt() {
    let log = with_token()
        .before_connect(|attempt, draft| {
            if attempt == 1 {
                draft.set_path("/other").unwrap();
                draft.add_header("X-New", "new").unwrap();
            }
        })
        .then(status(503, ""))
        .then(status(503, ""))
        .then(gone())
        .run();
    assert_eq!([&log.requests[0], &log.requests[2]], [PLAIN, PLAIN]);
    assert!(log.requests[1].starts_with("GET /other HTTP/1.1\r\n"));
    assert_eq!(log.headers(1, "x-new"), ["new"]);
}

#[test]
fn default_headers_can_be_replaced() {
    let log = with_token()
        .last_event_id("7")
        .before_connect(|_, draft| {
            draft.add_header("HOST", "mine").unwrap();
            for name in [
                "accept",
                "accept-encoding",
                "cache-control",
                "last-event-id",
            ] {
                draft.add_header(name, "mine").unwrap();
            }
            draft.add_header("x-more", "mine").unwrap();
        })
        .then(gone())
        .run();
    assert_eq!(
        log.requests[0],
        "GET /stream?x=1 HTTP/1.1\r\nHOST: mine\r\naccept: mine\r\naccept-encoding: mine\r\ncache-control: mine\r\n\
         last-event-id: mine\r\nx-more: mine\r\nauthorization: old\r\n\r\n"
    );
}

#[test]
fn the_order_of_the_changes_does_not_matter() {
    type Order = fn(&mut Draft<'_>);
    let orders: [Order; 4] = [
        |draft| {
            draft.add_header("X-A", "a").unwrap();
            draft.add_header("X-B", "b").unwrap();
            draft.set_path("/path").unwrap();
        },
        |draft| {
            draft.set_path("/path").unwrap();
            draft.add_header("X-A", "a").unwrap();
            draft.add_header("X-B", "b").unwrap();
        },
        // The last path counts, whether it is shorter or longer.
        |draft| {
            draft.set_path("/a/much/longer/one").unwrap();
            draft.add_header("X-A", "a").unwrap();
            draft.set_path("/").unwrap();
            draft.add_header("X-B", "b").unwrap();
            draft.set_path("/path").unwrap();
        },
        |draft| {
            draft.set_path("/").unwrap();
            draft.set_path("/b?c").unwrap();
            draft.add_header("X-A", "a").unwrap();
            draft.set_path("/path").unwrap();
            draft.set_path("no path").unwrap_err();
            draft.add_header("X-B", "b").unwrap();
        },
    ];
    for order in orders {
        assert_eq!(
            drafted(order).requests[0],
            "GET /path HTTP/1.1\r\nHost: h:81\r\nAccept: text/event-stream\r\nAccept-Encoding: identity\r\n\
             Cache-Control: no-cache\r\nX-A: a\r\nX-B: b\r\nauthorization: old\r\n\
             X-More: more\r\n\r\n"
        );
    }
}

#[test]
fn a_header_value_may_be_empty_or_non_ascii() {
    let log = drafted(|draft| {
        draft.add_header("X-Empty", "").unwrap();
        draft.add_header("X-Wide", "\u{e9}\t:b").unwrap();
    });
    assert_eq!(log.headers(0, "x-empty"), [""]);
    // The log shows each byte as one character.
    assert_eq!(log.headers(0, "x-wide"), ["\u{c3}\u{a9}\t:b"]);
}
