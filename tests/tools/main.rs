//! Tests of the example programs, which run as processes.

mod decode;
mod minimal;
mod reboot;
mod server;
mod support;
mod tail;
mod tokio;
mod typed;
