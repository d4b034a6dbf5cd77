//! The tests of the crate, in one program: each test program more would be linked once more.

mod blocking;
mod budget;
mod cancel;
mod decoder;
mod draft;
mod encoder;
mod exhaustive;
mod features;
mod fleet;
mod guarantees;
mod hooks;
mod hosts;
mod http;
mod io;
mod json;
mod model;
mod no_panic;
mod pieces;
mod reconnect;
mod script;
mod session;
mod source;
mod stream;
mod url;
