//! Shared by the benchmarks: the streams, their events, and the description of the machine.

pub mod inputs;
pub mod machine;
pub mod seen;
