//! Text that is safe to print on a terminal.

use std::fmt::{Display, Write};

/// Escapes the characters with which a server could change what the terminal shows, in the way of JSON:
/// control characters, which begin escape sequences, line ends, which forge lines, and those that change
/// the direction of text.
pub fn printable(text: impl Display) -> String {
    let mut escaped = String::new();
    for c in text.to_string().chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            // All of them are below U+10000, so four digits are enough.
            c if is_unsafe(c) => {
                let _ = write!(escaped, "\\u{:04x}", u32::from(c));
            }
            c => escaped.push(c),
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
