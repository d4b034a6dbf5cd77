//! The request that the application asks for.

use core::fmt;

use super::grammar::{is_field_value, is_framing, is_token};
use crate::bytes::is_one_of;
use crate::url::Url;

/// A request for an event stream.
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
/// The crate adds these headers, unless `headers` contains one of the same name: `Host`, `Accept:
/// text/event-stream`, `Accept-Encoding: identity`, `Cache-Control: no-cache`, and `Last-Event-ID`
/// if the last event ID is not empty and is a legal header value.
///
/// Use `..Request::get(url)` or `..Request::post(url, body)`, since minor releases may add fields.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The URL of the event stream.
    pub url: Url<'a>,
    /// The method, in capitals. `HEAD` and `CONNECT` are refused, since their responses have no
    /// body.
    pub method: &'a str,
    /// Additional headers as pairs of name and value.
    ///
    /// After a redirect to another origin (scheme, host or port), `Authorization`, `Proxy-Authorization`, `Cookie` and
    /// `Host` are not sent. Other headers are sent, since the crate cannot know which ones are
    /// secret. If one is, set [`max_redirects`](Self::max_redirects) to 0.
    ///
    /// A `Last-Event-ID` in this list is sent with every request and never updated. Use
    /// [`Decoder::set_last_event_id`](crate::Decoder::set_last_event_id) instead.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body. `Content-Length` is added, except to a `GET` with an empty body.
    ///
    /// A redirect with the status 307 or 308 sends it again, to another origin too. To prevent that, set
    /// [`max_redirects`](Self::max_redirects) to 0.
    pub body: &'a [u8],
    /// Whether a request with another method than `GET` may be sent again after a loss. If it may
    /// not, a loss stops the source once a byte of the request was written, since the server may
    /// already have acted on it. Default `false`.
    ///
    /// A hook can still repeat the request after a status such as 429, with
    /// [`Verdict::Retry`](crate::Verdict::Retry).
    pub repeatable: bool,
    /// Whether the stream of a `POST` or another method than `GET` is resumed by `GET`, as MCP's
    /// streamable HTTP transport does. Default `false`.
    ///
    /// If the stream has brought an ID, the attempts after a loss are `GET` requests to the same
    /// URL without the body, with the last event ID. Without an ID,
    /// [`repeatable`](Self::repeatable) decides.
    /// [`EventSource::restart`](crate::EventSource::restart) sends the original request again.
    ///
    /// A decoder that was used before may hold an ID of another stream. Call
    /// [`Decoder::forget`](crate::Decoder::forget) before you create the source. A restart forgets
    /// the ID too.
    pub resume_by_get: bool,
    /// How many redirects in a row are followed. Default 20, as in browsers.
    pub max_redirects: u8,
}

impl<'a> Request<'a> {
    /// Creates a `GET` request without additional headers.
    pub const fn get(url: Url<'a>) -> Self {
        Self {
            url,
            method: "GET",
            headers: &[],
            body: &[],
            repeatable: false,
            resume_by_get: false,
            max_redirects: 20,
        }
    }

    /// Creates a `POST` request. It is not sent again after a loss, unless you set
    /// [`repeatable`](Self::repeatable).
    pub const fn post(url: Url<'a>, body: &'a [u8]) -> Self {
        Self {
            method: "POST",
            body,
            ..Self::get(url)
        }
    }

    pub(crate) fn can_resume_by_get(&self) -> bool {
        self.method != "GET" && self.resume_by_get
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

/// Omits what may be secret: the values of headers and the body.
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

/// The error of an invalid [`Request`]. `index` is the position in [`Request::headers`], from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidRequest {
    /// The method is not a token such as `GET`.
    Method,
    /// The method is `HEAD` or `CONNECT`. Their responses have no body, so no event stream.
    NoBody,
    /// A header's name is not a token: it is empty, or contains a space, a colon or the like.
    HeaderName {
        /// The position in [`Request::headers`].
        index: usize,
    },
    /// A header's value contains a line end or another control character, or starts or ends with
    /// white space.
    HeaderValue {
        /// The position in [`Request::headers`].
        index: usize,
    },
    /// The header is `Content-Length` or `Transfer-Encoding`. The crate writes these itself.
    Framing {
        /// The position in [`Request::headers`].
        index: usize,
    },
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, problem) = match self {
            Self::Method => return f.write_str("the method is not a valid token"),
            Self::NoBody => {
                return f.write_str("the response to HEAD or CONNECT has no body; use GET or POST");
            }
            Self::HeaderName { index } => {
                (index, "the name is empty or contains an illegal character")
            }
            Self::HeaderValue { index } => (
                index,
                "the value contains a control character, or starts or ends with white space",
            ),
            Self::Framing { index } => (
                index,
                "Content-Length and Transfer-Encoding are set by the crate",
            ),
        };
        write!(f, "header number {}: {problem}", index + 1)
    }
}

impl core::error::Error for InvalidRequest {}
