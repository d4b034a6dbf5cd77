//! Where an attempt goes: the URL, redirects, and what may be sent there.

use crate::plan::{Plan, Settings};
use crate::server;

#[derive(Clone, Debug)]
pub struct Attempt {
    /// The number of the attempt.
    pub number: u32,
    /// The URL of the application.
    first: String,
    /// The URL of the next request.
    pub url: String,
    pub redirects: u8,
    /// Whether a GET is sent in place of a POST.
    pub as_get: bool,
    /// Whether the attempt has been at another origin.
    pub has_left: bool,
    is_permanent: bool,
    /// Where permanent redirects led to a stream.
    remembered: Option<(String, bool)>,
}

impl Attempt {
    pub fn new(plan: &Plan) -> Self {
        Self {
            number: 0,
            first: server::url(plan),
            url: String::new(),
            redirects: 0,
            as_get: false,
            has_left: false,
            is_permanent: true,
            remembered: None,
        }
    }

    /// Begins the next attempt.
    pub fn begin(&mut self) {
        self.number += 1;
        let remembered = self.remembered.clone();
        (self.url, self.has_left) = remembered.unwrap_or_else(|| (self.first.clone(), false));
        self.redirects = 0;
        self.as_get = false;
        self.is_permanent = true;
    }

    /// The source forgets permanent redirects.
    pub fn forget(&mut self) {
        self.remembered = None;
    }

    pub fn opened(&mut self, settings: &Settings) {
        if settings.remembers && self.redirects > 0 && self.is_permanent {
            self.remembered = Some((self.url.clone(), self.has_left));
        }
    }

    pub fn follow(&mut self, location: &str, status: u16, is_post: bool) {
        self.redirects += 1;
        let changes_method = is_post && !self.as_get && matches!(status, 301..=303);
        self.is_permanent &= !changes_method && matches!(status, 301 | 308);
        self.as_get |= changes_method;
        self.url = match location.starts_with('/') {
            true => self.origin().to_owned() + location,
            false => location.to_owned(),
        };
        self.has_left |= self.origin() != split(&self.first).0;
    }

    pub fn origin(&self) -> &str {
        split(&self.url).0
    }

    pub fn path(&self) -> &str {
        split(&self.url).1
    }
}

/// The origin and the path. The server sends only URLs with a path.
fn split(url: &str) -> (&str, &str) {
    let host = url.find("://").expect("a scheme") + 3;
    let path = url[host..].find('/').expect("a path");
    url.split_at(host + path)
}
