//! The programs against a server on this computer.

mod bodies;
mod follow;
mod page;
mod resume;
mod secrets;
mod server;
