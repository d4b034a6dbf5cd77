//! Code that `decode` and `tail` share: memory, JSON output, and usage errors.

use std::io::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use embedded_sse::{Decoder, Item};
use lexopt::ValueExt as _;
use serde_json::{Value, json};

/// An event of up to 16 MiB, with an ID and a type of up to 1 MiB.
pub type Memory = Decoder<{ 16 << 20 }, { 1 << 20 }>;

/// A `static`, because it would overflow the stack. It is all zero, so it takes no room in the program
/// and only the pages that are used take memory.
pub static MEMORY: Mutex<Memory> = Mutex::new(Decoder::new());

/// Converts an item to JSON.
pub fn to_json(item: &Item<'_>) -> Value {
    match item {
        Item::Open(head) => json!({"kind": "open", "status": head.status()}),
        Item::Event(event) => json!({
            "kind": "event",
            "type": event.event_type,
            "data": event.data,
            "id": event.last_event_id,
        }),
        Item::Comment(text) => json!({"kind": "comment", "text": text}),
        Item::Retry(time) => json!({"kind": "retry", "ms": millis(*time)}),
        Item::TooLong(_) => json!({"kind": "too_long"}),
        _ => json!({"kind": "unknown"}),
    }
}

/// Writes JSON on one line that is safe to print on a terminal. Characters that [`is_unsafe`] finds are
/// escaped too, although JSON allows them.
pub fn line(json: &Value) -> String {
    let mut line = json.to_string();
    if line.contains(is_unsafe) {
        let escape = |c: char| match is_unsafe(c) {
            // All of them are below U+10000, so four digits are enough.
            true => format!("\\u{:04x}", u32::from(c)),
            false => c.into(),
        };
        line = line.chars().map(escape).collect();
    }
    line
}

/// Whether it is a control character, a Unicode line end, or a character that changes the direction of
/// the text around it.
pub fn is_unsafe(c: char) -> bool {
    let is_line_end = matches!(c, '\u{2028}' | '\u{2029}');
    let is_bidi_control = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    c.is_control() || is_line_end || is_bidi_control
}

/// Whole milliseconds, saturating at 64 bits.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The value of an option that takes a number. `T` is an unsigned type.
pub fn number<T: TryFrom<u64>>(
    args: &mut lexopt::Parser,
    option: &str,
) -> Result<T, lexopt::Error> {
    let value = args.value()?.string()?;
    integer(option, &value).map_err(lexopt::Error::from)
}

/// The number in a text. The error names the option and what it takes.
pub fn integer<T: TryFrom<u64>>(option: &str, value: &str) -> Result<T, String> {
    let most = u64::MAX >> (u64::BITS - 8 * size_of::<T>() as u32);
    let number = value.parse::<u64>().ok();
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| format!("--{option} {value:?} is not an integer from 0 to {most}"))
}

/// Prints the help and exits with status 0, even if the reader closes the pipe.
pub fn help(usage: &str) -> ! {
    let _ = std::io::stdout().write_all(usage.as_bytes());
    std::process::exit(0);
}

/// Prints the problem and the usage, and exits with status 2.
pub fn bad_usage(problem: impl std::fmt::Display, usage: &str) -> ! {
    let usage = usage.lines().next().unwrap_or_default();
    eprintln!("error: {problem}\n{usage}\n(--help tells more)");
    std::process::exit(2);
}
