//! The command line of `tail`.

use std::time::Duration;

use embedded_sse::{Policy, Request, Url};
use lexopt::prelude::*;

use crate::common::{Memory, bad_usage, help, integer, number};

const USAGE: &str = "\
usage: tail [OPTIONS] [URL]

Follows the event stream at URL (http://… or https://…), connects again when it is lost, and
resumes where it was. Without a URL it follows a demo server of its own that misbehaves.

Options:
  --header 'Name: value'          send this header too; can be repeated
  --last-event-id ID              resume after this ID
  --method M                      default GET, or POST with --body
  --body TEXT                     send this body
  --reconnect-post                send a POST again after a loss
  --max-reconnection-attempts N   give up after N attempts in a row; 0: never reconnect
  --reconnection-time MS          base of the delay until the server sets one (default 3000)
  --max-delay MS                  upper limit of the growing delay (default 30000)
  --no-jitter                     add no random time to the delay
  --healthy-time MS               each period of this length that a connection stays open takes back
                                  one failure, so that the delay shrinks (default 8000)
  --connect-timeout MS            from the DNS query to the connection, or never (default 30000)
  --response-timeout MS           from the connection to the response, or never (default 300000)
  --idle-timeout MS               the longest silence of an open stream, or never (default never)
  --max-redirects N               follow at most N redirects in a row (default 20)
  --insecure                      accept any certificate of an https server
  --comments                      show comments
  --retry                         show retry fields
  --count N                       stop after N events
  --json                          write one JSON object per line
  --help                          show this

MS is in milliseconds. A timeout can also be the word never: --idle-timeout never.

For https, the root certificates of this computer are used, or those in the file that the
environment variable SSL_CERT_FILE names.

The exit status is 0 after a 204, --count or Ctrl-C, or when the whole response to a POST has
arrived; 1 if the stream has stopped for another reason; 2 for bad usage.
";

pub struct Options {
    /// Empty if none was given.
    pub url: String,
    pub policy: Policy,
    pub count: Option<u64>,
    pub json: bool,
    pub is_insecure: bool,
    method: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<String>,
    repeatable: bool,
    max_redirects: Option<u8>,
}

impl Options {
    /// Settings of the decoder are applied to it directly.
    pub fn from_args(decoder: &mut Memory) -> Self {
        read(decoder).unwrap_or_else(|problem| bad_usage(problem, USAGE))
    }

    pub fn headers(&self) -> Vec<(&str, &str)> {
        let pairs = self.headers.iter();
        pairs.map(|(name, value)| (&name[..], &value[..])).collect()
    }

    pub fn request<'a>(&'a self, headers: &'a [(&'a str, &'a str)]) -> Request<'a> {
        let url = Url::parse(&self.url).unwrap_or_else(|invalid| refuse(invalid));
        let mut request = match &self.body {
            Some(body) => Request::post(url, body.as_bytes()),
            None => Request::get(url),
        };
        if let Some(method) = &self.method {
            request.method = method;
        }
        request.headers = headers;
        request.repeatable = self.repeatable;
        if let Some(max_redirects) = self.max_redirects {
            request.max_redirects = max_redirects;
        }
        request
    }
}

pub fn refuse(problem: impl std::fmt::Display) -> ! {
    bad_usage(problem, USAGE)
}

fn read(decoder: &mut Memory) -> Result<Options, lexopt::Error> {
    let mut options = Options {
        url: String::new(),
        policy: Policy::DEFAULT,
        count: None,
        json: false,
        is_insecure: false,
        method: None,
        headers: Vec::new(),
        body: None,
        repeatable: false,
        max_redirects: None,
    };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        let policy = &mut options.policy;
        match arg {
            Long("header") => {
                let header = args.value()?.string()?;
                let (name, value) = header.split_once(':').ok_or_else(|| {
                    format!("--header {header:?} is not of the form 'Name: value'")
                })?;
                options.headers.push((name.into(), value.trim().into()));
            }
            Long("last-event-id") => decoder
                .set_last_event_id(&args.value()?.string()?)
                .map_err(|invalid| invalid.to_string())?,
            Long("method") => options.method = Some(args.value()?.string()?),
            Long("body") => options.body = Some(args.value()?.string()?),
            Long("reconnect-post") => options.repeatable = true,
            Long("max-reconnection-attempts") => {
                policy.max_reconnection_attempts =
                    Some(number(&mut args, "max-reconnection-attempts")?);
            }
            Long("reconnection-time") => {
                policy.reconnection_time = millis(&mut args, "reconnection-time")?
            }
            Long("max-delay") => policy.max_delay = millis(&mut args, "max-delay")?,
            Long("no-jitter") => policy.jitter_percent = 0,
            Long("healthy-time") => policy.healthy_time = millis(&mut args, "healthy-time")?,
            Long("connect-timeout") => {
                policy.connect_timeout = timeout(&mut args, "connect-timeout")?
            }
            Long("response-timeout") => {
                policy.response_timeout = timeout(&mut args, "response-timeout")?
            }
            Long("idle-timeout") => policy.idle_timeout = timeout(&mut args, "idle-timeout")?,
            Long("max-redirects") => {
                options.max_redirects = Some(number(&mut args, "max-redirects")?)
            }
            Long("insecure") => options.is_insecure = true,
            Long("comments") => decoder.show_comments(true),
            Long("retry") => decoder.show_retry(true),
            Long("count") => options.count = Some(number(&mut args, "count")?),
            Long("json") => options.json = true,
            Long("help") | Short('h') => help(USAGE),
            Value(url) if options.url.is_empty() => {
                options.url = url.string()?;
                if options.url.is_empty() {
                    return Err("the URL is empty".into());
                }
            }
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(options)
}

fn millis(args: &mut lexopt::Parser, option: &str) -> Result<Duration, lexopt::Error> {
    number(args, option).map(Duration::from_millis)
}

/// `None` means no limit.
fn timeout(args: &mut lexopt::Parser, option: &str) -> Result<Option<Duration>, lexopt::Error> {
    let value = args.value()?.string()?;
    if value == "never" {
        return Ok(None);
    }
    match integer(option, &value) {
        Ok(ms) => Ok(Some(Duration::from_millis(ms))),
        Err(problem) => Err(format!("{problem}, nor \"never\"").into()),
    }
}
