//! Items as JSON.

use core::fmt::{self, Display, Formatter, Write};

use embedded_sse::{Item, Stop};

pub fn print(item: &Item<'_>) {
    match item {
        Item::Open(head) => line(format_args!(r#""open","status":{}"#, head.status())),
        Item::Event(event) => line(format_args!(
            r#""event","type":{},"data":{},"id":{}"#,
            Json(event.event_type),
            Json(event.data),
            Json(event.last_event_id),
        )),
        Item::Lost(wait) => line(format_args!(
            r#""lost","cause":"{:?}","ms":{}"#,
            wait.cause,
            wait.delay.as_millis(),
        )),
        Item::TooLong(part) => line(format_args!(r#""too long","part":"{part:?}""#)),
        // The loop returns it too, and one that the application asked for.
        Item::Stopped(_) => {}
        _ => line(format_args!(r#""other""#)),
    }
}

pub fn print_stop(stop: Stop) {
    line(format_args!(r#""stopped","reason":"{:?}""#, stop.reason));
}

/// Prints an object whose kind, and whatever follows it, is given.
pub fn line(rest: fmt::Arguments<'_>) {
    let mut line = Line {
        bytes: [0; 256],
        len: 0,
    };
    // `Line` takes all.
    let _written = writeln!(line, r#"{{"kind":{rest}}}"#);
    line.flush();
}

/// Puts bytes together: each word to the host stops the machine.
struct Line {
    bytes: [u8; 256],
    len: usize,
}

impl Line {
    fn flush(&mut self) {
        board::put(&self.bytes[..self.len]);
        self.len = 0;
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if self.len == self.bytes.len() {
                self.flush();
            }
            self.bytes[self.len] = byte;
            self.len += 1;
        }
        Ok(())
    }
}

/// A text as JSON has it.
struct Json<'a>(&'a str);

impl Display for Json<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for char in self.0.chars() {
            match char {
                '"' | '\\' => write!(f, "\\{char}")?,
                '\0'..' ' => write!(f, "\\u{:04x}", u32::from(char))?,
                _ => f.write_char(char)?,
            }
        }
        f.write_char('"')
    }
}
