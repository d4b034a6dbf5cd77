//! Changes that a draft refuses: invalid ones, and those that do not fit.

use std::cell::{Cell, RefCell};
use std::fmt;

use embedded_sse::{Draft, InvalidDraft};

use super::{PLAIN, drafted, with_token};
use crate::script::{answers, gone, status};

/// A text in pieces. Each piece could be valid on its own.
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

fn make_all_refused_changes(draft: &mut Draft<'_>) {
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
fn a_refused_change_has_no_effect() {
    assert_eq!(drafted(make_all_refused_changes).requests[0], PLAIN);
    let good = |draft: &mut Draft<'_>| {
        draft.add_header("X-A", "a").unwrap();
        draft.set_path("/path").unwrap();
        draft.add_header("X-B", "b").unwrap();
    };
    let mixed = drafted(|draft| {
        make_all_refused_changes(draft);
        good(draft);
        make_all_refused_changes(draft);
    });
    assert_eq!(mixed, drafted(good));
}

/// As in every URL.
#[test]
fn a_fragment_in_the_path_is_not_sent() {
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

/// The error is returned, and the attempt goes on without the change.
#[test]
fn a_change_that_does_not_fit_has_no_effect() {
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

/// Of a header line, the value fits or not, or only the line end does not.
#[test]
fn a_header_that_does_not_fit_is_too_long_whatever_its_value() {
    let refused = |len: usize, value: &str| {
        let value = format!("{}{value}", "x".repeat(len));
        let error = Cell::new(None);
        with_token()
            .before_connect(|_, draft| error.set(draft.add_header("X", &value).err()))
            .then(gone())
            .run_in::<128>();
        error.take()
    };
    let longest = 128 - "X: \r\n".len();
    assert_eq!(refused(longest, ""), None);
    for more in [1, 2, 3] {
        assert_eq!(refused(longest + more, ""), Some(InvalidDraft::TooLong));
    }
    assert_eq!(refused(200, "\0"), Some(InvalidDraft::TooLong));
    assert_eq!(refused(0, "\0"), Some(InvalidDraft::HeaderValue));
}

#[test]
fn a_last_event_id_may_have_the_length_of_the_memory_for_ids() {
    let refused = |len: usize| {
        let error = Cell::new(None);
        with_token()
            .before_connect(|_, draft| {
                error.set(draft.set_last_event_id(&"x".repeat(len)).err());
            })
            .then(gone())
            .run();
        error.take()
    };
    assert_eq!(refused(64), None);
    assert_eq!(refused(65), Some(InvalidDraft::TooLong));
}

/// Lengths around the limit: a change is sent as a whole, or refused.
#[test]
fn changes_fit_up_to_the_last_byte_of_the_memory() {
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
            // Only look at the request: no head fits in the rest of the memory.
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
