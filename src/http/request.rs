//! What to ask a server for.

use core::fmt;

use super::grammar::{is_field_value, is_framing, is_token};
use crate::bytes::is_one_of;
use crate::url::Url;

/// What to ask for.
///
/// ```
/// use embedded_sse::{Request, Url};
///
/// let url = Url::parse("http://192.168.1.2:8123/api/stream")?;
/// let request = Request {
///     headers: &[("Authorization", "Bearer abc")],
///     ..Request::get(url)
/// };
/// # let _ = request;
/// # Ok::<(), embedded_sse::InvalidUrl>(())
/// ```
///
/// The crate adds `Host`, `Accept: text/event-stream`, `Accept-Encoding: identity`,
/// `Cache-Control: no-cache` and, if the last event ID is not empty and is a legal header value,
/// `Last-Event-ID`. One of `headers` with such a name replaces it.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Where the event stream is.
    pub url: Url<'a>,
    /// The method, in capitals. `HEAD` and `CONNECT` are refused: their responses have no body.
    pub method: &'a str,
    /// More header fields: names and values. On a redirect to another origin, `Authorization`,
    /// `Proxy-Authorization`, `Cookie` and `Host` stay behind; nobody can know which others are
    /// secret. A `Last-Event-ID` here is sent for ever, whatever comes: give the ID to the decoder.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body, sent with its `Content-Length`. A `GET` with an empty body has none.
    pub body: &'a [u8],
    /// Whether a request with another method than `GET` may be sent again after a loss. If not, a
    /// loss stops the source once a byte of the request was written: the server may already have
    /// done what it was asked to do.
    pub repeatable: bool,
    /// How many redirects are followed in a row.
    pub max_redirects: u8,
}

impl<'a> Request<'a> {
    /// A `GET` with no further headers, that follows 20 redirects as browsers do.
    pub const fn get(url: Url<'a>) -> Self {
        Self {
            url,
            method: "GET",
            headers: &[],
            body: &[],
            repeatable: false,
            max_redirects: 20,
        }
    }

    /// A `POST`, which is not sent again after a loss unless
    /// [`repeatable`](Self::repeatable) says so.
    pub const fn post(url: Url<'a>, body: &'a [u8]) -> Self {
        Self {
            method: "POST",
            body,
            ..Self::get(url)
        }
    }

    pub(crate) fn is_repeatable(&self) -> bool {
        self.method == "GET" || self.repeatable
    }

    pub(crate) fn check(&self) -> Result<(), InvalidRequest> {
        if !is_token(self.method.as_bytes()) {
            return Err(InvalidRequest::Method);
        }
        if is_one_of(self.method, &["HEAD", "CONNECT"]) {
            return Err(InvalidRequest::NoBody);
        }
        for (index, (name, value)) in self.headers.iter().enumerate() {
            if !is_token(name.as_bytes()) {
                return Err(InvalidRequest::HeaderName { index });
            }
            if !is_field_value(value) {
                return Err(InvalidRequest::HeaderValue { index });
            }
            if is_framing(name) {
                return Err(InvalidRequest::Framing { index });
            }
        }
        Ok(())
    }
}

/// Without what may be secret: the headers' values and the body.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request {{ {} {:?}, headers: ", self.method, self.url)?;
        let names = self.headers.iter().map(|(name, _)| name);
        f.debug_list().entries(names).finish()?;
        write!(f, ", body: {} bytes }}", self.body.len())
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Request<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "Request {{ {} {} }}", self.method, self.url);
    }
}

/// What is wrong with a request. `index` is the place in [`Request::headers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidRequest {
    /// The method is not a token, as `GET` is.
    Method,
    /// The method is `HEAD` or `CONNECT`: their responses have no body, so no event stream.
    NoBody,
    /// A header's name is not a token: it is empty, or has a space, a colon or the like.
    HeaderName {
        /// Which.
        index: usize,
    },
    /// A header's value has a line end or another control character, or white space at an end.
    HeaderValue {
        /// Which.
        index: usize,
    },
    /// `Content-Length` and `Transfer-Encoding` follow from the body and are not to be given.
    Framing {
        /// Which.
        index: usize,
    },
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, problem) = match self {
            Self::Method => return f.write_str("the method is not a word of letters"),
            Self::NoBody => {
                return f.write_str("the response to HEAD or CONNECT has no body; use GET or POST");
            }
            Self::HeaderName { index } => (index, "the name is empty or has a space or the like"),
            Self::HeaderValue { index } => (
                index,
                "the value has a control character, or white space at an end",
            ),
            Self::Framing { index } => (
                index,
                "Content-Length and Transfer-Encoding follow from the body",
            ),
        };
        write!(f, "header number {}: {problem}", index + 1)
    }
}

impl core::error::Error for InvalidRequest {}
