//! The model: simple, slow, and written from `tests/rules.md`, the public documentation and the RFCs.

mod body;
mod calls;
pub mod client;
mod http;
mod request;
pub mod response;
mod stream;
mod timer;
pub mod url;
