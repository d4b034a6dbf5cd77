//! The world, and the network of scripted transports.

mod keys;
mod socket;
mod world;

pub use keys::pins;
pub use socket::Socket;
pub use world::{Endless, World};
