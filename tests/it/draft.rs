//! What an application changes of a request right before it is sent.
//!
//! Each script runs with writes of one byte too, and must have written the same.

use std::cell::RefCell;
use std::fmt;

use crate::script::{Log, OPEN, Script, answers, gone, ms, opens, refuses, status, url};
use embedded_sse::hooks;
use embedded_sse::{Decoder, Draft, EventSource, InvalidDraft, Policy, Request, Step, StopReason};

const TOKEN: &[(&str, &str)] = &[("authorization", "old"), ("X-More", "more")];

fn with_token() -> Script<'static> {
    Script::new(Request {
        headers: TOKEN,
        ..Request::get(url("http://h:81/stream?x=1"))
    })
}

/// The one request that is written with such a draft.
fn drafted(change: impl Fn(&mut Draft<'_>)) -> Log {
    let script = with_token().before_connect(|_, draft| change(draft));
    script.then(gone()).run()
}

const PLAIN: &str = "GET /stream?x=1 HTTP/1.1\r\nHost: h:81\r\nAccept: text/event-stream\r\nAccept-Encoding: identity\r\n\
    Cache-Control: no-cache\r\nauthorization: old\r\nX-More: more\r\n\r\n";

// ---- what it is for ----

#[test]
fn an_api_has_its_own_way_to_resume() {
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
    // The second one got no connection, but was an attempt.
    assert_eq!(log.requests, [lines(0), lines(2)]);
}

#[test]
fn a_draft_holds_for_one_attempt() {
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
fn our_own_headers_can_be_replaced() {
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
        // The last path wins, whether it is shorter or longer.
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
fn a_value_may_be_empty_or_beyond_ascii() {
    let log = drafted(|draft| {
        draft.add_header("X-Empty", "").unwrap();
        draft.add_header("X-Wide", "\u{e9}\t:b").unwrap();
    });
    assert_eq!(log.headers(0, "x-empty"), [""]);
    // What was written is shown byte by byte.
    assert_eq!(log.headers(0, "x-wide"), ["\u{c3}\u{a9}\t:b"]);
}

// ---- what is refused ----

/// Its pieces are fine one by one.
struct Pieces(&'static [&'static str]);

impl fmt::Display for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| f.write_str(piece))
    }
}

const BAD_PATHS: [&str; 15] = [
    "",
    "path",
    "?since=1",
    "#",
    "*",
    " /",
    "http://evil/",
    "@evil/",
    ":80/",
    "/a b",
    "/a\r\nX: y",
    "/a\rb",
    "/a\nb",
    "/a\0b",
    "/\u{e9}",
];
const BAD_NAMES: [&str; 9] = ["", "a b", "a:", ":", "a\r\nX", "a\n", "\0", "\u{e9}", "a\t"];
const BAD_VALUES: [&str; 9] = [
    " a",
    "a ",
    "a\t",
    " ",
    "a\r\nX: y",
    "a\rX",
    "a\nX: y",
    "a\0",
    "a\u{7f}",
];
const FRAMING: [&str; 3] = ["Content-Length", "transfer-encoding", "CONTENT-LENGTH"];

fn do_all_that_is_refused(draft: &mut Draft<'_>) {
    for path in BAD_PATHS {
        assert_eq!(draft.set_path(path), Err(InvalidDraft::Path), "{path:?}");
    }
    let pieces = Pieces(&["/a", "\r", "\nX: y"]);
    assert_eq!(draft.set_path(pieces), Err(InvalidDraft::Path));
    for name in BAD_NAMES.into_iter().chain(FRAMING) {
        let refused = draft.add_header(name, "x");
        assert_eq!(refused, Err(InvalidDraft::HeaderName), "{name:?}");
    }
    for value in BAD_VALUES {
        let refused = draft.add_header("X-Bad", value);
        assert_eq!(refused, Err(InvalidDraft::HeaderValue), "{value:?}");
    }
    let pieces = Pieces(&["a", "\r", "\nX: y"]);
    assert_eq!(
        draft.add_header("X-Bad", pieces),
        Err(InvalidDraft::HeaderValue)
    );
}

#[test]
fn what_is_refused_changes_nothing() {
    assert_eq!(drafted(do_all_that_is_refused).requests[0], PLAIN);
    let good = |draft: &mut Draft<'_>| {
        draft.add_header("X-A", "a").unwrap();
        draft.set_path("/path").unwrap();
        draft.add_header("X-B", "b").unwrap();
    };
    let mixed = drafted(|draft| {
        do_all_that_is_refused(draft);
        good(draft);
        do_all_that_is_refused(draft);
    });
    assert_eq!(mixed, drafted(good));
}

