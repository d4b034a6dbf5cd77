//! The network of scripted transports.

mod socket;
mod world;

pub use socket::Socket;
pub use world::{Dial, World, name_of};
