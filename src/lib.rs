#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

#[cfg(feature = "embedded-io")]
pub mod blocking;
mod budget;
mod buffer;
mod bytes;
mod decoder;
#[cfg(feature = "embassy-net")]
pub mod embassy;
mod encoder;
mod event;
pub mod http;
#[cfg(feature = "embedded-io-async")]
pub mod io;
#[cfg(feature = "json")]
mod json;
pub mod observe;
mod reconnect;
mod source;
mod step;
mod time;
mod url;
mod utf8;

pub use budget::Budget;
pub use decoder::{Decoder, InvalidId};
pub use encoder::{Encoded, InvalidOutgoing, Outgoing};
pub use event::{Event, Item, TooLong};
pub use http::{Head, InvalidRequest, Request, Verdict};
#[cfg(feature = "json")]
pub use json::InvalidJson;
pub use reconnect::{Loss, Policy, Reconnect};
pub use source::EventSource;
pub use step::{Cause, Reason, Step, Stop, Wait};
pub use url::{InvalidUrl, Origin, Scheme, Url};