/// As of each URL, the fragment is not sent, whatever it is.
#[test]
fn a_fragment_stays_here() {
    for fragment in ["", "b", "#", "/../x", "?y", "\r\nX: y\r\n\r\n", "\u{e9} "] {
        let log = with_token()
            .before_connect(|_, draft| draft.set_path(format_args!("/a/b#{fragment}")).unwrap())
            .then(status(302, "Location: c\r\n"))
            .then(status(302, "Location: ?d\r\n"))
            .then(gone())
            .run();
        assert_eq!(log.request_lines(), ["GET /a/b", "GET /a/c", "GET /a/c?d"]);
        assert!(!log.requests.concat().contains("X: y"));
    }
}

/// It is told, and the attempt goes on without it.
#[test]
fn what_does_not_fit_changes_nothing() {
    let long = "x".repeat(128);
    let log = with_token()
        .before_connect(|_, draft| {
            let too_long = Err(InvalidDraft::TooLong);
            assert_eq!(draft.set_path(format_args!("/{long}")), too_long);
            assert_eq!(draft.add_header("X-Long", &long), too_long);
            assert_eq!(draft.add_header(&long, ""), too_long);
            draft.add_header("X-A", "a").unwrap();
            assert_eq!(draft.set_path(format_args!("/{long}")), too_long);
            assert_eq!(draft.add_header("X-Long", &long), too_long);
        })
        .then(gone())
        .run_in::<128>();
    let want = PLAIN.replace("authorization", "X-A: a\r\nauthorization");
    assert_eq!(log.requests, [want]);
}

/// To the last byte: what fits is sent, what does not is not, and nothing in between.
#[test]
fn the_memory_has_an_edge() {
    let edges = (50..60).chain(116..=128);
    for len in edges {
        let value = "v".repeat(len);
        let path = format!("/{}", "p".repeat(len - 1));
        let fits = RefCell::new((false, false));
        let log = with_token()
            .before_connect(|_, draft| {
                let header = draft.add_header("X-A", &value).is_ok();
                let path = draft.set_path(&path).is_ok();
                fits.replace((header, path));
            })
            // It is of use only for what is written: no head fits in what may be left.
            .policy(|policy| policy.max_reconnection_attempts = Some(0))
            .then(answers("").fails(std::io::ErrorKind::Other))
            .run_in::<128>();
        let line = "X-A: \r\n".len() + len;
        let header_fits = line <= 128;
        let used = if header_fits { line } else { 0 };
        let path_fits = used + "http://h:81".len() + len <= 128;
        assert_eq!(fits.take(), (header_fits, path_fits), "{len}");
        let sent = log.headers(0, "x-a");
        assert_eq!(
            sent,
            if header_fits {
                vec![value.as_str()]
            } else {
                vec![]
            }
        );
        let sent = log.request_lines()[0].strip_prefix("GET ").unwrap();
        assert_eq!(sent, if path_fits { &path } else { "/stream?x=1" });
    }
}

// ---- with what the server answers ----

#[test]
fn a_draft_that_leaves_no_room_for_the_head_is_told() {
    let script = |len: usize| {
        with_token()
            .before_connect(move |_, draft| draft.add_header("X-A", "v".repeat(len)).unwrap())
            .policy(|policy| policy.max_reconnection_attempts = Some(0))
            .then(opens("data: a\n\n").ends())
            .run_in::<128>()
    };
    let room = 128 - OPEN.len() - "X-A: \r\n".len();
    let told = ["open 200", "message: a", "lost End", "stop Attempts"];
    assert_eq!(script(room).told(), told);
    assert_eq!(
        script(room + 1).told(),
        ["lost Head(TooLong { len: 129 })", "stop Attempts"]
    );
}

/// The stream has all the memory: the draft is needed no more.
#[test]
fn a_draft_takes_nothing_from_the_events() {
    let data = "d".repeat(128);
    let log = with_token()
        .before_connect(|_, draft| {
            draft.add_header("X-A", "a").unwrap();
            draft.set_path("/path").unwrap();
        })
        .then(opens(format!("data: {data}\n\n")).ends())
        .then(gone())
        .run_in::<128>();
    assert_eq!(log.told()[1], format!("message: {data}"));
    assert_eq!(log.request_lines(), ["GET /path"; 2]);
}

