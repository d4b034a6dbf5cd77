//! Changes of a request right before it is sent.

use core::fmt::{self, Write};
use core::ops::Range;

use super::grammar::{is_field_value, is_framing, is_token};
use super::redirect::write_origin;
use super::write::LAST_EVENT_ID;
use crate::buffer::Buffer;
use crate::bytes::rotate_left;
use crate::url::{CurrentUrl, Url, original_url, parsed_url};
use crate::utf8::text;

/// The request of the attempt that is about to begin.
/// [`Hooks::before_connect`](crate::hooks::Hooks::before_connect) can change it.
///
/// The changes apply to this attempt and its redirects. They are stored in the decoder's `DATA`
/// bytes, next to the response's head.
///
/// ```
/// use embedded_sse::hooks::Hooks;
/// use embedded_sse::{Draft, InvalidDraft};
///
/// /// Asks for the events after a row of a database, in the way of the server's own API.
/// struct Since {
///     row: u32,
/// }
///
/// impl Since {
///     fn change(&self, draft: &mut Draft<'_>) -> Result<(), InvalidDraft> {
///         draft.set_path(format_args!("/events?since={}", self.row))?;
///         draft.add_header("X-Device", "kitchen")
///     }
/// }
///
/// impl Hooks for Since {
///     fn before_connect(&mut self, draft: &mut Draft<'_>) {
///         if let Err(invalid) = self.change(draft) {
///             println!("{invalid}"); // the attempt begins without this change
///         }
///     }
/// }
/// ```
pub struct Draft<'m> {
    /// The header lines, followed by the URL.
    memory: &'m mut Buffer<[u8]>,
    url: Url<'m>,
    current_url: CurrentUrl,
    last_event_id: &'m str,
    headers_len: usize,
    /// The greatest length of an ID: `META`.
    longest_id: usize,
    /// The range of the application's ID in `memory`.
    resumes_after: Option<Range<usize>>,
}

impl<'m> Draft<'m> {
    pub(crate) fn new<const N: usize>(
        memory: &'m mut Buffer<[u8; N]>,
        url: Url<'m>,
        last_event_id: &'m str,
        longest_id: usize,
    ) -> Self {
        Self {
            memory: memory.as_view(),
            url,
            current_url: original_url,
            last_event_id,
            headers_len: 0,
            longest_id,
            resumes_after: None,
        }
    }

    /// The length of the header lines in `memory`. The URL follows them, if there is one.
    pub(crate) fn headers_len(&self) -> usize {
        self.headers_len
    }

