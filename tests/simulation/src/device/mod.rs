//! The device: its flash, its application, and the bugs of the control.

mod app;
mod bug;
mod ear;
mod flash;

pub use app::{App, CHUNK, DATA, Interruption, META, Reaction, Source};
pub use bug::Bug;
pub use ear::Ear;
