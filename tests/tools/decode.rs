//! The example `decode`, between two pipes.

use std::io::Write;
use std::thread::spawn;

use crate::support::Tool;
use serde_json::{Value, json};

/// Runs it with this input, and returns its output.
fn decode(args: &[&str], input: &[u8]) -> Vec<Value> {
    let mut tool = Tool::run("decode", args);
    let mut stdin = tool.stdin();
    let input = input.to_vec();
    // In a thread, since a tool that does not read would block this write for ever.
    let writer = spawn(move || stdin.write_all(&input));
    let mut items = Vec::new();
    while let Some(line) = tool.line() {
        items.push(serde_json::from_str(&line).expect("it is JSON"));
    }
    let written = writer.join().expect("it does not panic");
    written.expect("it reads everything");
    assert_eq!(tool.exit(0), "");
    items
}

fn event(data: &str, id: &str) -> Value {
    json!({"kind": "event", "type": "message", "data": data, "id": id})
}

fn end(id: &str, retry: Option<u64>) -> Value {
    json!({"kind": "end", "id": id, "retry": retry})
}

#[test]
fn an_empty_input_has_only_an_end() {
    assert_eq!(decode(&[], b""), [end("", None)]);
}

#[test]
fn an_unfinished_event_is_dropped_with_its_id() {
    let input = b"id: 1\ndata: whole\n\nid: 2\nretry: 7\ndata: half\n";
    let want = [event("whole", "1"), end("1", Some(7))];
    assert_eq!(decode(&[], input), want);
}

#[test]
fn an_id_without_data_is_kept_and_an_empty_id_clears_it() {
    assert_eq!(decode(&[], b"id: 1\n\n"), [end("1", None)]);
    assert_eq!(decode(&[], b"id: 1\n\nid\n\n"), [end("", None)]);
}

#[test]
fn starts_with_the_given_id() {
    let args = ["--last-event-id", "41"];
    let input = b"data: a\n\nid: 42\ndata: b\n\n";
    let want = [event("a", "41"), event("b", "42"), end("42", None)];
    assert_eq!(decode(&args, input), want);
    assert_eq!(decode(&args, b""), [end("41", None)]);
}

#[test]
fn shows_comments_only_if_asked() {
    let input = b": one\n:\ndata: a\n:  two\n\n";
    let comment = |text| json!({"kind": "comment", "text": text});
    let want = [
        comment(" one"),
        comment(""),
        comment("  two"),
        event("a", ""),
        end("", None),
    ];
    assert_eq!(decode(&["--comments"], input), want);
    assert_eq!(decode(&[], input), want[3..]);
}

#[test]
fn shows_retry_only_if_asked() {
    let input = b"retry: 10\nretry: +5\nretry:\nretry: 20\n";
    let retry = |ms| json!({"kind": "retry", "ms": ms});
    let want = [retry(10), retry(20), end("", Some(20))];
    assert_eq!(decode(&["--retry"], input), want);
    assert_eq!(decode(&[], input), want[2..]);
}

#[test]
fn a_retry_beyond_64_bits_saturates() {
    let input = b"retry: 99999999999999999999999\n";
    assert_eq!(decode(&[], input), [end("", Some(u64::MAX))]);
}

/// The input contains everything that could depend on the cuts: BOM, line ends, characters, field names.
#[test]
fn cuts_change_nothing() {
    let input = b"\xEF\xBB\xBF: hi\r\nevent: \xC3\xA4\r\ndata: a\xF0\x9F\x98\x80b\r\ndata\r\n\r\n\
        id: 1\rdata:  two\r\rid: 2\ndata: bad \xF0\x9F\n\nretry: 5\n\nevents: no\ndata: c\n\n";
    let want = [
        json!({"kind": "comment", "text": " hi"}),
        json!({"kind": "event", "type": "ä", "data": "a😀b\n", "id": ""}),
        event(" two", "1"),
        event("bad \u{FFFD}", "2"),
        json!({"kind": "retry", "ms": 5}),
        event("c", "2"),
        end("2", Some(5)),
    ];
    let show = ["--comments", "--retry"];
    assert_eq!(decode(&show, input), want);
    for chunk in ["0", "1", "2", "3", "7", "1000000"] {
        let args = [&show[..], &["--chunk", chunk]].concat();
        assert_eq!(decode(&args, input), want, "--chunk {chunk}");
    }
}

