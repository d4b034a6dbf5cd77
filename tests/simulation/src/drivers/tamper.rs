//! The bugs of the control that change bytes on their way between the client and the network.

use crate::device::Bug;
use crate::server::{HOST, TOKEN};

#[derive(Debug)]
pub struct Tamper {
    bug: Option<Bug>,
    request: Vec<u8>,
    /// The ID of the last request that had one.
    old_id: Option<String>,
    reads: usize,
}

/// The read that loses a byte.
const UNLUCKY: usize = 9;

impl Tamper {
    pub fn new(bug: Option<Bug>) -> Self {
        Self {
            bug,
            request: Vec::new(),
            old_id: None,
            reads: 0,
        }
    }

    pub fn connected(&mut self) {
        self.request.clear();
    }

    /// Returns the whole request when it is complete.
    pub fn request(&mut self, bytes: &[u8], host: &str) -> Option<Vec<u8>> {
        self.request.extend(bytes);
        if !self.request.ends_with(b"\r\n\r\n") {
            return None;
        }
        let mut text = String::from_utf8_lossy(&self.request).into_owned();
        let id = text.lines().find_map(|line| {
            let id = line.strip_prefix("Last-Event-ID: ")?;
            Some(id.to_owned())
        });
        match (self.bug, id) {
            (Some(Bug::SendsAnOldId), Some(id)) => {
                let old = self.old_id.replace(id.clone()).unwrap_or(id.clone());
                text = text.replace(&format!("-ID: {id}"), &format!("-ID: {old}"));
            }
            (Some(Bug::GoesToAnotherPath), _) => text = text.replacen("/events", "/event", 1),
            (Some(Bug::ForgetsTheToken), _) => {
                text = text.replace(&format!("Authorization: {TOKEN}\r\n"), "");
            }
            (Some(Bug::SendsAnUnknownId), Some(id)) => {
                text = text.replace(&format!("-ID: {id}"), "-ID: e9999");
            }
            (Some(Bug::SendsTheTokenToAnotherOrigin), _) if host != HOST => {
                let token = format!("\r\nAuthorization: {TOKEN}\r\n\r\n");
                text = text.replace("\r\n\r\n", &token);
            }
            _ => {}
        }
        Some(text.into_bytes())
    }

    pub fn received(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.reads += 1;
        let mut bytes = bytes.to_vec();
        match self.bug {
            Some(Bug::LosesAByte) if self.reads.is_multiple_of(UNLUCKY) => {
                bytes.remove(0);
            }
            Some(Bug::IgnoresRetry) => hide(&mut bytes, b"retry:"),
            Some(Bug::IgnoresRetryAfter) => hide(&mut bytes, b"Retry-After:"),
            _ => {}
        }
        bytes
    }
}

fn hide(bytes: &mut [u8], name: &[u8]) {
    let place = bytes.windows(name.len()).position(|part| part == name);
    if let Some(place) = place {
        bytes[place] = b'X';
    }
}
