// As doctests, its programs need these features, which `cargo test` alone does not enable.
#![cfg_attr(
    any(not(doctest), all(feature = "embassy-net", feature = "defmt")),
    doc = include_str!("../README.md")
)]
#![no_std]
// docs.rs marks what needs a feature; this needs a nightly compiler.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(missing_debug_implementations)]

#[cfg(feature = "stream")]
extern crate alloc;
#[cfg(any(test, feature = "std", feature = "tokio"))]
extern crate std;

#[cfg(feature = "embedded-io")]
pub mod blocking;
mod budget;
mod buffer;
mod bytes;
mod calendar;
mod decoder;
#[cfg(feature = "embassy-net")]
pub mod embassy;
mod encoder;
mod event;
pub mod hooks;
mod http;
#[cfg(feature = "embedded-io-async")]
pub mod io;
mod item;
#[cfg(feature = "json")]
mod json;
mod policy;
mod reconnect;
mod source;
#[cfg(feature = "std")]
pub mod std_net;
mod step;
#[cfg(feature = "stream")]
pub mod stream;
#[cfg(any(feature = "std", feature = "tokio"))]
mod tcp;
mod time;
#[cfg(feature = "embedded-tls-019")]
pub mod tls;
#[cfg(feature = "tokio")]
pub mod tokio_net;
mod url;
mod utf8;

pub use budget::Budget;
pub use decoder::{Decoder, InvalidId};
pub use encoder::{Encoded, InvalidOutgoing, Outgoing};
pub use event::{Event, TooLong};
pub use http::{
    Draft, Head, InvalidChunk, InvalidDraft, InvalidHead, InvalidRedirect, InvalidRequest, Request,
    Verdict,
};
pub use item::Item;
#[cfg(feature = "json")]
pub use json::InvalidJson;
pub use policy::Policy;
pub use reconnect::{Loss, Reconnect};
pub use source::EventSource;
pub use step::{LossCause, Step, Stop, StopReason, Wait};
pub use url::{InvalidUrl, Origin, Scheme, Url};

// The programs in `docs` are tested, too.
#[cfg(all(doctest, feature = "embassy-net", feature = "embedded-io"))]
#[doc = include_str!("../docs/cookbook.md")]
struct Cookbook;

#[cfg(all(doctest, feature = "embassy-net", feature = "embedded-io"))]
#[doc = include_str!("../docs/sizing.md")]
struct Sizing;

#[cfg(all(doctest, feature = "std", feature = "stream", feature = "tokio"))]
#[doc = include_str!("../docs/hosts.md")]
struct Hosts;

#[cfg(all(doctest, feature = "embassy-net", feature = "embedded-tls-019"))]
#[doc = include_str!("../docs/https.md")]
struct Https;
