//! Drafts together with responses: redirects, refusals, and the memory that they share.

use embedded_sse::hooks;
use embedded_sse::{Decoder, Draft, EventSource, Policy, Request, Step, StopReason};

use super::{drafted, with_token};
use crate::script::{OPEN, Script, default_source, gone, ms, opens, status, url};

#[test]
fn a_draft_that_leaves_too_little_memory_for_the_head_is_a_loss() {
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

/// When the stream starts, the draft is not needed any more.
#[test]
fn a_draft_leaves_the_whole_memory_to_the_events() {
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
    // Without a drafted path, the redirect is relative to the path of the request.
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

/// An attempt includes its redirects.
#[test]
fn a_redirect_does_not_call_before_connect() {
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

/// Even if the path looks like another origin.
#[test]
fn a_drafted_path_stays_at_the_origin() {
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
fn a_draft_changes_the_url_of_a_remembered_redirect() {
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
    // The secrets were not sent to the other origin.
    assert!(
        log.requests[1..]
            .iter()
            .all(|request| !request.contains("secret"))
    );
    assert_eq!(log.headers(5, "x-attempt"), ["2"]);
}

#[test]
fn a_drafted_path_without_a_redirect_is_not_remembered() {
    let log = with_token()
        .remember(64)
        .before_connect(|attempt, draft| {
            if attempt == 0 {
                draft.set_path("/first").unwrap();
            }
        })
        .then(opens("").ends())
        .then(gone())
        .run();
    assert_eq!(log.request_lines(), ["GET /first", "GET /stream?x=1"]);
}

#[test]
fn a_post_that_becomes_a_get_drops_the_drafted_content_type() {
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

/// Draft, head and body lie in the same memory.
#[test]
fn a_refusal_can_be_read_after_a_draft() {
    let mut decoder = Decoder::<512>::new();
    let change = |draft: &mut Draft<'_>| {
        draft.add_header("X-A", "a").unwrap();
        draft.set_path("/path").unwrap();
    };
    let mut source = default_source(&mut decoder).with_hooks(hooks::before_connect(change));
    assert!(matches!(source.step(ms(0)), Step::Connect { .. }));
    source.connected(ms(0));
    source.wrote(usize::MAX);
    let response = b"HTTP/1.1 401 No\r\nX-Why: it\r\nContent-Length: 4\r\n\r\nbody";
    assert!(source.receive(&mut &response[..], ms(0)).is_none());
    let Step::Stop(stop) = source.step(ms(0)) else {
        panic!("not stopped");
    };
    assert_eq!((stop.reason, stop.status), (StopReason::Status, Some(401)));
    let (head, body) = source.response().unwrap();
    assert_eq!((head.status(), head.header("x-why")), (401, Some("it")));
    assert_eq!(head.headers().count(), 2);
    assert_eq!(body, b"body");
}

#[test]
fn the_head_has_the_last_event_id_that_was_sent() {
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
