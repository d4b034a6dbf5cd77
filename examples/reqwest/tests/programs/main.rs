//! The programs against a server on this computer.

mod bodies;
mod follow;
mod resume;
mod server;
