//! Resolving redirects (RFC 3986, section 5), in place: the memory of the response's head becomes
//! the memory of the next URL.

#[cfg(test)]
mod tests;

use core::fmt;
use core::ops::Range;

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
    encode(memory, location).map_err(|_| InvalidRedirect::TooLong)?;
    let location_len = memory.len() - start;
    if !is_absolute(text_from(memory, start)) {
        // Append the current URL after the location, remove the part that the location replaces,
        // and move the rest before the location.
        let url_start = memory.len();
        if url.is_empty() {
            write_url(memory, original).map_err(|_| InvalidRedirect::TooLong)?;
        } else {
            memory
                .grow(url.len())
                .map_err(|_| InvalidRedirect::TooLong)?;
            copy_within(memory, url.start, url.len(), url_start);
        }
        let both = text_from(memory, start).split_at_checked(location_len);
        let (location, url) = both.unwrap_or_default();
        let kept = kept_of(url, location).ok_or(InvalidRedirect::Location)?;
        memory.truncate(url_start + kept);
        rotate_left(memory.get_mut(start..).unwrap_or_default(), location_len);
    }

    let url = text_from(memory, start);
    let scheme = Url::parse(url).map_err(|_| InvalidRedirect::Location)?;
    let scheme = scheme.origin().scheme;
    let path = start + path_start(url);
    let (segments, query) = split_at_any(url.get(path - start..).unwrap_or_default(), b"?");
    let (mut path_len, query_len) = (segments.len(), query.len());
    if path_len == 0 {
        // Otherwise the next relative location could become a part of the host.
        memory.push(b'/').map_err(|_| InvalidRedirect::TooLong)?;
        rotate_left(memory.get_mut(path..).unwrap_or_default(), query_len);
        path_len = 1;
    }
    let segments = memory.get_mut(path..path + path_len).unwrap_or_default();
    let left = remove_dot_segments(segments);
    copy_within(memory, path + path_len, query_len, path + left);
    memory.truncate(path + left + query_len);
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
        match byte {
            b'#' => break,
            b'\t' => {}
            b'\\' if !is_query => memory.push(b'/')?,
            // The URL standard's "path percent-encode set" and "special-query percent-encode set".
            0..=b' ' | 0x7F.. | b'"' | b'<' | b'>' => percent_encode(memory, byte)?,
            b'^' | b'`' | b'{' | b'}' if !is_query => percent_encode(memory, byte)?,
            b'\'' if is_query => percent_encode(memory, byte)?,
            _ => memory.push(byte)?,
        }
    }
    Ok(())
}

fn percent_encode(memory: &mut Buffer<[u8]>, byte: u8) -> Result<(), Full> {
    let digit = |digit: u8| match digit {
        0..10 => b'0' + digit,
        _ => b'A' + (digit - 10),
    };
    memory.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 0xF)])
}

/// The text from `start` on.
fn text_from(memory: &[u8], start: usize) -> &str {
    text(memory.get(start..).unwrap_or_default())
}

/// The length of the part of `url` that is kept before `location`.
fn kept_of(url: &str, location: &str) -> Option<usize> {
    if location.starts_with("//") {
        return Some(split_at_any(url, b":").0.len() + ":".len());
    }
    let start = path_start(url);
    let (path, _) = split_at_any(url.get(start..)?, b"?#");
    match location.as_bytes().first()? {
        b'/' => Some(start),
        b'?' => Some(start + path.len()),
        _ => Some(start + path.bytes().rposition(|byte| byte == b'/')? + 1),
    }
}

/// Whether the location has a scheme. `12:30` and `a%20b:c` contain a colon but are relative.
fn is_absolute(location: &str) -> bool {
    let (scheme, rest) = split_at_any(location, b":/?#");
    let first = scheme.bytes().next().unwrap_or_default();
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    rest.starts_with(':') && first.is_ascii_alphabetic() && scheme.bytes().all(is_valid)
}

/// Where the path of a URL begins, or its query if there is no path.
fn path_start(url: &str) -> usize {
    let (scheme, rest) = split_at_any(url, b":");
    let rest = rest.strip_prefix("://").unwrap_or_default();
    let (authority, _) = split_at_any(rest, b"/?#");
    scheme.len() + "://".len() + authority.len()
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
