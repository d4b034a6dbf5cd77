//! Rule: redirects. The limits: the number of redirects, the length of the URL, and the memory.

use embedded_sse::{Decoder, InvalidHead, InvalidRedirect, LossCause, Request, Step, StopReason};

use super::{HERE, read, redirect, source_of};
use crate::script::{Script, answers, ms, opens, status, url};

#[test]
fn redirects_after_the_20th_stop() {
    let mut script = Script::get(HERE);
    for _ in 0..20 {
        script = script.then(redirect(301, "/stream"));
    }
    let open = script.clone().then(opens(""));
    assert_eq!(open.run().told()[0], "open 200");
    let log = script.then(redirect(301, "/stream")).run();
    assert_eq!(log.told(), ["stop Redirect(TooMany)"]);
    assert_eq!(log.requests.len(), 21);
}

#[test]
fn redirects_are_limited_by_the_caller() {
    for most in [0, 1, 2] {
        let request = Request {
            max_redirects: most,
            ..Request::get(url(HERE))
        };
        let mut script = Script::new(request);
        for _ in 0..3 {
            script = script.then(redirect(307, "/x"));
        }
        assert_eq!(script.run().requests.len(), usize::from(most) + 1);
    }
}

#[test]
fn redirects_are_counted_from_0_after_a_stream() {
    let request = Request {
        max_redirects: 1,
        ..Request::get(url(HERE))
    };
    let mut script = Script::new(request);
    for _ in 0..3 {
        script = script
            .then(redirect(302, "/x"))
            .then(opens("data: a\n\n").ends());
    }
    let log = script.run();
    assert_eq!((log.stop, log.requests.len()), (None, 6));
}

#[test]
fn redirects_that_do_not_fit_stop() {
    let long = format!("http://h/{}", "x".repeat(100));
    let script = Script::get("http://example.org/").then(redirect(302, &long));
    let log = script.clone().run_in::<128>();
    assert_eq!(
        log.losses,
        [LossCause::Head(InvalidHead::TooLong { len: 144 })]
    );
    let short = Script::get("http://example.org/a/long/path/that/is/kept/and/kept/and/kept/x");
    let log = short.then(redirect(302, &"y".repeat(70))).run_in::<128>();
    assert_eq!(log.told(), ["stop Redirect(TooLong)"]);
}

#[test]
fn redirects_to_a_url_of_more_than_8192_bytes_stop() {
    let origin = "http://h".len();
    for (location, told) in [
        (format!("/{}", "x".repeat(8192 - origin - 1)), "open 200"),
        (
            format!("/{}", "x".repeat(8192 - origin)),
            "stop Redirect(TooLong)",
        ),
        (
            format!("http://h/{}", "x".repeat(8192 - origin - 1)),
            "open 200",
        ),
        (
            format!("http://h/{}", "x".repeat(8192 - origin)),
            "stop Redirect(TooLong)",
        ),
        // The limit applies to the resulting URL.
        (format!("/{}", " x".repeat(2100)), "stop Redirect(TooLong)"),
        (format!("/{}x", "y/../".repeat(1600)), "open 200"),
        (format!("/{}", "x".repeat(9000)), "stop Redirect(TooLong)"),
    ] {
        let mut decoder = Decoder::<40_000>::new();
        let mut source = source_of(Request::get(url(HERE)), &mut decoder);
        let response = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n");
        read(&mut source);
        assert!(source.receive(&mut response.as_bytes(), ms(0)).is_none());
        match source.step(ms(0)) {
            Step::Connect { .. } => assert_eq!(told, "open 200"),
            _ => assert_eq!(told, "stop Redirect(TooLong)", "{}", location.len()),
        }
    }
}

#[test]
fn redirects_that_grow_the_url_stop_at_its_limit() {
    let mut decoder = Decoder::<40_000>::new();
    let mut source = source_of(Request::get(url(HERE)), &mut decoder);
    let location = format!("{}/", "a".repeat(1000));
    let response = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n");
    for redirects in 0.. {
        if let Step::Stop(stop) = source.step(ms(0)) {
            assert_eq!(stop.reason, StopReason::Redirect(InvalidRedirect::TooLong));
            assert_eq!(redirects, 9);
            break;
        }
        read(&mut source);
        assert!(source.receive(&mut response.as_bytes(), ms(0)).is_none());
        if !matches!(source.step(ms(0)), Step::Connect { .. }) {
            source.ended(ms(0));
        }
    }
}

#[test]
fn redirects_that_are_not_followed_show_the_response() {
    for (code, from, location, told) in [
        (302, "http://h/", "ftp://g/x", "stop Redirect(Location)"),
        (302, "http://h/", "//u@g/", "stop Redirect(Location)"),
        (307, "https://h/", "http://g/x", "stop Redirect(Downgrade)"),
        (308, "http://h/", "https://g/x", "stop Redirect(NoTls)"),
    ] {
        let script = match told {
            "stop Redirect(NoTls)" => Script::get(from).without_tls(),
            _ => Script::get(from),
        };
        let headers = format!("Location: {location}\r\nContent-Length: 4\r\n");
        let log = script.then(status(code, &headers).sends("body")).run();
        assert_eq!(log.told(), [told]);
        let response = log.response.unwrap();
        assert_eq!((response.status, &response.body[..]), (code, "body"));
        assert_eq!(response.headers[0], ("Location".into(), location.into()));
        assert_eq!(log.stop.unwrap().status, Some(code));
    }
    // A URL that does not fit beside the head is followed too.
    let long = format!("/{}", "x".repeat(40));
    let headers = format!("Location: {long}\r\nA: {}\r\n", "b".repeat(20));
    let script = Script::get("http://h/").then(status(302, &headers).ends());
    assert_eq!(
        script
            .clone()
            .then(opens(""))
            .run_in::<128>()
            .requests
            .len(),
        2
    );
}

#[test]
fn redirects_that_do_not_fit_beside_their_head_show_their_location() {
    for blank in ["", "\r\n", "\n"] {
        for (from, to, told) in [
            ("https://h/", "http://g/", "stop Redirect(Downgrade)"),
            ("http://h/", "https://g/", "stop Redirect(NoTls)"),
            ("http://h/", "http://u@g/", "stop Redirect(Location)"),
            ("http://h/", "http://g/", "stop Redirect(TooLong)"),
        ] {
            let len = if told.ends_with("(TooLong)") { 56 } else { 32 };
            let location = format!("{to}{}", "x".repeat(len));
            let head = format!(
                "{blank}HTTP/1.1 302 Found\r\nA: {}\r\nLocation: {location}\r\n\r\n",
                "b".repeat(15)
            );
            let script = match told {
                "stop Redirect(NoTls)" => Script::get(from).without_tls(),
                _ => Script::get(from),
            };
            let log = script.then(answers(head).ends()).run_in::<128>();
            assert_eq!(log.told(), [told]);
            let response = log.response.unwrap();
            assert_eq!(response.status, 302);
            assert_eq!(response.headers, [("Location".into(), location)], "{told}");
        }
    }
}
