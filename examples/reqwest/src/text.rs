//! Errors as text for the terminal.

use std::error::Error;
use std::fmt::Display;

/// An error with its sources, since reqwest's errors tell the reason only there. The result is safe to
/// print: an error may contain a text of the server, such as the names in its certificate.
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

#[cfg(test)]
mod tests {
    use std::io;

    use super::with_sources;

    #[test]
    fn an_error_and_its_sources_are_escaped() {
        let source = io::Error::other("not a\u{202e}\u{9b}2J\nforged\u{2028}\u{61c}");
        let text = "no \\u{1b}: not a\\u{202e}\\u{9b}2J\\nforged\\u{2028}\\u{61c}";
        assert_eq!(with_sources(&Outer(source)), text);
    }

    #[derive(Debug)]
    struct Outer(io::Error);

    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("no \u{1b}")
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
}
