//! What `tail` prints: for people, in colour on a terminal, or one JSON object per line.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::time::Instant;

use embedded_sse::{Head, InvalidRedirect, Item, LossCause, Stop, StopReason, Wait};
use serde_json::{Value, json};

use crate::common::{is_unsafe, line, millis, to_json};

pub struct Show {
    out: BufWriter<Stdout>,
    json: bool,
    colour: bool,
    start: Instant,
    last_event_id: String,
    /// The result of a flush, which the next item returns.
    failure: io::Result<()>,
}

const RED: u8 = 31;
const GREEN: u8 = 32;
const YELLOW: u8 = 33;
const CYAN: u8 = 36;
const GREY: u8 = 90;

impl Show {
    pub fn new(json: bool, last_event_id: &str) -> Self {
        let stdout = io::stdout();
        let colour = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self {
            out: BufWriter::new(stdout),
            json,
            colour,
            start: Instant::now(),
            last_event_id: last_event_id.to_owned(),
            failure: Ok(()),
        }
    }

    /// Call this before every operation that blocks.
    pub fn flush(&mut self) {
        if self.failure.is_ok() {
            self.failure = self.out.flush();
        }
    }

    pub fn item(&mut self, item: &Item<'_>) -> io::Result<()> {
        std::mem::replace(&mut self.failure, Ok(()))?;
        match item {
            Item::Event(event) => event.last_event_id.clone_into(&mut self.last_event_id),
            Item::Lost(wait) => return self.wait(*wait),
            // Shown by `stop` together with the response, when the loop no longer borrows the source.
            Item::Stopped(_) => return Ok(()),
            _ => {}
        }
        if self.json {
            return self.object(&to_json(item));
        }
        match item {
            Item::Open(head) => self.line(GREEN, "open", &format!("status {}", head.status())),
            Item::Event(event) => {
                let mut text = String::from(event.event_type);
                if !event.last_event_id.is_empty() {
                    text = format!("{text} (id {})", event.last_event_id);
                }
                self.line(CYAN, "event", &format!("{text}: {}", event.data))
            }
            Item::Comment(comment) => self.line(GREY, "comment", comment),
            Item::Retry(time) => self.line(GREY, "retry", &format!("{} ms", millis(*time))),
            Item::TooLong(part) => self.line(RED, "too long", &part.to_string()),
            other => self.line(GREY, "other", &format!("{other:?}")),
        }
    }

    fn wait(&mut self, wait: Wait) -> io::Result<()> {
        self.lost(wait.cause)?;
        let ms = millis(wait.delay);
        if self.json {
            self.object(&json!({"kind": "waiting", "ms": ms}))?;
        } else if self.last_event_id.is_empty() {
            self.line(YELLOW, "waiting", &format!("{ms} ms"))?;
        } else {
            let text = format!("{ms} ms, to resume after id {}", self.last_event_id);
            self.line(YELLOW, "waiting", &text)?;
        }
        self.out.flush()
    }

    /// Shows the end.
    pub fn stop(&mut self, stop: Stop, response: Option<(Head<'_>, &[u8])>) -> io::Result<()> {
        let Stop {
            reason: why,
            cause,
            status,
            ..
        } = stop;
        // The whole response was received, so nothing was lost.
        if let Some(cause) = cause
            && why != StopReason::Ended
        {
            self.lost(cause)?;
        }
        if self.json {
            let reason = reason(why);
            self.object(&json!({"kind": "stopped", "reason": reason, "status": status}))?;
            return self.out.flush();
        }
        let status = match (why, response) {
            // The reason's name says it.
            (StopReason::NoContent, _) => String::new(),
            (_, Some((head, _))) => format!(" (status {})", head.status()),
            _ => String::new(),
        };
        let text = format!("{why}{status}");
        let option = match why {
            StopReason::Attempts => "--max-reconnection-attempts",
            StopReason::NotRepeatable => "--reconnect-post",
            StopReason::Redirect(InvalidRedirect::TooMany) => "--max-redirects",
            _ => "",
        };
        self.line(YELLOW, "stopped", &with_option(text, option))?;
        if let Some((head, body)) = response {
            for (name, value) in head.headers() {
                let value = String::from_utf8_lossy(value);
                self.line(GREY, "header", &format!("{name}: {value}"))?;
            }
            if !body.is_empty() {
                self.line(GREY, "body", &String::from_utf8_lossy(body))?;
            }
        }
        self.out.flush()
    }

    /// Shows an error that only the transport knows. For JSON it goes to standard error.
    pub fn trouble(&mut self, error: &str) {
        if self.json {
            eprintln!("{}", printable(error));
        } else {
            self.failure = self.line(GREY, "error", error);
        }
    }

    fn lost(&mut self, cause: LossCause) -> io::Result<()> {
        if !self.json {
            let option = match cause {
                LossCause::ConnectTimeout => "--connect-timeout",
                LossCause::ResponseTimeout => "--response-timeout",
                LossCause::IdleTimeout => "--idle-timeout",
                _ => "",
            };
            return self.line(RED, "lost", &with_option(cause.to_string(), option));
        }
        let (cause, status) = match cause {
            LossCause::Connect => ("connect", None),
            LossCause::Transport => ("transport", None),
            LossCause::ConnectTimeout => ("connect_timeout", None),
            LossCause::ResponseTimeout => ("response_timeout", None),
            LossCause::IdleTimeout => ("idle_timeout", None),
            LossCause::End => ("end", None),
            LossCause::CutOff => ("cut_off", None),
            LossCause::Head(_) => ("head", None),
            LossCause::Chunk(_) => ("chunk", None),
            LossCause::Status(status) => ("status", Some(status)),
            _ => ("other", None),
        };
        let mut line = json!({"kind": "lost", "cause": cause});
        if let Some(status) = status {
            line["status"] = status.into();
        }
        self.object(&line)
    }

    fn object(&mut self, object: &Value) -> io::Result<()> {
        writeln!(self.out, "{}", line(object))
    }

    fn line(&mut self, colour: u8, kind: &str, text: &str) -> io::Result<()> {
        let seconds = self.start.elapsed().as_secs_f32();
        let text = printable(text);
        if self.colour {
            let (on, off) = (format!("\x1b[{colour}m"), "\x1b[0m");
            writeln!(self.out, "{seconds:7.3}  {on}{kind:8}{off}  {text}")
        } else {
            writeln!(self.out, "{seconds:7.3}  {kind:8}  {text}")
        }
    }
}

/// Names the option that changes it, if there is one.
fn with_option(text: String, option: &str) -> String {
    match option {
        "" => text,
        option => format!("{text} ({option})"),
    }
}

/// Escapes characters with which a server could move the cursor of the terminal.
fn printable(text: &str) -> String {
    let escape = |c: char| -> String {
        match c {
            '\n' => "\n                    ".into(),
            '\t' => c.into(),
            c if is_unsafe(c) => c.escape_default().to_string(),
            c => c.into(),
        }
    };
    text.chars().map(escape).collect()
}

fn reason(reason: StopReason) -> &'static str {
    match reason {
        StopReason::NoContent => "no_content",
        StopReason::Status => "status",
        StopReason::ContentType => "content_type",
        StopReason::ContentEncoding => "content_encoding",
        StopReason::Verdict => "verdict",
        StopReason::NoTls => "no_tls",
        StopReason::Redirect(_) => "redirect",
        StopReason::Attempts => "attempts",
        StopReason::Ended => "ended",
        StopReason::NotRepeatable => "not_repeatable",
        StopReason::Closed => "closed",
        _ => "other",
    }
}
