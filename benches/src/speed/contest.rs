//! What is measured: functions from pushes to events.

use embedded_sse_benches::seen::Seen;

/// The bytes are static, so that no decoder has to copy them.
pub type Pushes = &'static [&'static [u8]];

pub struct Subject {
    pub name: &'static str,
    pub run: fn(Pushes, &mut Seen),
}

/// A decoder, or another function, that is measured.
pub struct Contest {
    pub ours: Subject,
    pub peers: &'static [Subject],
}
