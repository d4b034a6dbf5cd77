//! As much HTTP/1.1 as an event stream needs: [`Request`] out, [`Head`] and body in.

mod body;
mod draft;
mod head;
mod redirect;
mod request;

pub(crate) use body::Body;
pub use body::InvalidChunk;
pub use draft::{Draft, InvalidDraft};
pub use head::{Head, InvalidHead, Verdict, default_verdict};
pub(crate) use head::{body_of, parse, read_head, unfold};
pub use redirect::RedirectError;
pub(crate) use redirect::follow;
pub use request::{InvalidRequest, Request};
pub(crate) use request::{Sent, is_field_value, sent_id, write};
