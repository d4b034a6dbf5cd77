//! Requests, and what of them follows a redirect.

use super::client::{Attempt, Client};
use super::url::Url;
use crate::case::Wrong;

const SECRETS: [&str; 4] = ["Authorization", "Proxy-Authorization", "Cookie", "Host"];
const ABOUT_BODY: [&str; 4] = [
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-Type",
];

impl Client {
    /// The request of this attempt. The order of its headers does not matter.
    pub fn request(&self, attempt: &Attempt) -> Vec<u8> {
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, value) in &self.setup.headers {
            let is_secret = SECRETS
                .iter()
                .any(|secret| secret.eq_ignore_ascii_case(name));
            // Fetch: headers about the body go with the body.
            let is_about_body = ABOUT_BODY
                .iter()
                .any(|header| header.eq_ignore_ascii_case(name));
            if !(is_secret && attempt.has_left || is_about_body && !attempt.has_body) {
                headers.push((name.clone(), value.clone()));
            }
        }
        let mut ours = vec![
            ("Host", attempt.url.authority()),
            ("Accept", "text/event-stream".into()),
            ("Accept-Encoding", "identity".into()),
            ("Cache-Control", "no-cache".into()),
        ];
        if !self.last_event_id.is_empty() && is_header_value(&self.last_event_id) {
            ours.push(("Last-Event-ID", self.last_event_id.clone()));
        }
        let body = if attempt.has_body {
            &self.setup.body[..]
        } else {
            b""
        };
        if attempt.method != "GET" || !body.is_empty() {
            ours.push(("Content-Length", body.len().to_string()));
        }
        for (name, value) in ours {
            if !headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name)) {
                headers.push((name.into(), value));
            }
        }
        let slash = if attempt.url.path.starts_with('/') {
            ""
        } else {
            "/"
        };
        let mut request = format!(
            "{} {slash}{} HTTP/1.1\r\n",
            attempt.method, attempt.url.path
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        [request.as_bytes(), b"\r\n", body].concat()
    }

    /// The last event ID that the request sends.
    pub fn sent_id(&self) -> &str {
        if is_header_value(&self.last_event_id) {
            &self.last_event_id
        } else {
            ""
        }
    }
}

impl Attempt {
    /// Goes to the target of a redirect with this status.
    pub fn follow(&mut self, status: u16, target: Url, original: &Url, wrong: Option<Wrong>) {
        let becomes_get = match status {
            303 => wrong != Some(Wrong::SeeOtherKeepsMethod),
            301 | 302 => self.method == "POST",
            _ => false,
        };
        if becomes_get && self.method != "GET" {
            self.method = "GET".into();
            self.has_body = false;
            self.has_new_method = true;
            self.is_permanent = false;
        }
        let is_elsewhere = !target.has_origin_of(original, wrong);
        self.has_left = match wrong {
            Some(Wrong::SecretsComeBack) => is_elsewhere,
            Some(Wrong::SecretsFollow) => false,
            _ => self.has_left || is_elsewhere,
        };
        self.is_permanent &= matches!(status, 301 | 308);
        self.redirects += 1;
        self.occupied = target.text().len();
        self.url = target;
    }
}

pub fn is_header_value(text: &str) -> bool {
    let is_edge = |c| c == ' ' || c == '\t';
    !text.starts_with(is_edge)
        && !text.ends_with(is_edge)
        && text.bytes().all(|b| b == b'\t' || !b.is_ascii_control())
}
