//! What the programs share: connections, a random seed, error messages, and text that is safe to print.

mod net;

use std::error::Error;
use std::fmt::Display;
use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;

use embedded_sse::{Head, Stop};

pub use net::Net;

/// A random seed, so that many clients do not all reconnect at the same moment.
pub fn seed() -> u32 {
    RandomState::new().hash_one(()) as u32
}

/// Escapes the characters with which a server could change what the terminal shows: control characters,
/// which begin escape sequences, line ends, which forge lines, and those that change the direction of
/// text. A tab stays.
pub fn printable(text: impl Display) -> String {
    escape(text, |c| c == '\t')
}

/// As [`printable`], but line ends stay, too. For a text of several lines that stands alone.
pub fn printable_lines(text: impl Display) -> String {
    escape(text, |c| c == '\t' || c == '\n')
}

fn escape(text: impl Display, stays: fn(char) -> bool) -> String {
    let mut escaped = String::new();
    for c in text.to_string().chars() {
        match is_unsafe(c) && !stays(c) {
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

/// Says why a source has stopped, with the first bytes of the response that stopped it. They may be
/// any text: [`run`] escapes it.
pub fn refusal(stop: Stop, response: Option<(Head<'_>, &[u8])>) -> Box<dyn Error> {
    match response {
        Some((_, body)) => format!("{stop}: {}", String::from_utf8_lossy(body).trim_end()).into(),
        None => stop.into(),
    }
}

/// Runs a program. Prints its error on one line that is safe to print; `main` itself would print the
/// `Debug` form.
pub fn run(program: fn() -> Result<(), Box<dyn Error>>) -> ExitCode {
    match program() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", printable(error));
            ExitCode::FAILURE
        }
    }
}
