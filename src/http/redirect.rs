//! Resolving redirects (RFC 3986, section 5), in place: the memory of the response's head becomes
//! the memory of the next URL.

#[cfg(test)]
mod tests;

use core::ops::Range;
use core::{fmt, slice};

use super::head::next_line;
use crate::buffer::{Buffer, Full};
use crate::bytes::{copy_within, rotate_left, split_at_any};
use crate::url::{Origin, Scheme, Url};
use crate::utf8::text;

/// The greatest length of a URL. Servers reject longer ones.
const LONGEST_URL: usize = 8192;

/// Resolves a redirect and stores its URL in `memory`.
///
/// `location` is the range of the `Location` value, `url` the range of the current URL, and `from`
/// its scheme. If `url` is empty, the current URL is `original`. The new URL replaces the current
/// one. Bytes before it stay, the head after it is removed. On an error the head stays, so that the
/// application can see it; but if the new URL did not fit, the other fields of the head were
/// removed.
///
/// The memory contains: header lines of the draft, the current URL, the head with `Location` in it, and then
/// the resolved URL, which is appended.
pub(crate) fn follow<const N: usize>(
    memory: &mut Buffer<[u8; N]>,
    url: Range<usize>,
    original: Url<'_>,
    mut location: Range<usize>,
    from: Scheme,
    has_tls: bool,
) -> Result<(), InvalidRedirect> {
    let memory = memory.as_view();
    let mut head_end = memory.len();
    let mut resolved = resolve(memory, url.clone(), original, location.clone());
    if resolved == Err(InvalidRedirect::TooLong) {
        location = drop_other_fields(memory, url.end, location);
        head_end = location.end;
        memory.truncate(head_end);
        resolved = resolve(memory, url.clone(), original, location);
    }
    let len = memory.len() - head_end;
    if len > LONGEST_URL {
        resolved = Err(InvalidRedirect::TooLong);
    }
    resolved = match (from, resolved) {
        (Scheme::Https, Ok(Scheme::Http)) => Err(InvalidRedirect::Downgrade),
        (_, Ok(Scheme::Https)) if !has_tls => Err(InvalidRedirect::NoTls),
        (_, resolved) => resolved,
    };
    if resolved.is_ok() {
        copy_within(memory, head_end, len, url.start);
        memory.truncate(url.start + len);
    } else {
        memory.truncate(head_end);
    }
    resolved.map(|_| ())
}

/// Removes all fields from the head that begins at `start`, except the status line and `Location`.
/// Returns the new range of the location.
fn drop_other_fields(memory: &mut [u8], start: usize, location: Range<usize>) -> Range<usize> {
    let before = memory.get(start..location.start).unwrap_or_default();
    let mut fields = before;
    let _status_line = next_line(&mut fields);
    let line = before.iter().rposition(|byte| *byte == b'\n');
    let to = location.start - fields.len();
    let from = start + line.map_or(0, |end| end + 1);
    copy_within(memory, from, location.end - from, to);
    let moved = from - to;
    location.start - moved..location.end - moved
}

/// Appends the resolved URL to `memory`. Returns its scheme.
fn resolve(
    memory: &mut Buffer<[u8]>,
    url: Range<usize>,
    original: Url<'_>,
    location: Range<usize>,
) -> Result<Scheme, InvalidRedirect> {
    let start = memory.len();
    encode(memory, location.clone())?;
    let reference = Parts::of(text_from(memory, start));
    if reference.scheme == 0 {
        // Write the current URL instead, keep the part that the location does not replace (RFC 3986,
        // section 5.2.2), and append the location again.
        let begins_with_slash = memory.get(start) == Some(&b'/');
        let len = memory.len() - start;
        memory.truncate(start);
        if url.is_empty() {
            write_url(memory, original)?;
        } else {
            memory.grow(url.len())?;
            copy_within(memory, url.start, url.len(), start);
        }
        let url = text_from(memory, start);
        let parts = Parts::of(url);
        let kept = match reference {
            _ if len == 0 => return Err(InvalidRedirect::Location),
            Parts { authority: 1.., .. } => parts.scheme,
            Parts { path: 0, .. } => parts.path,
            _ if begins_with_slash => parts.authority,
            _ => directory(url, parts.path),
        };
        memory.truncate(start + kept);
        encode(memory, location)?;
    }

    let url = text_from(memory, start);
    let scheme = Url::parse(url).map_err(|_| InvalidRedirect::Location)?;
    let scheme = scheme.origin().scheme;
    let Parts {
        authority,
        mut path,
        ..
    } = Parts::of(url);
    let query_len = url.len() - path;
    if path == authority {
        // Otherwise the next relative location could become a part of the host.
        memory.push(b'/')?;
        rotate_left(
            memory.get_mut(start + path..).unwrap_or_default(),
            query_len,
        );
        path += 1;
    }
    let segments = memory.get_mut(start + authority..start + path);
    let left = start + authority + remove_dot_segments(segments.unwrap_or_default());
    copy_within(memory, start + path, query_len, left);
    memory.truncate(left + query_len);
    Ok(scheme)
}

