//! The tests of the library, in one program, because every further program would have to be linked too.

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
mod reconnect;
mod script;
mod session;
mod source;
mod stream;
mod url;
