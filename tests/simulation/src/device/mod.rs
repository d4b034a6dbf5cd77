//! The device: its flash, its application, and the bugs of the control.

mod app;
mod bug;
mod ear;
mod flash;
mod tamper;

pub use app::{App, CHUNK, DATA, META, Reaction, Source};
pub use bug::BUGS;
pub use ear::Ear;
