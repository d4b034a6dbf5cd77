//! Rule: origin. Which headers are not sent to another origin.

use embedded_sse::Request;

use super::{HERE, SECRETS, redirect};
use crate::script::{Script, opens, url};

/// The number of secrets in the second request.
fn secrets_after(from: &str, location: &str) -> usize {
    let request = Request {
        headers: SECRETS,
        ..Request::get(url(from))
    };
    let script = Script::new(request).then(redirect(307, location));
    let log = script.then(opens("")).run();
    assert_eq!(log.requests[0].matches("secret").count(), 3);
    assert_eq!(log.header(1, "x"), Some("y"));
    log.requests[1].matches("secret").count()
}

#[test]
fn origin_change_drops_the_secrets() {
    for location in [
        "http://g/",
        "http://h:81/",
        "https://h/",
        "//g/",
        "http://h.evil/",
        "http://sub.h/",
    ] {
        assert_eq!(secrets_after("http://h/", location), 0, "{location}");
    }
    assert_eq!(secrets_after("https://h:8443/", "https://h/"), 0);
}

#[test]
fn origin_change_back_does_not_restore_the_secrets() {
    let request = Request {
        headers: SECRETS,
        ..Request::get(url(HERE))
    };
    let log = Script::new(request)
        .then(redirect(302, "http://evil/"))
        .then(redirect(302, "http://h/admin"))
        .then(opens("data: a\n\n").ends())
        .then(opens(""))
        .run();
    let sent = log
        .requests
        .iter()
        .map(|request| request.contains("secret"));
    assert_eq!(sent.collect::<Vec<_>>(), [true, false, false, true]);
}

#[test]
fn origin_unchanged_keeps_the_secrets() {
    for location in ["/x", "http://h/x", "http://h:80/x", "http://H/x", "x", "?q"] {
        assert_eq!(secrets_after("http://h/", location), 3, "{location}");
    }
}

#[test]
fn origin_change_drops_the_callers_host() {
    let request = Request {
        headers: &[("host", "mine")],
        ..Request::get(url(HERE))
    };
    let script = Script::new(request).then(redirect(307, "http://g/"));
    let log = script.then(opens("")).run();
    assert_eq!(log.header(0, "host"), Some("mine"));
    assert_eq!(log.header(1, "host"), Some("g"));
}
