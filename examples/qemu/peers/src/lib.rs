//! An event stream decoded by hand, and the delays between connections, as an application would
//! write them around an HTTP client. `README.md` says what it does not do.
#![no_std]

use core::hint::black_box;
use core::str;

use embassy_time::{Duration, Timer};
use firmware::footprint::{DATA, META};
use heapless::Vec;

/// How a connection ended.
pub enum End {
    /// The server wants no more connections.
    NoContent,
    Lost,
}

/// The state of the stream and of the delays.
pub struct Events {
    line: Vec<u8, DATA>,
    line_is_too_long: bool,
    after_cr: bool,
    data: Vec<u8, DATA>,
    is_too_long: bool,
    event_type: Vec<u8, META>,
    last_event_id: Vec<u8, META>,
    /// The ID of the unfinished event.
    id: Vec<u8, META>,
    /// The reconnection time that the server asked for, in milliseconds.
    retry: Option<u64>,
    attempt: u32,
}

impl Events {
    pub const fn new() -> Self {
        Self {
            line: Vec::new(),
            line_is_too_long: false,
            after_cr: false,
            data: Vec::new(),
            is_too_long: false,
            event_type: Vec::new(),
            last_event_id: Vec::new(),
            id: Vec::new(),
            retry: None,
            attempt: 0,
        }
    }

    /// For the header `Last-Event-ID`.
    pub fn last_event_id(&self) -> &str {
        str::from_utf8(&self.last_event_id).unwrap_or_default()
    }

    /// Begins a stream.
    pub fn begin(&mut self) {
        self.line.clear();
        self.line_is_too_long = false;
        self.after_cr = false;
        self.attempt = 0;
        self.id.clone_from(&self.last_event_id);
        self.clear();
    }

    /// Waits before the next connection.
    pub async fn wait(&mut self) {
        let delay = self.retry.unwrap_or(100).min(300_000) << self.attempt.min(16);
        self.attempt = self.attempt.saturating_add(1);
        Timer::after(Duration::from_millis(delay.min(300_000))).await;
    }

    /// Decodes bytes of the stream.
    pub fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                b'\n' if self.after_cr => self.after_cr = false,
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    self.end_line();
                }
                _ => {
                    self.after_cr = false;
                    self.line_is_too_long |= self.line.push(byte).is_err();
                }
            }
        }
    }

    fn end_line(&mut self) {
        if self.line.is_empty() {
            self.dispatch();
        } else if self.line_is_too_long {
            self.is_too_long = true;
        } else {
            self.field();
        }
        self.line.clear();
        self.line_is_too_long = false;
    }

    fn field(&mut self) {
        let colon = self.line.iter().position(|&byte| byte == b':');
        let (name, value) = self.line.split_at(colon.unwrap_or(self.line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                self.is_too_long |= self.data.extend_from_slice(value).is_err();
                self.is_too_long |= self.data.push(b'\n').is_err();
            }
            b"event" => {
                self.event_type.clear();
                self.is_too_long |= self.event_type.extend_from_slice(value).is_err();
            }
            b"id" if !value.contains(&0) && value.len() <= META => {
                self.id.clear();
                let _fits = self.id.extend_from_slice(value);
            }
            b"retry" => {
                let number = str::from_utf8(value)
                    .ok()
                    .and_then(|text| text.parse().ok());
                self.retry = number.or(self.retry);
            }
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        self.last_event_id.clone_from(&self.id);
        let data = self.data.strip_suffix(b"\n");
        if let (Some(data), false) = (data, self.is_too_long) {
            let event_type = str::from_utf8(&self.event_type).unwrap_or_default();
            if let Ok(data) = str::from_utf8(data) {
                black_box((event_type, data, self.last_event_id()));
            }
        }
        self.clear();
    }

    fn clear(&mut self) {
        self.data.clear();
        self.event_type.clear();
        self.is_too_long = false;
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}
