//! A request, as the server and the checker read it.

#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// Returns `None` until the request is complete.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n")?;
        let text = String::from_utf8_lossy(&bytes[..end]);
        let mut lines = text.split("\r\n");
        let mut first = lines.next()?.split(' ').map(str::to_owned);
        let fields = lines.filter_map(|line| line.split_once(": "));
        let mut request = Self {
            method: first.next()?,
            path: first.next()?,
            headers: fields
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: bytes[end + 4..].to_vec(),
        };
        let length = request.header("Content-Length").map_or(Ok(0), str::parse);
        let length: usize = length.ok()?;
        request.body = request.body.get(..length)?.to_vec();
        Some(request)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(other, _)| other == name);
        named.next().map(|(_, value)| value.as_str())
    }

    pub fn last_event_id(&self) -> &str {
        self.header("Last-Event-ID").unwrap_or_default()
    }
}
