//! Borrowed URLs. Everything that could inject bytes into a request is rejected.

use core::fmt;

use crate::bytes::{decimal, has, split_at_any, write_decimal};
use crate::utf8::text;

/// The scheme of a URL. For `https`, the transport does TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Scheme {
    /// `http`. The default port is 80.
    Http,
    /// `https`. The default port is 443.
    Https,
}

impl Scheme {
    /// `"http"` or `"https"`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port of a URL without a port.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The scheme, host and port to connect to. Origins are compared as browsers do it: the host
/// ignores case.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Origin<'a> {
    /// Whether the connection needs TLS. A driver without TLS must refuse [`Https`](Scheme::Https)
    /// and never connect in clear text.
    pub scheme: Scheme,
    /// A host name for DNS, or an IP address (IPv6 without brackets).
    pub host: &'a str,
    /// The TCP port.
    pub port: u16,
}

impl PartialEq for Origin<'_> {
    fn eq(&self, other: &Origin<'_>) -> bool {
        self.scheme == other.scheme
            && self.host.eq_ignore_ascii_case(other.host)
            && self.port == other.port
    }
}

impl Eq for Origin<'_> {}

/// A validated URL, borrowed from a string.
///
/// ```
/// use embedded_sse::{Scheme, Url};
///
/// let url = Url::parse("http://[2001:db8::1]:8080/events?topic=a#top")?;
/// assert_eq!(url.origin().host, "2001:db8::1");
/// assert_eq!(url.path_and_query(), "/events?topic=a");
/// let same = Url::from_parts(Scheme::Http, "2001:db8::1", Some(8080), "/events?topic=a")?;
/// assert_eq!(url, same);
/// assert_eq!(url.to_string(), "http://[2001:db8::1]:8080/events?topic=a");
/// # Ok::<(), embedded_sse::InvalidUrl>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Url<'a> {
    origin: Origin<'a>,
    path: &'a str,
}

impl<'a> Url<'a> {
    /// Parses an absolute `http:` or `https:` URL. The fragment is dropped, since it is never sent.
    ///
    /// # Errors
    /// Fails if the URL is invalid: see [`InvalidUrl`]. Nothing is trimmed or escaped.
    pub fn parse(url: &'a str) -> Result<Self, InvalidUrl> {
        let (scheme, rest) = split_at_any(url, b":");
        let rest = rest.strip_prefix("://").ok_or(InvalidUrl::Scheme)?;
        let scheme = if scheme.eq_ignore_ascii_case("http") {
            Scheme::Http
        } else if scheme.eq_ignore_ascii_case("https") {
            Scheme::Https
        } else {
            return Err(InvalidUrl::Scheme);
        };
        let (authority, path) = split_at_any(rest, b"/?#");
        if has(authority.as_bytes(), b'@') {
            return Err(InvalidUrl::UserInfo);
        }
        let (host, port) = match authority.strip_prefix("[") {
            Some(literal) => {
                let (host, rest) = split_at_any(literal, b"]");
                (host, rest.strip_prefix("]").ok_or(InvalidUrl::Host)?)
            }
            // An IPv6 address without brackets: it cannot be told from a port.
            None if authority.bytes().filter(|byte| *byte == b':').count() > 1 => {
                return Err(InvalidUrl::Host);
            }
            None => split_at_any(authority, b":"),
        };
        if authority.starts_with('[') != is_ipv6(host) {
            return Err(InvalidUrl::Host);
        }
        let port = match port.strip_prefix(":") {
            Some("") => None,
            Some(digits) => Some(parse_port(digits)?),
            None if port.is_empty() => None,
            None => return Err(InvalidUrl::Host),
        };
        Self::from_parts(scheme, host, port, path)
    }

