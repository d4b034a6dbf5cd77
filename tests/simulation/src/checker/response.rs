//! A response, read from all its bytes at once: an independent and slow reader of HTTP.

use embedded_sse::LossCause;

/// What the bytes of a response say so far.
#[derive(Clone, Debug, PartialEq)]
pub enum Head {
    /// The head has not ended.
    Unfinished,
    /// This is no HTTP.
    Malformed,
    Complete {
        status: u16,
        headers: Vec<(String, String)>,
        /// Where the body begins.
        end: usize,
    },
}

impl Head {
    pub fn parse(bytes: &[u8]) -> Self {
        let mut start = 0;
        loop {
            let rest = &bytes[start..];
            let prefix = &b"HTTP/1."[..rest.len().min(7)];
            if !rest.starts_with(prefix) {
                return Self::Malformed;
            }
            let Some(len) = find(rest, b"\r\n\r\n") else {
                return Self::Unfinished;
            };
            let text = String::from_utf8_lossy(&rest[..len]).into_owned();
            start += len + 4;
            let status = text.get(9..12).and_then(|status| status.parse().ok());
            let status: u16 = status.expect("the server sends valid status lines");
            if status >= 200 {
                let lines = text.split("\r\n").skip(1);
                let headers = lines.filter_map(|line| line.split_once(": "));
                return Self::Complete {
                    status,
                    headers: headers
                        .map(|(name, value)| (name.to_owned(), value.to_owned()))
                        .collect(),
                    end: start,
                };
            }
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let Self::Complete { headers, .. } = self else {
            return None;
        };
        let mut named = headers.iter().filter(|(other, _)| other == name);
        named.next().map(|(_, value)| value.as_str())
    }

    pub fn is_stream(&self) -> bool {
        let is_type = |name: &str| name.starts_with("text/event-stream");
        matches!(self, Self::Complete { status: 200, .. })
            && self.header("Content-Type").is_some_and(is_type)
    }
}

/// How far the body has come.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// More must follow before the connection ends.
    Unfinished,
    /// It lasts until the connection ends.
    UntilClose,
    Complete,
    Invalid,
}

/// The payload of a body without its framing.
pub fn payload(head: &Head, body: &[u8]) -> (Vec<u8>, State) {
    if head.header("Transfer-Encoding") == Some("chunked") {
        return chunked(body);
    }
    match head.header("Content-Length") {
        None => (body.to_vec(), State::UntilClose),
        Some(length) => {
            let length: usize = length.parse().expect("the server sends valid lengths");
            match body.get(..length) {
                Some(whole) => (whole.to_vec(), State::Complete),
                None => (body.to_vec(), State::Unfinished),
            }
        }
    }
}

fn chunked(mut rest: &[u8]) -> (Vec<u8>, State) {
    let mut payload = Vec::new();
    loop {
        // The size is judged as it comes, since a client need not wait for the end of the line.
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit());
        let digits = digits.count();
        let (size, after) = rest.split_at(digits);
        match after {
            [] => return (payload, State::Unfinished),
            [b'\r'] if digits > 0 => return (payload, State::Unfinished),
            [b'\r', b'\n', after @ ..] if digits > 0 => {
                let size = std::str::from_utf8(size).expect("ASCII");
                let size = usize::from_str_radix(size, 16).expect("a small chunk");
                if size == 0 {
                    let end = &b"\r\n"[..after.len().min(2)];
                    let state = match after.starts_with(end) {
                        false => State::Invalid,
                        true if after.len() < 2 => State::Unfinished,
                        true => State::Complete,
                    };
                    return (payload, state);
                }
                if after.len() < size {
                    payload.extend(after);
                    return (payload, State::Unfinished);
                }
                let (data, after) = after.split_at(size);
                payload.extend(data);
                match after {
                    [] | [b'\r'] => return (payload, State::Unfinished),
                    [b'\r', b'\n', after @ ..] => rest = after,
                    _ => return (payload, State::Invalid),
                }
            }
            _ => return (payload, State::Invalid),
        }
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// Whether two causes are of the same kind. What is in them depends on the client's memory.
pub fn is_same(one: LossCause, other: LossCause) -> bool {
    match (one, other) {
        (LossCause::Head(_), LossCause::Head(_)) => true,
        (LossCause::Chunk(_), LossCause::Chunk(_)) => true,
        (one, other) => one == other,
    }
}