#[test]
fn a_redirect_is_relative_to_the_drafted_path() {
    for (location, want) in [
        ("d", "/a/b/d"),
        ("../z", "/a/z"),
        ("?y", "/a/b/c?y"),
        ("/r", "/r"),
        ("http://H:81/s", "/s"),
    ] {
        let run = |changes: fn(&mut Draft<'_>)| {
            with_token()
                .before_connect(move |_, draft| changes(draft))
                .then(status(307, &format!("Location: {location}\r\n")))
                .then(gone())
                .run()
        };
        let path = run(|draft| draft.set_path("/a/b/c?x").unwrap());
        assert_eq!(
            path.request_lines(),
            ["GET /a/b/c?x", &format!("GET {want}")]
        );
        let both = run(|draft| {
            draft.add_header("X-A", "a").unwrap();
            draft.set_path("/a/b/c?x").unwrap();
            draft.add_header("Authorization", "new").unwrap();
        });
        assert_eq!(both.request_lines(), path.request_lines());
        for request in 0..2 {
            assert_eq!(both.headers(request, "x-a"), ["a"]);
            assert_eq!(both.headers(request, "authorization"), ["new"]);
        }
    }
    // Without a path it is relative to the request's.
    let log = with_token()
        .before_connect(|_, draft| draft.add_header("X-A", "a").unwrap())
        .then(status(307, "Location: d?e\r\n"))
        .then(status(307, "Location: f/g\r\n"))
        .then(gone())
        .run();
    let lines = ["GET /stream?x=1", "GET /d?e", "GET /f/g"];
    assert_eq!(log.request_lines(), lines);
    assert_eq!(log.headers(2, "x-a"), ["a"]);
}

/// It is one attempt, so the application is asked once.
#[test]
fn a_redirect_asks_for_no_further_draft() {
    let log = with_token()
        .before_connect(|attempt, draft| draft.add_header("X-Attempt", attempt).unwrap())
        .then(status(307, "Location: /b\r\n"))
        .then(status(503, ""))
        .then(gone())
        .run();
    let attempts: Vec<_> = (0..3)
        .map(|request| log.headers(request, "x-attempt"))
        .collect();
    assert_eq!(attempts, [["0"], ["0"], ["1"]]);
}

#[test]
fn drafted_credentials_never_leave_their_origin() {
    let secrets = ["AUTHORIZATION", "Cookie", "proxy-authorization", "Host"];
    for (location, has_it) in [
        ("http://g:81/", false),
        ("http://h/", false),
        ("https://h:81/", false),
        ("//g", false),
        ("/b", true),
        ("http://H:81/b", true),
    ] {
        let log = with_token()
            .before_connect(|_, draft| {
                draft.set_path("/path").unwrap();
                for name in secrets {
                    draft.add_header(name, "secret").unwrap();
                }
                draft.add_header("X-A", "a").unwrap();
            })
            .then(status(308, &format!("Location: {location}\r\n")))
            .then(gone())
            .run();
        assert_eq!(log.requests[1].contains("secret"), has_it, "{location}");
        assert!(!log.requests[1].contains("old"));
        assert_eq!(log.headers(1, "x-a"), ["a"]);
        assert_eq!(log.headers(1, "host").len(), 1);
    }
}

/// A path cannot lead elsewhere, however much it looks like it.
#[test]
fn a_path_stays_at_its_origin() {
    for path in [
        "//evil/",
        "/@evil/",
        "/:80",
        "/http://evil/",
        "/\\evil",
        "/[::1]/",
        "/..",
    ] {
        let log = drafted(|draft| draft.set_path(path).unwrap());
        assert!(log.all.contains(&"0 connect http h 81".into()));
        assert_eq!(log.request_lines(), [format!("GET {path}")]);
        assert_eq!(log.headers(0, "host"), ["h:81"]);
    }
    let log = Script::get("https://[2001:db8::1]:8443/")
        .before_connect(|_, draft| draft.set_path("/path").unwrap())
        .then(gone())
        .run();
    assert_eq!(log.all[1], "0 connect https 2001:db8::1 8443");
    assert_eq!(log.headers(0, "host"), ["[2001:db8::1]:8443"]);
}

