#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod bounded;
mod decoder;
mod event;
pub mod http;
mod reconnect;
mod source;
mod step;
mod url;
mod utf8;

pub use decoder::{Decoder, InvalidId};
pub use event::{Event, Item, TooLong};
pub use http::{Head, InvalidRequest, Request, Verdict};
pub use reconnect::{Loss, Policy, Reconnect};
pub use source::EventSource;
pub use step::{Cause, Reason, Step, Stop, Wait};
pub use url::{InvalidUrl, Origin, Scheme, Url};