    /// The URL before any change: that of the request, or the one that permanent redirects led to.
    pub fn url(&self) -> Url<'m> {
        self.url
    }

    pub(crate) fn current_url(&self) -> CurrentUrl {
        self.current_url
    }

    pub(crate) fn resumes_after(&self) -> Option<Range<usize>> {
        self.resumes_after.clone()
    }

    /// The last event ID that this attempt sends if it is a legal header value, unless
    /// [`set_last_event_id`](Self::set_last_event_id) changes it.
    pub fn last_event_id(&self) -> &'m str {
        self.last_event_id
    }

    /// Sends this last event ID instead. Pass the ID of the last event that your application has
    /// *processed*: all events after it are sent again. An empty ID resumes from the start. It
    /// becomes the decoder's last event ID too.
    ///
    /// # Errors
    /// Fails if the ID is not a legal header value, was already set in this draft, or does not fit: the ID in
    /// `META`, or its header line in `DATA`. Then nothing changes.
    pub fn set_last_event_id(&mut self, id: &str) -> Result<(), InvalidDraft> {
        if id.len() > self.longest_id {
            return Err(InvalidDraft::TooLong);
        }
        if self.resumes_after.is_some() {
            return Err(InvalidDraft::SecondId);
        }
        let mut start = self.headers_len;
        if !id.is_empty() {
            self.add_header(LAST_EVENT_ID, id)?;
            start += LAST_EVENT_ID.len() + ": ".len();
        }
        self.resumes_after = Some(start..start + id.len());
        Ok(())
    }

    /// Replaces the path and query, for example by `format_args!("/events?since={id}")`.
    ///
    /// # Errors
    /// Fails if the path is not valid in a [`Url`], or does not fit in `DATA` next to the old URL. Then
    /// the old path is kept.
    pub fn set_path(&mut self, path: impl fmt::Display) -> Result<(), InvalidDraft> {
        let url_end = self.memory.len();
        let written = write_origin(self.memory, self.url.origin())
            .map_err(|_| InvalidDraft::TooLong)
            .and_then(|()| {
                let path_start = self.memory.len();
                write!(Bytes(self.memory), "{path}").map_err(|_| InvalidDraft::TooLong)?;
                match self.memory.get(path_start) {
                    Some(b'/') => Ok(()),
                    _ => Err(InvalidDraft::Path),
                }
            })
            .and_then(|()| {
                let url = self.memory.get(url_end..).unwrap_or_default();
                Url::parse(text(url)).map_err(|_| InvalidDraft::Path)
            });
        if let Err(invalid) = written {
            self.memory.truncate(url_end);
            return Err(invalid);
        }
        self.current_url = parsed_url;
        // Move the new URL to the place of the old one.
        let old = url_end - self.headers_len;
        let urls = self.memory.get_mut(self.headers_len..);
        rotate_left(urls.unwrap_or_default(), old);
        self.memory.truncate(self.memory.len() - old);
        Ok(())
    }

    /// Adds a header. It replaces the headers of this name in
    /// [`Request::headers`](crate::Request::headers). Two calls with the same name send two
    /// headers.
    ///
    /// # Errors
    /// Fails if the header is not valid in a [`Request`](crate::Request), or does not fit. Then it
    /// is not sent.
    pub fn add_header(&mut self, name: &str, value: impl fmt::Display) -> Result<(), InvalidDraft> {
        if !is_token(name.as_bytes()) || is_framing(name) {
            return Err(InvalidDraft::HeaderName);
        }
        let line_start = self.memory.len();
        let written = write!(Bytes(self.memory), "{name}: {value}").is_ok();
        let value_start = line_start + name.len() + ": ".len();
        let valid = is_field_value(text(self.memory.get(value_start..).unwrap_or_default()));
        if !(written && valid && self.memory.extend_from_slice(b"\r\n").is_ok()) {
            self.memory.truncate(line_start);
            return Err(if written && !valid {
                InvalidDraft::HeaderValue
            } else {
                InvalidDraft::TooLong
            });
        }
        // Move the line before the URL.
        let line_len = self.memory.len() - line_start;
        let url_len = line_start - self.headers_len;
        let rest = self.memory.get_mut(self.headers_len..);
        rotate_left(rest.unwrap_or_default(), url_len);
        self.headers_len += line_len;
        Ok(())
    }
}

/// Omits the headers, whose values may be secret.
impl fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("url", &self.url)
            .field("last_event_id", &self.last_event_id)
            .finish_non_exhaustive()
    }
}

struct Bytes<'m>(&'m mut Buffer<[u8]>);

impl Write for Bytes<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = self.0.extend_from_slice(text.as_bytes());
        fits.map_err(|_| fmt::Error)
    }
}

/// The error of a change of a [`Draft`]. The change was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidDraft {
    /// The path does not start with `/`, or contains a character that must be percent-encoded.
    Path,
    /// The header's name is not a token, or is `Content-Length` or `Transfer-Encoding`.
    HeaderName,
    /// The header's value contains a control character, or starts or ends with white space.
    HeaderValue,
    /// The last event ID was already set in this draft.
    SecondId,
    /// The change does not fit in the decoder's `DATA` bytes, or the ID in `META`; raise it.
    TooLong,
}

impl fmt::Display for InvalidDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "the path does not start with / or needs percent-encoding",
            Self::HeaderName => "the header's name is not a token, or describes the framing",
            Self::HeaderValue => {
                "the header's value contains a control character or outer white space"
            }
            Self::SecondId => "the last event ID was already set in this draft",
            Self::TooLong => "the change does not fit in the decoder's DATA or META; raise it",
        })
    }
}

impl core::error::Error for InvalidDraft {}
