//! The programs against a server on this computer.

mod follow;
mod resume;
mod server;
