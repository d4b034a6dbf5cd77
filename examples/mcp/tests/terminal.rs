//! The program prints no text of a server that a terminal would interpret.

#[expect(dead_code, reason = "another test uses the rest")]
mod server;

use std::process::Command;

use serde_json::json;
use server::{Server, has_handled, open_stream, send, send_json};

/// Sets the title of the terminal, clears the screen by an 8-bit control character, forges a line,
/// overwrites its beginning, and reverses the text after it.
const HOSTILE: &str = "\u{1b}]0;title\u{7}\u{9b}2J\u{7f}\nforged\u{2028}forged\rforged\u{202e}\u{2066}\u{200f}\u{61c}";

/// The standard output and the standard error of a call of a tool.
fn run(server: &Server) -> [String; 2] {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp"));
    let output = command.args(["tool", "{}", &server.url]).output().unwrap();
    [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap())
}

fn is_unsafe(c: char) -> bool {
    let is_control = c.is_control() && c != '\n';
    is_control
        || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}".contains(c)
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn control_characters_and_forged_lines_are_escaped() {
    let cases = [
        // The server's name and the result.
        Server::start(|received, tcp| match received.summary().as_str() {
            "POST initialize" => {
                let info = json!({"name": HOSTILE});
                let result = json!({"protocolVersion": "2025-11-25", "serverInfo": info});
                send_json(tcp, &received.result(result));
            }
            "POST tools/call" => send_json(tcp, &received.result(json!({HOSTILE: HOSTILE}))),
            _ => _ = has_handled(received, tcp),
        }),
        // An unknown version.
        Server::start(|received, tcp| {
            send_json(tcp, &received.result(json!({"protocolVersion": HOSTILE})));
        }),
        // A page that refuses.
        Server::start(|received, tcp| {
            if !has_handled(received, tcp) {
                send(tcp, "400 Bad Request", "", HOSTILE);
            }
        }),
        // A method, its parameters, and a response that is an error.
        Server::start(|received, tcp| {
            if has_handled(received, tcp) {
                return;
            }
            let notification = json!({"method": HOSTILE, "params": {HOSTILE: HOSTILE}});
            let error = json!({"code": HOSTILE, "message": HOSTILE});
            let response = json!({"id": received.message["id"], "error": error});
            open_stream(
                tcp,
                &format!("data: {notification}\n\ndata: {response}\n\n"),
            );
        }),
        // A request whose response the server does not take.
        Server::start(|received, tcp| {
            if has_handled(received, tcp) {
                return;
            }
            if received.message["method"].is_null() {
                return send(tcp, "400 Bad Request", "", HOSTILE);
            }
            let request = json!({"id": HOSTILE, "method": HOSTILE});
            let response = received.result(json!({}));
            open_stream(tcp, &format!("data: {request}\n\ndata: {response}\n\n"));
        }),
    ];
    for (number, server) in cases.iter().enumerate() {
        let texts = run(server);
        for text in &texts {
            assert!(!text.contains(is_unsafe), "{number}: {text:?}");
            let mut lines = text.lines();
            assert!(
                !lines.any(|line| line.starts_with("forged")),
                "{number}: {text:?}"
            );
        }
        // Each shows the text.
        assert!(texts.concat().contains("202e"), "{number}: {texts:?}");
    }
}

#[test]
fn the_result_stays_json() {
    let server = Server::start(|received, tcp| {
        if !has_handled(received, tcp) {
            send_json(tcp, &received.result(json!({"text": HOSTILE})));
        }
    });
    let [output, _] = run(&server);
    let result: serde_json::Value = serde_json::from_str(&output).unwrap();
    assert_eq!(result, json!({"text": HOSTILE}));
    assert!(output.lines().count() > 1, "{output:?}");
}
