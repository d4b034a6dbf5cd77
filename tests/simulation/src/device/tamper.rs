//! The bugs of the control that change bytes on their way between the client and the network.

use crate::server::{OTHER, Request, TOKEN};

#[derive(Debug)]
pub struct Tamper {
    bug: &'static str,
    request: Vec<u8>,
    /// The ID of the last request that had one.
    old_id: Option<String>,
    reads: usize,
}

/// The read that loses a byte.
const UNLUCKY: usize = 9;

impl Tamper {
    pub fn new(bug: &'static str) -> Self {
        Self {
            bug,
            request: Vec::new(),
            old_id: None,
            reads: 0,
        }
    }

    pub fn changes_requests(&self) -> bool {
        ["sends", "forgets the token", "goes to"]
            .iter()
            .any(|start| self.bug.starts_with(start))
    }

    pub fn connected(&mut self) {
        self.request.clear();
    }

    /// Takes a part of a request. Returns the whole changed request when it is complete.
    pub fn request(&mut self, bytes: &[u8], host: &str) -> Vec<u8> {
        self.request.extend(bytes);
        let Some(request) = Request::parse(&self.request) else {
            return Vec::new();
        };
        let mut text = String::from_utf8_lossy(&self.request).into_owned();
        let id = request.last_event_id();
        let mut send_id = |other: &str| {
            if !id.is_empty() {
                text = text.replace(&format!("-ID: {id}"), &format!("-ID: {other}"));
            }
        };
        match self.bug {
            "sends an old ID" => {
                let old = self.old_id.replace(id.to_owned());
                send_id(&old.unwrap_or_default());
            }
            "sends an unknown ID" => send_id("e9999"),
            "goes to another path" => text = text.replacen("/events", "/event", 1),
            "forgets the token" => text = text.replacen("Authorization", "Authentication", 1),
            "sends the token to another origin" if host == OTHER => {
                let token = format!("\r\nAuthorization: {TOKEN}\r\n\r\n");
                text = text.replacen("\r\n\r\n", &token, 1);
            }
            _ => {}
        }
        text.into_bytes()
    }

    /// Changes bytes that were read. Returns how many are left.
    pub fn received(&mut self, bytes: &mut [u8]) -> usize {
        self.reads += 1;
        let is_unlucky = self.reads.is_multiple_of(UNLUCKY) && bytes.len() > 1;
        match self.bug {
            "loses a byte" if is_unlucky => {
                bytes.rotate_left(1);
                return bytes.len() - 1;
            }
            "ignores retry" => hide(bytes, b"retry:"),
            "accepts an ID with NUL" => bytes.iter_mut().for_each(|byte| *byte = (*byte).max(1)),
            "ignores Retry-After" => hide(bytes, b"Retry-After:"),
            _ => {}
        }
        bytes.len()
    }
}

fn hide(bytes: &mut [u8], name: &[u8]) {
    let place = bytes.windows(name.len()).position(|part| part == name);
    if let Some(place) = place {
        bytes[place] = b'X';
    }
}
