//! The part of HTTP/1.1 that an event stream needs: requests, response heads, body framing,
//! redirects.

mod body;
mod date;
mod draft;
mod grammar;
mod head;
mod read;
mod redirect;
mod request;
mod values;
mod verdict;
mod write;

pub use body::InvalidChunk;
pub(crate) use body::{Body, body_of};
pub use draft::{Draft, InvalidDraft};
pub(crate) use grammar::is_field_value;
pub use head::{Head, InvalidHead};
pub(crate) use head::{parse, unfold};
pub(crate) use read::HeadReader;
pub use redirect::InvalidRedirect;
pub(crate) use redirect::follow;
pub use request::{InvalidRequest, Request};
pub use verdict::Verdict;
pub(crate) use write::{Sent, sent_id, write};
