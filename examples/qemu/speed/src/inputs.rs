//! What is decoded: one event again and again.

pub const NAMES: [u8; 7] = *b"abcdefg";

/// So long is the longest: one event with a line of 64 KiB.
pub const MOST: usize = 0x1_0000 + 8;

/// How much there is of the others.
const ENOUGH: usize = 0x4000;

pub struct Input<'m> {
    pub bytes: &'m [u8],
    /// The length of one event.
    pub event: usize,
}

impl<'m> Input<'m> {
    /// Puts it together in this memory.
    pub fn of(name: u8, memory: &'m mut [u8; MOST]) -> Self {
        let mut text = Text { memory, len: 0 };
        match name {
            // As of OpenAI: 263 bytes, one line.
            b'a' => text.line(b"data: {\"id\":\"chatcmpl-", 261).put(b"\n\n"),
            // As of Anthropic: 120 bytes, with a type.
            b'b' => text
                .put(b"event: content_block_delta\n")
                .line(b"data: {\"type\":", 118 - 27)
                .put(b"\n\n"),
            // One long line.
            b'c' => text.line(b"data: ", 0x1_0000 + 6).put(b"\n\n"),
            // Many lines.
            b'd' => {
                for _ in 0..20 {
                    text.line(b"data: ", 80).put(b"\n");
                }
                text.put(b"\n")
            }
            // The shortest.
            b'e' => text.put(b"data:x\n\n"),
            // All the fields, and a comment.
            b'f' => text
                .put(b": a comment\nid: 1234567\nevent: update\nretry: 3000\n")
                .line(b"data: {\"state\":", 64)
                .put(b"\n\n"),
            // (a) with the other line ends.
            _ => text
                .line(b"data: {\"id\":\"chatcmpl-", 261)
                .put(b"\r\n\r\n"),
        };
        let event = text.len;
        let times = (ENOUGH / event).max(1);
        let Text { memory, .. } = text;
        for n in 1..times {
            memory.copy_within(..event, n * event);
        }
        Self {
            bytes: &memory[..times * event],
            event,
        }
    }

    pub fn events(&self) -> u32 {
        (self.bytes.len() / self.event) as u32
    }
}

struct Text<'m> {
    memory: &'m mut [u8; MOST],
    len: usize,
}

impl Text<'_> {
    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.memory[self.len..][..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
        self
    }

    /// So many bytes that begin with these, and have no line's end.
    fn line(&mut self, start: &[u8], len: usize) -> &mut Self {
        self.put(start);
        let rest = len - start.len();
        self.memory[self.len..][..rest].fill(b'x');
        self.len += rest;
        self
    }
}
