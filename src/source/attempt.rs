//! One attempt: the request, its redirects, and the head of the response.

use core::ops::Range;

use crate::bytes::copy;
use crate::http::{self, Body, Head, Request, Sent};
use crate::utf8::text;

/// The state of an attempt.
///
/// Its bytes lie in the decoder's memory, which is idle between two streams, in this order: the
/// header lines of the draft; the URL, if it is not that of the request; the head of the response;
/// the first bytes of the body of a response that stops the source.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attempt {
    pub(super) headers_len: usize,
    pub(super) url_len: usize,
    pub(super) head_len: usize,
    pub(super) redirects: u8,
    /// Whether any redirect was not permanent, or changed the method.
    pub(super) is_temporary: bool,
    /// Whether the method is `GET` because a redirect changed it or a stream is resumed.
    pub(super) as_get: bool,
    /// Whether the request goes to another origin than the application's URL, or a redirect led
    /// through one. Secrets are not sent then, even if a later redirect leads back.
    pub(super) has_left: bool,
    /// The framing of the response's body.
    pub(super) body: Body,
    /// Whether the last event ID is a legal header value. Checked once, since the ID may be long.
    pub(super) sends_id: bool,
}

impl Attempt {
    pub(super) const fn url_range(&self) -> Range<usize> {
        self.headers_len..self.headers_len + self.url_len
    }

    pub(super) const fn head_range(&self) -> Range<usize> {
        let start = self.url_range().end;
        start..start + self.head_len
    }

    /// What the bytes of the request depend on, besides the application's `Request` and the URL.
    pub(super) fn sent<'m>(&self, memory: &'m [u8], last_event_id: &'m str) -> Sent<'m> {
        let headers = memory.get(..self.headers_len).unwrap_or_default();
        Sent {
            as_get: self.as_get,
            has_left: self.has_left,
            headers: text(headers),
            last_event_id: if self.sends_id { last_event_id } else { "" },
        }
    }

    /// The head of the response with this status.
    #[inline(never)]
    pub(super) fn head<'m>(
        &self,
        request: &Request<'m>,
        memory: &'m [u8],
        last_event_id: &'m str,
        status: u16,
    ) -> Head<'m> {
        let lines = memory.get(self.head_range()).unwrap_or_default();
        let sent = self.sent(memory, last_event_id);
        Head::of(status, lines, http::sent_id(request, &sent))
    }
}

/// The target of permanent redirects, in memory that the application lends.
#[derive(Debug)]
pub(super) struct Remembered<'a> {
    memory: &'a mut [u8],
    len: usize,
    /// Whether any of the redirects led to another origin.
    pub(super) has_left: bool,
}

impl<'a> Remembered<'a> {
    pub(super) const fn new(memory: &'a mut [u8]) -> Self {
        Self {
            memory,
            len: 0,
            has_left: false,
        }
    }

    pub(super) const fn forget(&mut self) {
        self.len = 0;
        self.has_left = false;
    }

    /// Remembers a URL, if it fits.
    pub(super) fn set(&mut self, url: &[u8], has_left: bool) {
        if let Some(memory) = self.memory.get_mut(..url.len()) {
            copy(memory, url);
            self.len = url.len();
            self.has_left = has_left;
        }
    }

    /// The remembered URL, or nothing.
    pub(super) fn url(&self) -> &[u8] {
        self.memory.get(..self.len).unwrap_or_default()
    }
}