    /// Creates a URL from its parts.
    ///
    /// `host` is a host name or an IP address (IPv6 without brackets). A `port` of `None` is the
    /// default port of the scheme. `path` includes the query, as in `/events?topic=a`; an empty
    /// path means `/`.
    ///
    /// # Errors
    /// The same as for [`parse`](Self::parse).
    pub fn from_parts(
        scheme: Scheme,
        host: &'a str,
        port: Option<u16>,
        path: &'a str,
    ) -> Result<Self, InvalidUrl> {
        let is_ipv6 = is_ipv6(host);
        let valid = |byte: u8| match byte {
            b'%' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
            b'/' | b'?' | b'#' | b'@' | b'[' | b']' => false,
            _ if is_ipv6 => byte.is_ascii_hexdigit() || byte == b':' || byte == b'.',
            _ => byte.is_ascii_graphic(),
        };
        let has_one_colon = host.bytes().filter(|byte| *byte == b':').count() == 1;
        if host.is_empty() || has_one_colon || !host.bytes().all(valid) {
            return Err(InvalidUrl::Host);
        }
        let port = port.unwrap_or(scheme.default_port());
        if port == 0 {
            return Err(InvalidUrl::Port);
        }
        let (path, _fragment) = split_at_any(path, b"#");
        let path = if path.is_empty() { "/" } else { path };
        if !matches!(path.as_bytes(), [b'/' | b'?', ..])
            || !path.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(InvalidUrl::Path);
        }
        Ok(Self {
            origin: Origin { scheme, host, port },
            path,
        })
    }

    /// The scheme, host and port.
    pub const fn origin(&self) -> Origin<'a> {
        self.origin
    }

    /// The path and the query, without the fragment. If it does not start with `/`, the request
    /// adds a `/` before it.
    pub const fn path_and_query(&self) -> &'a str {
        self.path
    }
}

/// How to get the current URL of a request: [`parsed_url`] or [`original_url`]. The pointer is set
/// where another URL can come from, so that firmware where there is none does not link the parser.
pub(crate) type CurrentUrl = for<'a> fn(&'a [u8], Url<'a>) -> Url<'a>;

/// The URL in these bytes, or else the original one.
pub(crate) fn parsed_url<'a>(bytes: &'a [u8], original: Url<'a>) -> Url<'a> {
    Url::parse(text(bytes)).unwrap_or(original)
}

/// The original URL.
pub(crate) const fn original_url<'a>(_: &'a [u8], original: Url<'a>) -> Url<'a> {
    original
}

fn parse_port(digits: &str) -> Result<u16, InvalidUrl> {
    let port = decimal(digits.as_bytes()).and_then(|port| port.try_into().ok());
    port.ok_or(InvalidUrl::Port)
}

/// Writes the origin as in a URL, such as `https://[::1]:8443`. A default port is omitted.
impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [open, host, close] = in_brackets(self.host);
        write!(f, "{}://{open}{host}{close}", self.scheme.as_str())?;
        match self.port {
            port if port == self.scheme.default_port() => Ok(()),
            port => write!(f, ":{port}"),
        }
    }
}

impl fmt::Display for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = match self.path.starts_with('/') {
            true => "",
            false => "/",
        };
        write!(f, "{}{slash}{}", self.origin, self.path)
    }
}

impl Origin<'_> {
    /// Calls `take` with each piece of the host and port as in a URL, such as `[::1]:8443`.
    pub(crate) fn each_piece_of_authority(&self, take: &mut dyn FnMut(&[u8])) {
        for piece in in_brackets(self.host) {
            take(piece.as_bytes());
        }
        if self.port != self.scheme.default_port() {
            take(b":");
            take(write_decimal(self.port.into(), &mut [0; 20]));
        }
    }
}

/// Whether a host is an IPv6 address, which needs brackets in a URL.
pub(crate) fn is_ipv6(host: &str) -> bool {
    has(host.as_bytes(), b':')
}

/// The host as written in URLs and requests.
fn in_brackets(host: &str) -> [&str; 3] {
    if is_ipv6(host) {
        ["[", host, "]"]
    } else {
        ["", host, ""]
    }
}

/// The error of an invalid URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidUrl {
    /// The URL does not start with `http://` or `https://`.
    Scheme,
    /// The URL contains a user name or password, which would end up in logs. Send an
    /// `Authorization` header instead.
    UserInfo,
    /// The host is missing, is an IPv6 address without brackets, or contains an illegal character.
    /// Write international names in their `xn--` form.
    Host,
    /// The port is not a number from 1 to 65535.
    Port,
    /// The path does not start with `/` or `?`, or contains a space, a control character or a non-ASCII
    /// character. Percent-encode them: a space is `%20`.
    Path,
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "the URL does not start with http:// or https://",
            Self::UserInfo => {
                "the URL contains a user name or password; send an Authorization header instead"
            }
            Self::Host => "the URL's host is missing or invalid (IPv6 needs brackets)",
            Self::Port => "the URL's port is not a number from 1 to 65535",
            Self::Path => {
                "the URL's path contains a character that must be percent-encoded (a space is %20)"
            }
        })
    }
}

impl core::error::Error for InvalidUrl {}
