//! Rules on the stream that have an effect across connections: id, control bytes, retry, bom, end of stream.

use super::HERE;
use crate::script::{Script, opens, refuses};

/// The `Last-Event-ID` of each request, if the responses have these bodies.
fn ids(bodies: &[&str]) -> Vec<Option<String>> {
    let mut script = Script::get(HERE);
    for body in bodies {
        script = script.then(opens(body).ends());
    }
    let log = script.run();
    let id = |request| log.header(request, "last-event-id").map(str::to_owned);
    (0..bodies.len()).map(id).collect()
}

fn some(id: &str) -> Option<String> {
    Some(id.to_owned())
}

#[test]
fn id_is_kept_over_streams_without_one_until_it_is_reset() {
    let bodies = ["id: abc\ndata\n\n", "data: x\n\n", "id\n\n", "data: x\n\n"];
    assert_eq!(ids(&bodies), [None, some("abc"), some("abc"), None]);
}

#[test]
fn id_without_an_event_counts() {
    assert_eq!(ids(&["id: 7\n\n", ""]), [None, some("7")]);
}

#[test]
fn id_of_an_unfinished_block_or_line_does_not_count() {
    for rest in ["id: 8\ndata: x\n", "id: 8\n", "id: 8"] {
        let body = format!("id: 7\n\n{rest}");
        assert_eq!(ids(&[&body, ""]), [None, some("7")]);
    }
}

#[test]
fn id_with_nul_is_ignored() {
    assert_eq!(ids(&["id: 7\n\nid: a\0b\n\n", ""]), [None, some("7")]);
}

#[test]
fn id_that_does_not_fit_leaves_the_old_one() {
    let body = format!("id: 7\n\nid: {}\ndata: x\n\n", "x".repeat(65));
    let script = Script::get(HERE).then(opens(body).ends());
    let log = script.then(refuses()).run();
    assert_eq!(log.told()[1], "too long: Id { len: 65 }");
    assert_eq!(log.last_event_id, "7");
}

#[test]
fn id_of_an_event_that_does_not_fit_counts() {
    let body = format!("id: 7\ndata: {}\n\n", "x".repeat(3000));
    assert_eq!(ids(&[&body, ""]), [None, some("7")]);
}

#[test]
fn id_is_the_start_value_of_the_next_stream() {
    let script = Script::get(HERE).last_event_id("seed");
    let log = script
        .then(opens("id\ndata: a\n\n").ends())
        .then(opens("data: b\n\nid: 3\ndata: c\n").ends())
        .run();
    assert_eq!(log.header(0, "last-event-id"), Some("seed"));
    assert_eq!(log.header(1, "last-event-id"), None);
    assert_eq!(log.last_event_id, "");
}

#[test]
fn id_beyond_ascii_is_sent_as_utf_8() {
    let log = Script::get(HERE)
        .last_event_id("\u{e9}")
        .then(opens("").ends())
        .run();
    assert_eq!(log.header(0, "last-event-id"), Some("\u{c3}\u{a9}"));
}

#[test]
fn control_bytes_in_an_id_omit_the_header_but_keep_the_id() {
    for id in [
        "a\u{1}b",
        "\u{7f}",
        "\u{1b}[0m",
        " a",
        "a ",
        "\ta",
        "a\u{b}",
    ] {
        let body = format!("id: {id}\ndata: x\n\n");
        let log = Script::get(HERE)
            .then(opens(body).ends())
            .then(opens("").ends())
            .run();
        assert_eq!(log.header(1, "last-event-id"), None);
        assert_eq!(log.last_event_id, id);
    }
}

#[test]
fn control_bytes_do_not_include_a_tab_inside_an_id() {
    assert_eq!(ids(&["id: a\tb\n\n", ""]), [None, some("a\tb")]);
}

#[test]
fn retry_takes_effect_on_its_line() {
    for body in ["retry: 700\n", "data: x\nretry: 700\n", "retry:700\n\n"] {
        let log = Script::get(HERE).then(opens(body).ends()).run();
        assert_eq!(log.delays, [700]);
    }
}

#[test]
fn retry_with_other_characters_than_digits_is_ignored() {
    for value in ["+700", " 700", "700 ", "", "7e2", "-1", "0x7", "700\u{660}"] {
        let body = format!("retry: {value}\n");
        let log = Script::get(HERE).then(opens(body).ends()).run();
        assert_eq!(log.delays, [3000], "{value}");
    }
    let unfinished = Script::get(HERE).then(opens("retry: 700").ends());
    assert_eq!(unfinished.run().delays, [3000]);
}

#[test]
fn retry_is_clamped_and_saturates() {
    for (value, delay) in [
        ("0", 500),
        ("499", 500),
        ("501", 501),
        ("3600000", 3_600_000),
        ("3600001", 3_600_000),
        ("18446744073709551616", 3_600_000),
        ("99999999999999999999999999999999999999", 3_600_000),
    ] {
        let body = format!("retry: {value}\n");
        let log = Script::get(HERE).then(opens(body).ends()).run();
        assert_eq!(log.delays, [delay], "{value}");
    }
}

#[test]
fn retry_stays_in_force_for_later_streams() {
    let log = Script::get(HERE)
        .then(opens("retry: 700\ndata: a\n\n").ends())
        .then(opens("data: b\n\n").ends())
        .run();
    assert_eq!(log.delays, [700, 700]);
}

#[test]
fn end_of_stream_drops_an_unfinished_block() {
    let log = Script::get(HERE)
        .then(opens("data: a\n\nid: 9\nevent: t\nretry: 800\ndata: b\n").ends())
        .then(opens("data: c\n\n").ends())
        .run();
    let told = log.told();
    assert_eq!(
        told[..4],
        ["open 200", "message: a", "lost End", "wait 800"]
    );
    assert_eq!(told[4..6], ["open 200", "message: c"]);
    assert_eq!(log.last_event_id, "");
}

#[test]
fn bom_is_dropped_from_each_stream() {
    let body = opens("\u{feff}data: a\n\n").ends();
    let log = Script::get(HERE).then(body.clone()).then(body).run();
    let events = log
        .told()
        .iter()
        .filter(|line| **line == "message: a")
        .count();
    assert_eq!(events, 2);
}

#[test]
fn lines_of_the_next_stream_are_not_joined_with_a_cr_of_the_old_one() {
    let log = Script::get(HERE)
        .shows_all()
        .then(opens("data: a\r\r").ends())
        .then(opens("\ndata: b\n\n").ends())
        .run();
    assert_eq!(log.told()[1], "message: a");
    assert_eq!(log.told()[5], "message: b");
}
