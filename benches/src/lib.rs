//! What the benches share: the streams that are decoded, what must come out, and on what machine.

pub mod inputs;
pub mod machine;
pub mod seen;