#[test]
fn a_remembered_redirect_is_what_the_draft_changes() {
    let log = with_token()
        .remember(64)
        .before_connect(|attempt, draft| {
            draft.add_header("X-Attempt", attempt).unwrap();
            match attempt {
                0 => draft.set_path("/first").unwrap(),
                1 => draft.set_path("/second?y").unwrap(),
                _ => {}
            }
            draft.add_header("Cookie", "secret").unwrap();
        })
        .then(status(308, "Location: http://g/dir/new\r\n"))
        .then(opens("").ends())
        .then(status(307, "Location: x\r\n"))
        .then(opens("").ends())
        .then(status(307, "Location: y\r\n"))
        .then(gone())
        .run();
    let connects: Vec<_> = log
        .all
        .iter()
        .filter(|line| line.contains("connect"))
        .collect();
    assert!(
        connects[1..]
            .iter()
            .all(|line| line.ends_with(" http g 80")),
        "{connects:?}"
    );
    assert_eq!(
        log.request_lines(),
        [
            "GET /first",
            "GET /dir/new",
            "GET /second?y",
            "GET /x",
            "GET /dir/new",
            "GET /dir/y",
        ]
    );
    // It is another origin now.
    assert!(
        log.requests[1..]
            .iter()
            .all(|request| !request.contains("secret"))
    );
    assert_eq!(log.headers(5, "x-attempt"), ["2"]);
}

#[test]
fn a_post_that_becomes_a_get_leaves_the_drafted_type_behind() {
    let log = Script::new(Request::post(url("http://h/"), b"body"))
        .before_connect(|_, draft| {
            draft.add_header("Content-Type", "text/plain").unwrap();
            draft.add_header("X-A", "a").unwrap();
        })
        .then(status(303, "Location: /b\r\n"))
        .then(gone())
        .run();
    assert_eq!(log.headers(0, "content-type"), ["text/plain"]);
    assert!(log.requests[0].ends_with("\r\n\r\nbody"));
    assert_eq!(log.headers(1, "content-type"), [""; 0]);
    assert!(log.requests[1].starts_with("GET /b ") && log.requests[1].ends_with("\r\n\r\n"));
    assert_eq!(log.headers(1, "x-a"), ["a"]);
}

/// All that lies in one memory is told apart.
#[test]
fn a_refusal_can_be_read_beside_a_draft() {
    let mut decoder = Decoder::<512>::new();
    let change = |draft: &mut Draft<'_>| {
        draft.add_header("X-A", "a").unwrap();
        draft.set_path("/path").unwrap();
    };
    let request = Request::get(url("http://h/"));
    let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    let mut source = source.with_hooks(hooks::before_connect(change));
    assert!(matches!(source.step(ms(0)), Step::Connect { .. }));
    source.connected(ms(0));
    source.wrote(usize::MAX);
    let response = b"HTTP/1.1 401 No\r\nX-Why: it\r\nContent-Length: 4\r\n\r\nbody";
    assert!(source.receive(&mut &response[..], ms(0)).is_none());
    let Step::Stop(stop) = source.step(ms(0)) else {
        panic!("it is refused");
    };
    assert_eq!((stop.reason, stop.status), (StopReason::Status, Some(401)));
    let (head, body) = source.response().unwrap();
    assert_eq!((head.status(), head.header("x-why")), (401, Some("it")));
    assert_eq!(head.headers().count(), 2);
    assert_eq!(body, b"body");
}

#[test]
fn the_head_knows_which_last_event_id_was_sent() {
    let response = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n";
    for (given, drafted, want) in [
        (None, None, "ours"),
        (Some("given"), None, "given"),
        (None, Some("drafted"), "drafted"),
        (Some("given"), Some("drafted"), "drafted"),
        (Some(""), None, ""),
    ] {
        let mut decoder = Decoder::<512>::new();
        decoder.set_last_event_id("ours").unwrap();
        let headers = given.map(|id| ("LAST-event-ID", id));
        let request = Request {
            headers: headers.as_slice(),
            ..Request::get(url("http://h/"))
        };
        let change = |draft: &mut Draft<'_>| {
            if let Some(id) = drafted {
                draft.add_header("Last-Event-ID", id).unwrap();
            }
        };
        let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
        let mut source = source.with_hooks(hooks::before_connect(change));
        let _ = source.step(ms(0));
        source.connected(ms(0));
        source.wrote(usize::MAX);
        assert!(source.receive(&mut &response[..], ms(0)).is_none());
        let (head, _) = source.response().unwrap();
        assert_eq!(head.last_event_id(), want);
    }
}
