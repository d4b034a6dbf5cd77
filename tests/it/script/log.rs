//! The log of a run.

use embedded_sse::{Head, Item, LossCause, Stop};

/// What happened in a run. Times are milliseconds since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// What was reported to the application, with the time.
    pub lines: Vec<(u64, String)>,
    /// The same lines, together with the events of the network: "ready" (before an attempt),
    /// "connect", "flush" and "closed". Each line begins with its time.
    pub all: Vec<String>,
    /// The origins that the source wanted to connect to.
    pub origins: Vec<String>,
    /// The bytes written on each connection that was made. Each byte is one `char`, as in Latin-1.
    pub requests: Vec<String>,
    pub losses: Vec<LossCause>,
    pub delays: Vec<u64>,
    /// The last stop.
    pub stop: Option<Stop>,
    pub response: Option<Response>,
    pub last_event_id: String,
}

/// The response that stopped the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Log {
    pub fn told(&self) -> Vec<&str> {
        self.lines.iter().map(|(_, line)| line.as_str()).collect()
    }

    /// The lines, each with its time in front.
    pub fn timed(&self) -> Vec<String> {
        let lines = self.lines.iter();
        lines.map(|(time, line)| format!("{time} {line}")).collect()
    }

    pub fn time_of(&self, line: &str) -> u64 {
        let found = self.lines.iter().find(|(_, other)| other == line);
        found.unwrap_or_else(|| panic!("{line} in {self:#?}")).0
    }

    /// The values of a header of a request.
    pub fn headers(&self, request: usize, name: &str) -> Vec<&str> {
        let (head, _) = self.requests[request].split_once("\r\n\r\n").unwrap();
        let lines = head.split("\r\n").skip(1);
        let fields = lines.map(|line| line.split_once(": ").unwrap());
        let fields = fields.filter(|(other, _)| other.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| value).collect()
    }

    /// The value of a header of a request, or `None` if it is missing. Panics if it occurs twice.
    pub fn header(&self, request: usize, name: &str) -> Option<&str> {
        match self.headers(request, name)[..] {
            [] => None,
            [value] => Some(value),
            _ => panic!("{name} twice"),
        }
    }

    /// The request line of each request, without the version.
    pub fn request_lines(&self) -> Vec<&str> {
        let requests = self.requests.iter();
        let lines = requests.map(|request| request.split_once(" HTTP/1.1\r\n").unwrap().0);
        lines.collect()
    }
}

impl Response {
    pub(super) fn new((head, body): (Head<'_>, &[u8])) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = head.headers();
        Self {
            status: head.status(),
            headers: headers
                .map(|(name, value)| (name.into(), text(value)))
                .collect(),
            body: text(body),
        }
    }
}

/// The lines of the log for an item.
pub fn lines_of(item: Item<'_>) -> Vec<String> {
    match item {
        Item::Lost(wait) => vec![
            format!("lost {:?}", wait.cause),
            format!("wait {}", wait.delay.as_millis()),
        ],
        Item::Stopped(stop) => {
            let cause = stop.cause.map(|cause| format!("lost {cause:?}"));
            let stop = format!("stop {:?}", stop.reason);
            cause.into_iter().chain([stop]).collect()
        }
        Item::Open(head) => vec![format!("open {}", head.status())],
        Item::Event(event) if event.last_event_id.is_empty() => {
            vec![format!("{}: {}", event.event_type, event.data)]
        }
        Item::Event(event) => {
            let id = event.last_event_id;
            vec![format!("{} {id}: {}", event.event_type, event.data)]
        }
        Item::Comment(comment) => vec![format!("comment{comment}")],
        Item::Retry(time) => vec![format!("retry {}", time.as_millis())],
        Item::TooLong(part) => vec![format!("too long: {part:?}")],
        other => vec![format!("{other:?}")],
    }
}

/// The log's lines for an item, joined to one.
pub fn line_of(item: Item<'_>) -> String {
    lines_of(item).join(", ")
}
