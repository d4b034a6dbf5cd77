//! A borrowed URL: scheme, host, port, path. It refuses what could break out of a request.

use core::fmt;

use crate::bytes::{decimal, has, split_at_any};

/// The two schemes an event stream comes by. TLS is the transport's matter: this crate has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Scheme {
    /// `http`, port 80 unless said otherwise.
    Http,
    /// `https`, port 443 unless said otherwise.
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

    /// The port of a URL that names none.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Where to connect to. Two origins are equal if a browser would say so: the case of the host's
/// letters does not count.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Origin<'a> {
    /// Whether the connection needs TLS. A driver that has no TLS must refuse
    /// [`Https`](Scheme::Https), not speak plainly.
    pub scheme: Scheme,
    /// A name for the DNS or an IP address, IPv6 without brackets.
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

/// A URL, checked and taken apart, borrowed from its text.
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
    /// Takes an absolute `http:` or `https:` URL apart. A fragment is dropped, as it is never sent.
    ///
    /// # Errors
    /// What is wrong with it, see [`InvalidUrl`]. Nothing is trimmed or escaped silently.
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

    /// Puts a URL together. `host` is a name or an IP address (IPv6 without brackets), `port` is the
    /// scheme's own if `None`, and `path` holds the query too: `/events?topic=a`, or empty for `/`.
    ///
    /// # Errors
    /// The same as of [`parse`](Self::parse).
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

    /// Scheme, host and port.
    pub const fn origin(&self) -> Origin<'a> {
        self.origin
    }

    /// Path and query: what follows host and port, without a fragment. Where it starts with `?`,
    /// a `/` stands before it on the wire.
    pub const fn path_and_query(&self) -> &'a str {
        self.path
    }
}

fn parse_port(digits: &str) -> Result<u16, InvalidUrl> {
    let port = decimal(digits.as_bytes()).and_then(|port| port.try_into().ok());
    port.ok_or(InvalidUrl::Port)
}

/// As in a URL: `https://[::1]:8443`, without the port that is the scheme's own.
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

/// Whether a host is an address with colons, which stands in brackets in a URL.
pub(crate) fn is_ipv6(host: &str) -> bool {
    has(host.as_bytes(), b':')
}

/// A host as a URL and a request spell it.
pub(crate) fn in_brackets(host: &str) -> [&str; 3] {
    if is_ipv6(host) {
        ["[", host, "]"]
    } else {
        ["", host, ""]
    }
}

/// What is wrong with a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum InvalidUrl {
    /// It does not start with `http://` or `https://`.
    Scheme,
    /// It has a user name or password. They would be sent to whoever is behind the name, and
    /// logged: send an `Authorization` header instead.
    UserInfo,
    /// The host is missing, an IPv6 address without brackets, or has a character that no host name
    /// has. A name beyond ASCII goes in its `xn--` form.
    Host,
    /// The port is not a number from 1 to 65535.
    Port,
    /// The path does not start with `/`, or has a space, a control character or one beyond ASCII:
    /// write those as `%20` and the like.
    Path,
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "a URL starts with http:// or https://",
            Self::UserInfo => "no user name or password in a URL: send an Authorization header",
            Self::Host => "the URL's host is missing or not valid (IPv6 goes in brackets)",
            Self::Port => "the URL's port is not a number from 1 to 65535",
            Self::Path => "the URL's path has a character to be percent-encoded (space: %20)",
        })
    }
}

impl core::error::Error for InvalidUrl {}
