//! Where an attempt goes: the URL, redirects, and what may be sent there.

use crate::plan::Settings;

#[derive(Clone, Debug)]
pub struct Attempt {
    /// The URL of the application.
    first: &'static str,
    /// The URL of the next request.
    pub url: String,
    pub redirects: u8,
    /// Whether the attempt has been at another origin.
    pub has_left: bool,
    is_permanent: bool,
    /// Where permanent redirects led to a stream.
    remembered: Option<(String, bool)>,
}

impl Attempt {
    pub fn new(first: &'static str) -> Self {
        Self {
            first,
            url: first.to_owned(),
            redirects: 0,
            has_left: false,
            is_permanent: true,
            remembered: None,
        }
    }

    /// Begins the next attempt.
    pub fn begin(&mut self) {
        let (url, has_left) = match &self.remembered {
            Some((url, has_left)) => (url.clone(), *has_left),
            None => (self.first.to_owned(), false),
        };
        *self = Self {
            url,
            has_left,
            remembered: self.remembered.take(),
            ..Self::new(self.first)
        };
    }

    /// The source forgets permanent redirects.
    pub fn forget(&mut self) {
        self.remembered = None;
        self.begin();
    }

    pub fn opened(&mut self, settings: &Settings) {
        if settings.remembers && self.redirects > 0 && self.is_permanent {
            self.remembered = Some((self.url.clone(), self.has_left));
        }
    }

    /// Whether another redirect may be followed.
    pub fn may_follow(&self, settings: &Settings) -> bool {
        self.redirects < settings.max_redirects
    }

    pub fn follow(&mut self, location: &str, status: u16) {
        self.redirects += 1;
        self.is_permanent &= matches!(status, 301 | 308);
        self.url = match location.starts_with('/') {
            true => origin_of(&self.url) + location,
            false => location.to_owned(),
        };
        self.has_left |= origin_of(&self.url) != origin_of(self.first);
    }

    pub fn origin(&self) -> String {
        origin_of(&self.url)
    }

    pub fn path(&self) -> &str {
        &self.url[self.origin().len()..]
    }
}

/// The server sends only URLs with a path.
fn origin_of(url: &str) -> String {
    let host = url.find("://").expect("a scheme") + 3;
    let path = url[host..].find('/').expect("a path");
    url[..host + path].to_owned()
}
