//! What the benches share: the streams that are decoded, and what must come out.

pub mod inputs;
pub mod seen;
