//! What the programs do not print: what a terminal would interpret, and secrets in the URL.

use std::net::TcpListener;

use crate::server::Answer::Close;
use crate::server::{complete, cut, run, serve, status, text};

const PROGRAMS: [&str; 2] = [env!("CARGO_BIN_EXE_follow"), env!("CARGO_BIN_EXE_resume")];

/// Sets the title of the terminal, clears the screen by an 8-bit control character, overwrites the
/// line, and reverses the text after it. Without the line ends that an event stream does not have.
const HOSTILE: &str = "\u{1b}]0;title\u{7}\u{9b}2J\u{7f}\u{2028}\u{202e}\u{2066}\u{200f}\u{61c}";

fn is_unsafe(c: char) -> bool {
    let is_control = c.is_control() && c != '\n';
    is_control
        || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}".contains(c)
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn events_are_escaped() {
    let event = format!("event: {HOSTILE}\ndata: {HOSTILE}\ndata: forged\n\n");
    for program in PROGRAMS {
        let answers = [complete(&event), status("204 No Content", "")];
        let (url, _requests) = serve(answers.map(Close));
        let output = run(program, &[&url]);
        let printed = text(&output.stdout);
        assert!(!printed.contains(is_unsafe), "{printed:?}");
        assert_eq!(printed.lines().count(), 1, "{printed:?}");
        assert_eq!(printed.matches("202e").count(), 2, "{printed:?}");
    }
}

#[test]
fn errors_do_not_contain_the_url() {
    let secret = "secret-in-the-query";
    let refused = status("404 Not Found", "");
    let redirect = "Location: ftp://127.0.0.1/secret-in-the-query\r\n";
    let redirected = status("302 Found", redirect);
    for program in PROGRAMS {
        for answer in [&refused, &redirected, &cut("data: a"), "nonsense\r\n\r\n"] {
            let answers = [answer.to_owned(), status("404 Not Found", "")];
            let (url, _requests) = serve(answers.map(Close));
            let output = run(program, &[&format!("{url}?token={secret}")]);
            let printed = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{printed}");
            assert!(!printed.contains(secret), "{printed}");
            assert_ne!(printed, "");
        }
        let url = format!("ftp://127.0.0.1/?token={secret}");
        let output = run(program, &[&url]);
        assert_eq!(output.status.code(), Some(1));
        let printed = text(&output.stderr);
        assert!(!printed.contains(secret), "{printed}");
    }
    // No server at all. `resume` would try for ever.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/?token={secret}", listener.local_addr().unwrap());
    drop(listener);
    let output = run(PROGRAMS[0], &[&url]);
    let printed = text(&output.stderr);
    assert!(
        !printed.contains(secret) && printed.contains("refused"),
        "{printed}"
    );
}
