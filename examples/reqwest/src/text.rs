//! Errors as text for the terminal.

use std::error::Error;
use std::fmt::Display;

/// An error with its sources, since reqwest's errors tell the reason only there. The result is safe to
/// print: an error may contain a text of the server, such as the reason phrase beside a status.
pub fn with_sources(error: &dyn Error) -> String {
    let text = printable(error);
    match error.source() {
        Some(source) => format!("{text}: {}", with_sources(source)),
        None => text,
    }
}

/// Escapes the characters with which a server could change what the terminal shows: control characters,
/// which begin escape sequences, line ends, which forge lines, and those that change the direction of
/// text.
fn printable(text: impl Display) -> String {
    let mut escaped = String::new();
    for c in text.to_string().chars() {
        match is_unsafe(c) {
            true => escaped.extend(c.escape_default()),
            false => escaped.push(c),
        }
    }
    escaped
}

/// Whether it is a control character, a Unicode line end, or a character that changes the direction of
/// the text around it.
fn is_unsafe(c: char) -> bool {
    let is_line_end = matches!(c, '\u{2028}' | '\u{2029}');
    let is_bidi_control = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    c.is_control() || is_line_end || is_bidi_control
}
