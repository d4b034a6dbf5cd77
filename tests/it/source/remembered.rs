//! Rule: remembered. Which redirects are remembered, and until when.

use embedded_sse::{Decoder, EventSource, Policy, Request, Step};

use super::{HERE, REDIRECTS, SECRETS, feed, open, read, redirect};
use crate::script::{Script, ms, opens, refuses, status, url};

#[test]
fn remembered_redirects_are_forgotten_when_an_attempt_fails_there() {
    let log = Script::get(HERE)
        .remember(64)
        .then(redirect(301, "http://g/x"))
        .then(opens("data: a\n\n").ends())
        .then(refuses())
        .then(opens(""))
        .run();
    assert_eq!(
        log.origins,
        ["http h 80", "http g 80", "http g 80", "http h 80"]
    );
}

#[test]
fn remembered_redirects_are_not_forgotten_in_the_middle_of_a_request() {
    let request = Request {
        headers: SECRETS,
        ..Request::get(url(HERE))
    };
    let (mut one, mut two) = ([0; 64], [0; 64]);
    let mut decoder = Decoder::<512>::new();
    let mut source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    source.remember_permanent_redirects(&mut one);
    read(&mut source);
    feed(
        &mut source,
        "HTTP/1.1 301 x\r\nLocation: http://evil/\r\n\r\n",
    );
    open(&mut source);
    source.failed(ms(0));
    assert!(matches!(source.step(ms(0)), Step::Wait(_)));
    let Step::Connect { origin, .. } = source.step(ms(9000)) else {
        panic!("no attempt");
    };
    assert_eq!(origin.host, "evil");
    source.connected(ms(0));
    source.wrote(3);
    source.remember_permanent_redirects(&mut two);
    let Step::Connect { origin, .. } = source.step(ms(9000)) else {
        panic!("the request goes on, with headers that are not meant for evil");
    };
    assert_eq!(origin.host, "h");
}

#[test]
fn remembered_redirects_are_an_option() {
    for code in REDIRECTS {
        let log = Script::get(HERE)
            .then(redirect(code, "http://g/x"))
            .then(opens("data: a\n\n").ends())
            .then(opens(""))
            .run();
        assert_eq!(log.origins, ["http h 80", "http g 80", "http h 80"]);
    }
}

/// The origin of the reconnect after these redirects, with this much memory for permanent ones.
fn remembered(codes: &[u16], bytes: usize) -> String {
    let mut script = Script::get(HERE).remember(bytes);
    for (number, code) in codes.iter().enumerate() {
        script = script.then(redirect(*code, &format!("http://g{number}/x")));
    }
    let log = script
        .then(opens("data: a\n\n").ends())
        .then(opens(""))
        .run();
    log.origins.last().unwrap().clone()
}

#[test]
fn remembered_redirects_are_all_permanent() {
    for codes in [&[301][..], &[308]] {
        assert_eq!(remembered(codes, 64), "http g0 80");
        assert_eq!(remembered(codes, 0), "http h 80");
    }
    for codes in [&[302][..], &[303], &[307], &[301, 302], &[302, 301]] {
        assert_eq!(remembered(codes, 64), "http h 80", "{codes:?}");
    }
    assert_eq!(remembered(&[301, 308], 64), "http g1 80");
}

#[test]
fn remembered_redirects_fit_in_the_memory() {
    let len = "http://g0/x".len();
    assert_eq!(remembered(&[301], len), "http g0 80");
    assert_eq!(remembered(&[301], len - 1), "http h 80");
}

#[test]
fn remembered_redirects_did_not_change_the_method() {
    let request = Request {
        repeatable: true,
        ..Request::post(url(HERE), b"x")
    };
    let log = Script::new(request)
        .remember(64)
        .then(redirect(301, "http://g/x"))
        .then(opens("data: a\n\n").ends())
        .then(opens(""))
        .run();
    assert_eq!(log.origins, ["http h 80", "http g 80", "http h 80"]);
    assert_eq!(
        log.request_lines(),
        ["POST /stream", "GET /x", "POST /stream"]
    );
}

/// The `GET` that resumes a `POST` is redirected. A later `POST` goes to the new place too.
#[test]
fn remembered_redirects_of_a_get_that_resumes_are_permanent() {
    for (code, path) in [(301, "/x"), (308, "/x"), (302, "/stream"), (303, "/stream")] {
        let request = Request {
            repeatable: true,
            resume_by_get: true,
            ..Request::post(url(HERE), b"x")
        };
        let log = Script::new(request)
            .remember(64)
            .then(opens("id: 1\n\n").ends())
            .then(redirect(code, "http://g/x"))
            .then(opens("data: a\n\n").ends())
            .then(opens("id\n\n").ends())
            .then(opens(""))
            .run();
        let (get, post) = (format!("GET {path}"), format!("POST {path}"));
        assert_eq!(
            log.request_lines(),
            ["POST /stream", "GET /stream", "GET /x", &get, &post],
            "{code}"
        );
    }
}

#[test]
fn remembered_redirects_led_to_a_stream() {
    let log = Script::get(HERE)
        .remember(64)
        .then(redirect(301, "http://g/x"))
        .then(status(503, ""))
        .then(opens(""))
        .run();
    assert_eq!(log.origins[2], "http h 80");
}

#[test]
fn remembered_redirects_get_no_secrets() {
    let request = Request {
        headers: SECRETS,
        ..Request::get(url(HERE))
    };
    let log = Script::new(request)
        .remember(64)
        .then(redirect(301, "http://g/x"))
        .then(opens("data: a\n\n").ends())
        .then(opens(""))
        .run();
    assert_eq!(log.origins[2], "http g 80");
    assert!(!log.requests[2].contains("secret"));
}

#[test]
fn remembered_redirects_get_no_secrets_even_back_at_the_original_origin() {
    let request = Request {
        headers: SECRETS,
        ..Request::get(url(HERE))
    };
    let log = Script::new(request)
        .remember(64)
        .then(redirect(308, "http://g/x"))
        .then(redirect(308, "http://h/chosen-by-g"))
        .then(opens("data: a\n\n").ends())
        .then(redirect(308, "/still-chosen-by-g"))
        .then(opens("data: a\n\n").ends())
        .then(opens("").resets())
        .then(refuses())
        .then(opens(""))
        .run();
    assert!(log.requests[0].contains("secret"));
    for request in &log.requests[1..6] {
        assert!(!request.contains("secret"), "{request}");
    }
    // After a failure, the redirects are forgotten, and the request is the original one.
    assert_eq!(log.request_lines()[6], "GET /stream");
    assert!(log.requests[6].contains("secret"));
}

#[test]
fn remembered_redirects_are_the_base_of_the_next_redirect() {
    let log = Script::get(HERE)
        .remember(64)
        .then(redirect(301, "http://g/x/y"))
        .then(opens("data: a\n\n").ends())
        .then(redirect(308, "z"))
        .then(opens("data: a\n\n").ends())
        .then(opens(""))
        .run();
    assert_eq!(
        log.request_lines()[2..],
        ["GET /x/y", "GET /x/z", "GET /x/z"]
    );
    assert_eq!(log.origins[4], "http g 80");
}