/// Appends the location with the changes that the URL standard makes before resolving it: tabs and
/// the fragment are removed, `\` before the query becomes `/`, and bytes that a URL cannot contain
/// are percent-encoded. A host with such bytes stays invalid.
fn encode(memory: &mut Buffer<[u8]>, location: Range<usize>) -> Result<(), Full> {
    let mut is_query = false;
    for at in location {
        let byte = memory.get(at).copied().unwrap_or_default();
        is_query |= byte == b'?';
        let digit = |index: u8| {
            b"0123456789ABCDEF"
                .get(usize::from(index))
                .copied()
                .unwrap_or_default()
        };
        let percent_encoded = [b'%', digit(byte >> 4), digit(byte & 0xF)];
        memory.extend_from_slice(match byte {
            b'#' => break,
            b'\t' => &[],
            b'\\' if !is_query => b"/",
            // The URL standard's "path percent-encode set" and "special-query percent-encode set".
            0..=b' ' | 0x7F.. | b'"' | b'<' | b'>' => &percent_encoded,
            b'^' | b'`' | b'{' | b'}' if !is_query => &percent_encoded,
            b'\'' if is_query => &percent_encoded,
            _ => slice::from_ref(&byte),
        })?;
    }
    Ok(())
}

/// The text from `start` on.
fn text_from(memory: &[u8], start: usize) -> &str {
    text(memory.get(start..).unwrap_or_default())
}

/// Where the directory of a URL's path ends.
fn directory(url: &str, path_end: usize) -> usize {
    let path = url.as_bytes().get(..path_end).unwrap_or_default();
    path.iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |at| at + 1)
}

/// Where the parts of a URL or a relative reference end (RFC 3986, section 3). A missing part ends
/// where the part before it ends.
struct Parts {
    /// With its colon.
    scheme: usize,
    /// With the slashes before it.
    authority: usize,
    path: usize,
}

impl Parts {
    fn of(url: &str) -> Self {
        let len_until = |start, stops| {
            let rest = url.get(start..).unwrap_or_default();
            split_at_any(rest, stops).0.len()
        };
        // `12:30` and `a%20b:c` contain a colon but have no scheme.
        let (scheme, rest) = split_at_any(url, b":/?#");
        let first = scheme.bytes().next().unwrap_or_default();
        let is_valid =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let has_scheme =
            rest.starts_with(':') && first.is_ascii_alphabetic() && scheme.bytes().all(is_valid);
        let scheme = if has_scheme { scheme.len() + 1 } else { 0 };
        let rest = url.get(scheme..).unwrap_or_default();
        let authority = match rest.starts_with("//") {
            true => scheme + 2 + len_until(scheme + 2, b"/?#"),
            false => scheme,
        };
        let path = authority + len_until(authority, b"?#");
        Self {
            scheme,
            authority,
            path,
        }
    }
}

/// Removes dot segments (RFC 3986, section 5.2.4) from a path that starts with `/`. Returns the new
/// length. Segments that `..` removes are not visited again, so the time is linear.
fn remove_dot_segments(path: &mut [u8]) -> usize {
    let mut read = 0;
    let mut write = 0;
    while let Some(rest) = path.get(read + 1..) {
        let len = rest.iter().position(|byte| *byte == b'/');
        let is_last = len.is_none();
        let segment = rest.get(..len.unwrap_or(rest.len())).unwrap_or_default();
        let len = segment.len() + 1;
        let is_dots = matches!(segment, b"." | b"..");
        if segment == b".." {
            let before = path.get(..write).unwrap_or_default();
            write = before.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        }
        if !is_dots {
            copy_within(path, read, len, write);
            write += len;
        } else if is_last {
            if let Some(end) = path.get_mut(write) {
                *end = b'/';
            }
            write += 1;
        }
        read += len;
    }
    write
}

fn write_url(memory: &mut Buffer<[u8]>, url: Url<'_>) -> Result<(), Full> {
    write_origin(memory, url.origin())?;
    if !url.path_and_query().starts_with('/') {
        memory.extend_from_slice(b"/")?;
    }
    memory.extend_from_slice(url.path_and_query().as_bytes())
}

pub(super) fn write_origin(memory: &mut Buffer<[u8]>, origin: Origin<'_>) -> Result<(), Full> {
    let mut written = memory
        .extend_from_slice(origin.scheme.as_str().as_bytes())
        .and_then(|()| memory.extend_from_slice(b"://"));
    origin.each_piece_of_authority(&mut |piece| {
        if written.is_ok() {
            written = memory.extend_from_slice(piece);
        }
    });
    written
}

/// The error of a redirect that cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidRedirect {
    /// More redirects in a row than [`max_redirects`](super::Request::max_redirects), or any redirect if
    /// [`Hooks::follows_redirects`](crate::hooks::Hooks::follows_redirects) is `false`.
    TooMany,
    /// `Location` is missing or empty, occurs with different values, or does not resolve to a valid
    /// [`Url`].
    Location,
    /// The redirect leads from `https` to `http`: data that TLS protected would be sent in clear
    /// text.
    Downgrade,
    /// The redirect leads to `https`, and the driver has no TLS.
    NoTls,
    /// The URL is longer than 8192 bytes, or does not fit in the decoder's `DATA` bytes.
    TooLong,
}

impl From<Full> for InvalidRedirect {
    fn from(_: Full) -> Self {
        Self::TooLong
    }
}

impl fmt::Display for InvalidRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooMany => "more redirects in a row than are followed",
            Self::Location => "a redirect without a valid Location",
            Self::Downgrade => "a redirect from https to http",
            Self::NoTls => "a redirect to https, but the driver has no TLS",
            Self::TooLong => {
                "a redirect's URL is longer than 8192 bytes or than the decoder's DATA"
            }
        })
    }
}

impl core::error::Error for InvalidRedirect {}
