//! The grammar of JSON (RFC 8259). Each function skips the token that it is named after and returns
//! the rest, or `None` if the token is not there.

/// Skips a value with everything in it. It does not recurse, so a server cannot exhaust the stack
/// with deeply nested fields that the type does not contain.
pub(super) fn value(text: &[u8]) -> Option<&[u8]> {
    let mut open = Open::default();
    let mut text = open.begin(text)?;
    // Each iteration starts after a value, or at the first item of an array or object.
    while open.depth > 0 {
        text = match white(text) {
            [b',', rest @ ..] if !open.is_new => open.item(white(rest))?,
            [end @ (b'}' | b']'), rest @ ..] => {
                open.pop(*end == b'}')?;
                rest
            }
            first if open.is_new => open.item(first)?,
            _ => return None,
        };
    }
    Some(text)
}

/// The arrays and objects that are open.
#[derive(Default)]
struct Open {
    depth: usize,
    /// Whether the innermost one has no items yet.
    is_new: bool,
    /// Which of the innermost 64 are objects. The lowest bit is the innermost.
    objects: u64,
    /// How many of these bits are known. They are lost after leaving more than 64 levels.
    known: u32,
    /// Each `{` and `}` toggles the bit of its depth, modulo 64. All bits are 0 at the end if
    /// brackets match whose kind was forgotten.
    toggled: u64,
}

impl Open {
    /// Skips a scalar value, or the opening bracket of an array or object.
    fn begin<'t>(&mut self, text: &'t [u8]) -> Option<&'t [u8]> {
        self.is_new = false;
        match text {
            [bracket @ (b'{' | b'['), rest @ ..] => {
                self.push(*bracket == b'{');
                Some(rest)
            }
            [b'"', ..] => string(text),
            [b't', b'r', b'u', b'e', rest @ ..]
            | [b'f', b'a', b'l', b's', b'e', rest @ ..]
            | [b'n', b'u', b'l', b'l', rest @ ..] => Some(rest),
            _ => number(text),
        }
    }

    /// Skips the start of a value inside an array or object, including its key.
    fn item<'t>(&mut self, text: &'t [u8]) -> Option<&'t [u8]> {
        let value = match self.innermost() {
            Some(true) => key(text)?,
            Some(false) => text,
            // The kind was forgotten: assume what the item looks like. `toggled` detects a wrong
            // guess.
            None => {
                let value = key(text);
                self.known = 1;
                self.objects = value.is_some().into();
                value.unwrap_or(text)
            }
        };
        self.begin(value)
    }

    fn push(&mut self, is_object: bool) {
        self.depth += 1;
        self.is_new = true;
        self.objects = self.objects << 1 | u64::from(is_object);
        self.known = u64::BITS.min(self.known + 1);
        self.toggle(is_object);
    }

    fn pop(&mut self, is_object: bool) -> Option<()> {
        if self.innermost().is_some_and(|known| known != is_object) {
            return None;
        }
        self.toggle(is_object);
        self.depth -= 1;
        self.is_new = false;
        self.objects >>= 1;
        self.known = self.known.saturating_sub(1);
        (self.depth > 0 || self.toggled == 0).then_some(())
    }

    fn toggle(&mut self, is_object: bool) {
        self.toggled ^= u64::from(is_object) << (self.depth % 64);
    }

    /// Whether the innermost one is an object, if known.
    fn innermost(&self) -> Option<bool> {
        (self.known > 0).then_some(self.objects & 1 == 1)
    }
}

/// Skips a key, its colon, and the white space after it.
pub(super) fn key(text: &[u8]) -> Option<&[u8]> {
    match white(string(text)?) {
        [b':', rest @ ..] => Some(white(rest)),
        _ => None,
    }
}

pub(super) fn string(text: &[u8]) -> Option<&[u8]> {
    let mut text = text.strip_prefix(b"\"")?;
    loop {
        text = match text {
            [b'"', rest @ ..] => return Some(rest),
            [
                b'\\',
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                rest @ ..,
            ] => rest,
            [b'\\', b'u', a, b, c, d, rest @ ..]
                if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
            {
                rest
            }
            [b'\\', ..] | [0..=0x1F, ..] | [] => return None,
            [_, rest @ ..] => rest,
        }
    }
}

pub(super) fn number(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let mut text = match text {
        [b'0', rest @ ..] => rest,
        _ => digits(text)?,
    };
    if let [b'.', rest @ ..] = text {
        text = digits(rest)?;
    }
    if let [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] = text {
        text = digits(rest)?;
    }
    Some(text)
}

/// At least one digit.
fn digits(text: &[u8]) -> Option<&[u8]> {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.get(len..).filter(|_| len > 0)
}

/// Any amount of white space, including none.
pub(super) fn white(text: &[u8]) -> &[u8] {
    let is_white = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let len = text.iter().take_while(is_white).count();
    text.get(len..).unwrap_or_default()
}
