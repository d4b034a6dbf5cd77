//! The command line, the help, and the demo.

use serde_json::Value;

use crate::support::Tool;

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
fn help_exits_with_status_0() {
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

/// Without a URL, `tail` follows its own demo server, and loses nothing.
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