#[test]
fn shows_items_before_the_end_of_the_input() {
    // In each case the chunk ends with the event, so no further byte is needed.
    for args in [&[][..], &["--chunk", "1"], &["--chunk", "9"]] {
        let mut tool = Tool::run("decode", args);
        let mut stdin = tool.stdin();
        for _ in 0..2 {
            stdin.write_all(b"data: a\n\n").expect("it reads");
            tool.expect(event("a", ""));
        }
        // A CR ends a line at once.
        stdin.write_all(b"data: b\r\r").expect("it reads");
        tool.expect(event("b", ""));
        drop(stdin);
        tool.expect(end("", None));
        assert_eq!(tool.expect_exit(0), "");
    }
}

#[test]
fn an_event_of_16_mib_fits_and_a_longer_one_does_not() {
    const MOST: usize = 16 << 20;
    let long = |len: usize| format!("id: {len}\ndata: {}\n\n", "x".repeat(len));
    let input = [&long(MOST)[..], &long(MOST + 1), "data: next\n\n"].concat();
    let last = (MOST + 1).to_string();
    // In one push or in several.
    for args in [&[][..], &["--chunk", "0"]] {
        let items = decode(args, input.as_bytes());
        assert_eq!(items.len(), 4);
        assert_eq!(items[0]["data"].as_str().map(str::len), Some(MOST));
        assert_eq!(items[1], json!({"kind": "too_long"}));
        assert_eq!(items[2], event("next", &last));
        assert_eq!(items[3], end(&last, None));
    }
}

/// Also for a terminal, and for a reader that splits lines at Unicode's line ends.
#[test]
fn a_line_is_a_line_for_every_reader() {
    let odd: String = ('\u{7f}'..='\u{9f}')
        .chain("\u{1}\u{8}\u{b}\u{c}\u{1b}\u{61c}\u{200e}\u{200f}".chars())
        .chain('\u{2028}'..='\u{202e}')
        .chain('\u{2066}'..='\u{2069}')
        .collect();
    let mut tool = Tool::run("decode", &["--comments"]);
    let mut stdin = tool.stdin();
    write!(stdin, ":{odd}\nid: {odd}\nevent: {odd}\ndata: ü{odd}\n\n").unwrap();
    drop(stdin);
    for want in [
        json!({"kind": "comment", "text": odd}),
        json!({"kind": "event", "type": odd, "data": format!("ü{odd}"), "id": odd}),
        end(&odd, None),
    ] {
        let line = tool.line().unwrap();
        assert!(!line.contains(|c| odd.contains(c)), "{line:?}");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), want);
    }
    assert_eq!(tool.expect_exit(0), "");
}

#[test]
fn refuses_bad_usage_and_says_why() {
    let cases: &[(&[&str], &str)] = &[
        (&["--unknown"], "--unknown"),
        (&["file.txt"], "file.txt"),
        (&["--chunk"], "--chunk"),
        (&["--chunk", "x"], "x"),
        (
            &["--chunk", "-1"],
            "--chunk \"-1\" is not an integer from 0 to ",
        ),
        (&["--last-event-id", "a\nb"], "last event ID"),
    ];
    for (args, word) in cases {
        let stderr = Tool::run("decode", args).expect_exit(2);
        let message = stderr.lines().next().unwrap_or_default();
        assert!(message.starts_with("error: "), "{args:?}: {stderr}");
        assert!(message.contains(word), "{args:?}: {stderr}");
        assert!(stderr.contains("usage: decode"), "{args:?}: {stderr}");
    }
}
