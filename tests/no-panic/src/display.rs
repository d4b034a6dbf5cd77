use core::fmt::{self, Display, Write};
use core::hint::black_box;

/// Formats the value and drops the text.
pub fn display(value: impl Display) {
    let _ = write!(Nobody, "{value}");
}

struct Nobody;

impl Write for Nobody {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if black_box(text).is_empty() {
            return Err(fmt::Error);
        }
        Ok(())
    }
}
