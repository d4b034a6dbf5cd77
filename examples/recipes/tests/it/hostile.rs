//! No program prints a server's text as it is: a terminal would interpret it.

use std::io;
use std::path::PathBuf;

use serde_json::json;

use crate::program::Program;
use crate::server::{Reply, Server};

/// Sets the title of the terminal, clears the screen by an 8-bit control character, forges a line,
/// overwrites its beginning, and reverses the text after it.
const HOSTILE: &str = "\u{1b}]0;title\u{7}\u{9b}2J\u{7f}\nforged\u{2028}forged\rforged\u{202e}\u{2066}\u{200f}\u{61c}";

/// What can stand in a field of an event stream, where a line end would end the field.
fn field() -> String {
    HOSTILE.replace(['\n', '\r'], "")
}

fn refuse(reply: Reply) -> io::Result<()> {
    reply.whole("403 Forbidden", "Content-Type: text/plain\r\n", HOSTILE)
}

/// Answers the first request with a stream that ends, and refuses the second.
fn send_then_refuse(events: &[String]) -> Server {
    let events = events.concat();
    Server::start(move |_, number, reply| match number {
        0 => {
            let mut stream = reply.stream("")?;
            stream.send(&events)?;
            stream.end()
        }
        _ => refuse(reply),
    })
}

fn data(data: impl ToString) -> String {
    format!("data: {}\n\n", data.to_string())
}

fn ntfy() -> Server {
    send_then_refuse(&[
        data(json!({"id": "a", "title": HOSTILE, "message": HOSTILE})),
        // The error of the JSON parser contains the text.
        data(json!({"id": 1, "title": {HOSTILE: 1}, "message": HOSTILE})),
        data(json!(HOSTILE)),
    ])
}

fn home_assistant() -> Server {
    let state = json!({"state": HOSTILE});
    // The program borrows this text, so it skips an event in which it has escapes.
    let entity = field().replace(['\u{1b}', '\u{7}'], "");
    let change = json!({"entity_id": entity, "old_state": state, "new_state": state});
    send_then_refuse(&[data(json!({"data": change})), data(json!(HOSTILE))])
}

fn mercure() -> Server {
    // The last ID is a header value, so the next request sends it, and the program looks for a gap.
    let event = format!("id: {0}\ndata: {0}\ndata: forged\n\nid: 1\n\n", field());
    let (first, second) = (event.clone(), event);
    Server::start(move |_, number, reply| match number {
        0 => {
            let mut stream = reply.stream("")?;
            stream.send(&first)?;
            stream.end()
        }
        1 => {
            // Without a line end, but with the control characters that a header may contain.
            let mut stream = reply.stream("Last-Event-ID: a\u{9b}2J\u{202e}\r\n")?;
            stream.send(&second)?;
            stream.end()
        }
        _ => refuse(reply),
    })
}

fn wikimedia() -> Server {
    let meta = json!({"domain": "example.org"});
    send_then_refuse(&[
        data(json!({"meta": meta, "wiki": "dewiki", "title": HOSTILE, "user": HOSTILE})),
        data(json!({"meta": HOSTILE})),
        format!("event: {0}\ndata: {0}\ndata: forged\n\n", field()),
    ])
}

fn firebase() -> Server {
    let put = json!({"path": HOSTILE, "data": {HOSTILE: HOSTILE}});
    let events = [
        format!("event: put\n{}", data(put)),
        format!("event: put\n{}", data(json!({"path": {HOSTILE: 1}}))),
        format!("event: auth_revoked\ndata: forged\n{}", data(field())),
    ];
    let (events, cancel) = (events.concat(), format!("event: cancel\n{}", data(field())));
    Server::start(move |_, number, reply| {
        let mut stream = reply.stream("")?;
        stream.send(if number == 0 { &events } else { &cancel })?;
        stream.hold()
    })
}

fn chunk() -> String {
    // A line end is not an attack on a program that prints one text.
    let text = HOSTILE.replace('\n', "");
    data(json!({"choices": [{"delta": {"content": text}}]}))
}

fn llm_with_error() -> Server {
    send_then_refuse(&[chunk(), data(json!({"error": {"message": HOSTILE}}))])
}

fn llm_refused() -> Server {
    Server::start(|_, _, reply| refuse(reply))
}

fn llm_refused_with_a_message() -> Server {
    let body = json!({"error": {"message": HOSTILE}}).to_string();
    Server::start(move |_, _, reply| reply.whole("400 Bad Request", "", &body))
}

#[test]
fn no_program_prints_control_characters_or_forged_lines_of_a_server() {
    let token = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("hostile-token");
    std::fs::write(&token, "token").expect("a file in the target directory");
    let token = token.to_str().expect("UTF-8");
    let llm = env!("CARGO_BIN_EXE_llm");
    let cases = [
        (env!("CARGO_BIN_EXE_ntfy"), ntfy(), &[][..]),
        (env!("CARGO_BIN_EXE_home_assistant"), home_assistant(), &[]),
        (env!("CARGO_BIN_EXE_mercure"), mercure(), &[]),
        (
            env!("CARGO_BIN_EXE_wikimedia"),
            wikimedia(),
            &["dewiki", "me"],
        ),
        (env!("CARGO_BIN_EXE_firebase"), firebase(), &[]),
        (llm, llm_with_error(), &["model", "prompt"]),
        (llm, llm_refused(), &["model", "prompt"]),
        (llm, llm_refused_with_a_message(), &["model", "prompt"]),
    ];
    // All at once, because each waits until it connects again.
    let running = cases.map(|(program, server, more)| {
        let url = server.url("/");
        let args = [&[&url[..]], more].concat();
        let variables = [("HA_TOKEN", "token"), ("FIREBASE_TOKEN_FILE", token)];
        (Program::start(program, &args, &variables), server, program)
    });
    for (running, server, program) in running {
        let (status, output, errors) = running.wait();
        assert_eq!(status, Some(1), "{program}: {errors}");
        for text in [&output, &errors] {
            assert!(!text.contains(is_harmful), "{program}: {text:?}");
            let mut lines = text.lines();
            assert!(
                !lines.any(|line| line.starts_with("forged")),
                "{program}: {text:?}"
            );
        }
        // The text is shown: in the error, and before that if there was a stream.
        assert!(errors.contains("\\u{202e}"), "{program}: {errors:?}");
        let is_refused = server.requests().len() == 1 && output.is_empty();
        assert!(
            is_refused || output.contains("\\u{202e}"),
            "{program}: {output:?}"
        );
    }
}

/// As the examples of the crate define it: apart from a line end.
fn is_harmful(c: char) -> bool {
    let is_control = c.is_control() && c != '\n';
    is_control
        || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}".contains(c)
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn an_answer_keeps_its_line_ends_and_tabs() {
    assert_eq!(recipes::printable_lines("a\n\tb\u{1b}"), "a\n\tb\\u{1b}");
    assert_eq!(recipes::printable("a\n\tb\u{1b}é"), "a\\n\tb\\u{1b}é");
}
