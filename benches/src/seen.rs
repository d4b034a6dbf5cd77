//! The events that a decoder has found.

use std::hash::{DefaultHasher, Hasher};
use std::hint::black_box;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub events: usize,
    pub bytes: usize,
    hash: Option<u64>,
}

impl Seen {
    /// Hashes each byte, to check a decoder. The default only adds up lengths, for measurements.
    pub fn checking() -> Self {
        Self {
            hash: Some(0),
            ..Self::default()
        }
    }

    #[inline]
    pub fn event(&mut self, event_type: &str, data: &str) {
        self.events += 1;
        self.bytes += data.len();
        black_box((event_type.as_ptr(), data.as_ptr()));
        if let Some(hash) = self.hash {
            let mut hasher = DefaultHasher::new();
            hasher.write_u64(hash);
            for text in [event_type, data] {
                hasher.write(text.as_bytes());
                hasher.write_u8(0xFF);
            }
            self.hash = Some(hasher.finish());
        }
    }
}
