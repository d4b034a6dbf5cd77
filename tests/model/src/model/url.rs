//! URLs: `Url::parse` as its documentation states it, and references as in RFC 3986, section 5.2.

use crate::case::Wrong;

#[derive(Clone, Debug, PartialEq)]
pub struct Url {
    pub https: bool,
    pub host: String,
    pub port: u16,
    /// The port as it was written.
    port_text: String,
    /// With the query, without the fragment. The first `/` may be missing.
    pub path: String,
}

impl Url {
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let (https, rest) = if lower.starts_with("http://") {
            (false, &text[7..])
        } else if lower.starts_with("https://") {
            (true, &text[8..])
        } else {
            return None;
        };
        let rest = rest.split('#').next().unwrap();
        let end = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return None;
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(inside) => {
                let (host, after) = inside.split_once(']')?;
                let is_legal = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
                if host.matches(':').count() < 2 || !host.chars().all(is_legal) {
                    return None;
                }
                match after.strip_prefix(':') {
                    None if after.is_empty() => (host, ""),
                    port => (host, port?),
                }
            }
            None => authority.split_once(':').unwrap_or((authority, "")),
        };
        let is_legal = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:".contains(c);
        if host.is_empty() || !host.chars().all(is_legal) {
            return None;
        }
        let port_text = &authority[authority.len().min(authority.rfind(']').unwrap_or(0))..];
        let port_text = port_text
            .find(':')
            .map_or("", |at| &port_text[at..])
            .to_string();
        let port = match port {
            "" => {
                if https {
                    443
                } else {
                    80
                }
            }
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
            _ => return None,
        };
        if port == 0 || !path.bytes().all(|b| b.is_ascii_graphic()) || path.starts_with('\\') {
            return None;
        }
        Some(Self {
            https,
            host: host.into(),
            port,
            port_text,
            path: path.into(),
        })
    }

    /// The URL that a `Location` header leads to.
    pub fn resolve(&self, location: &[u8]) -> Option<Self> {
        let reference = &encode(location)[..];
        let mut url = if has_scheme(reference) {
            Self::parse(reference)?
        } else if reference.starts_with("//") {
            Self::parse(&format!("{}:{reference}", self.scheme()))?
        } else {
            let (base, _) = self.path.split_once('?').unwrap_or((&self.path, ""));
            let path = match reference.chars().next() {
                None => self.path.clone(),
                Some('/') => reference.into(),
                Some('?') => format!("{base}{reference}"),
                Some(_) => format!(
                    "{}/{reference}",
                    base.rsplit_once('/').unwrap_or_default().0
                ),
            };
            Self {
                path,
                ..self.clone()
            }
        };
        url.path = without_dots(&url.path);
        Some(url)
    }

    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    pub fn has_origin_of(&self, other: &Self, wrong: Option<Wrong>) -> bool {
        let ports_match = self.port == other.port || wrong == Some(Wrong::PortIsNoOrigin);
        self.https == other.https && ports_match && self.host.eq_ignore_ascii_case(&other.host)
    }

    /// The value of `Host`: the port is left out if it is the scheme's.
    pub fn authority(&self) -> String {
        let host = self.bracketed();
        match (self.https, self.port) {
            (false, 80) | (true, 443) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        }
    }

    pub fn text(&self) -> String {
        let path = if self.path.is_empty() {
            "/"
        } else {
            &self.path
        };
        format!(
            "{}://{}{}{path}",
            self.scheme(),
            self.bracketed(),
            self.port_text
        )
    }
}

fn has_scheme(reference: &str) -> bool {
    reference.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// What the URL standard does before it resolves a reference: tabs go, a backslash before the query
/// becomes a slash, and what a URL cannot contain is percent-encoded.
fn encode(location: &[u8]) -> String {
    let mut text = String::new();
    for byte in location.split(|&b| b == b'#').next().unwrap() {
        let illegal = if text.contains('?') {
            "\"<>'"
        } else {
            "\"<>^`{}"
        };
        match *byte {
            b'\t' => {}
            b'\\' if !text.contains('?') => text.push('/'),
            byte if byte.is_ascii_graphic() && !illegal.contains(byte as char) => {
                text.push(byte.into())
            }
            byte => text += &format!("%{byte:02X}"),
        }
    }
    text
}

/// RFC 3986, section 5.2.4.
fn without_dots(path_and_query: &str) -> String {
    let (path, query) = match path_and_query.find('?') {
        Some(at) => path_and_query.split_at(at),
        None => (path_and_query, ""),
    };
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (index, &segment) in segments.iter().enumerate() {
        let is_last = index + 1 == segments.len();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("/{}{query}", kept.join("/"))
}
