//! What `decode` and `tail` share: their memory, their JSON, and how they end on bad usage.

use std::io::Write as _;
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::Mutex;
use std::time::Duration;

use embedded_sse::{Decoder, Item};
use lexopt::ValueExt as _;
use serde_json::{Value, json};

/// An event of up to 16 MiB, with an ID and a type of up to 1 MiB.
pub type Memory = Decoder<{ 16 << 20 }, { 1 << 20 }>;

/// A `static`, as it would overflow the stack. It is all zero, so it takes no room in the program
/// and only the pages that are used take memory.
pub static MEMORY: Mutex<Memory> = Mutex::new(Decoder::new());

/// The line of JSON that tells an item.
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

/// JSON on one line, which says nothing to a terminal: the control characters that JSON would let
/// pass are escaped too.
pub fn line(json: &Value) -> String {
    let mut line = json.to_string();
    if line.contains(is_control) {
        let escape = |c: char| match is_control(c) {
            true => format!("\\u{:04x}", u32::from(c)),
            false => c.into(),
        };
        line = line.chars().map(escape).collect();
    }
    line
}

fn is_control(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}')
}

/// Whole milliseconds, as far as 64 bits go.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The number that belongs to an option; what is wrong with it is said with the option's name.
pub fn number<T: FromStr<Err = ParseIntError>>(
    args: &mut lexopt::Parser,
    option: &str,
) -> Result<T, lexopt::Error> {
    let value = args.value()?.string()?;
    let number = value.parse();
    number.map_err(|error| format!("--{option} {value:?}: {error}").into())
}

/// Says how it is used, and ends well, also where nobody reads it to the end.
pub fn help(usage: &str) -> ! {
    let _ = std::io::stdout().write_all(usage.as_bytes());
    std::process::exit(0);
}

/// Says what is wrong and how it is used, and ends with status 2.
pub fn bad_usage(problem: impl std::fmt::Display, usage: &str) -> ! {
    let usage = usage.lines().next().unwrap_or_default();
    eprintln!("error: {problem}\n{usage}\n(--help tells more)");
    std::process::exit(2);
}
