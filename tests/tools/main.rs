//! The tests of the example programs, which run them as processes.

mod decode;
mod minimal;
mod reboot;
mod tail;
mod tokio;
mod typed;
