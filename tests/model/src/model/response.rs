//! The head of a response, and what follows from it.

use std::time::Duration;

use embedded_sse::{InvalidHead, InvalidRedirect, LossCause, StopReason, Verdict};

use super::client::{Client, State};
use super::http::{Framing, Head, head_len, is_http, parse_head};
use super::url::Url;

/// The longest head that is counted.
const LONGEST_HEAD: usize = 65_536;
/// The body of a refusal is read for this time.
const KEPT_FOR: Duration = Duration::from_secs(1);

impl Client {
    /// Looks for a head in what has come. Returns the bytes after it.
    pub(super) fn head_bytes(&mut self, now: Duration, items: &mut Vec<Vec<String>>) -> Vec<u8> {
        let State::Head { bytes, .. } = &mut self.state else {
            return Vec::new();
        };
        let len = head_len(bytes);
        let occupied = self.attempt.occupied;
        if len.unwrap_or(bytes.len()) > LONGEST_HEAD {
            self.lost(
                LossCause::Head(InvalidHead::TooLong {
                    len: occupied + LONGEST_HEAD,
                }),
                now,
            );
            return Vec::new();
        }
        if !is_http(bytes) {
            self.lost(LossCause::Head(InvalidHead::Malformed), now);
            return Vec::new();
        }
        let Some(len) = len else { return Vec::new() };
        let rest = bytes.split_off(len);
        let bytes = bytes.clone();
        if !self.fits(occupied + len, occupied > 0) {
            self.lost(
                LossCause::Head(InvalidHead::TooLong {
                    len: occupied + len,
                }),
                now,
            );
            return rest;
        }
        match parse_head(&bytes) {
            Err(invalid) => self.lost(LossCause::Head(invalid), now),
            Ok(head) if (100..200).contains(&head.status) && head.status != 101 => {
                if let State::Head { bytes, .. } = &mut self.state {
                    bytes.clear();
                }
            }
            Ok(head) => self.judge(head, now, items),
        }
        rest
    }

    pub(super) fn judge(&mut self, head: Head, now: Duration, items: &mut Vec<Vec<String>>) {
        self.status = Some(head.status);
        let mut default = head.verdict(self.setup.wrong);
        let is_single = default == Verdict::Retry && !self.may_repeat();
        if is_single {
            default = Verdict::Stop;
        }
        // After a 101 there is nothing to decide.
        if head.status != 101 {
            self.told
                .push(vec![format!("verdict {} {default:?}", head.status)]);
        }
        let verdict = match self.setup.judge {
            Some((status, verdict)) if status == head.status => {
                self.attempt.may_retry |= verdict == Verdict::Retry && !self.attempt.has_new_method;
                verdict
            }
            _ => default,
        };
        // The framing of a body matters only if the body does.
        let framing = match head.framing() {
            Err(invalid) if matches!(verdict, Verdict::Open | Verdict::Collect) => {
                self.lost(LossCause::Head(invalid), now);
                if self.is_stopped() {
                    self.response = Some((head, Vec::new()));
                }
                return;
            }
            framing => framing,
        };
        let body_framing = framing.unwrap_or(Framing::Length(0));
        let keep = |stop| State::Keep {
            framing: body_framing,
            raw: Vec::new(),
            opened_at: now,
            heard_at: now,
            stop,
        };
        let (reason, cause) = match verdict {
            Verdict::Open => return self.open(head, body_framing, now, items),
            Verdict::Collect => {
                self.response = Some((head, Vec::new()));
                self.state = keep(None);
                return self.body_bytes(now, items);
            }
            Verdict::Finish => {
                self.response = Some((head, Vec::new()));
                return self.stop(self.stop_for(StopReason::Finished, None));
            }
            Verdict::Retry => {
                let cause = LossCause::Status(head.status);
                match self.next_wait(cause, None, head.retry_after()) {
                    Ok((min, max)) => return self.wait(cause, min, max, now),
                    Err(reason) => (reason, Some(cause)),
                }
            }
            Verdict::Follow => match self.target(&head) {
                Ok(target) => {
                    self.attempt
                        .follow(head.status, target, &self.url, self.setup.wrong);
                    return self.connect(now);
                }
                Err(invalid) => (StopReason::Redirect(invalid), None),
            },
            Verdict::Stop if default != Verdict::Stop => (StopReason::Verdict, None),
            Verdict::Stop if is_single => (
                StopReason::NotRepeatable,
                Some(LossCause::Status(head.status)),
            ),
            Verdict::Stop => match head.status {
                204 => (StopReason::NoContent, None),
                200 if !head.is_event_stream(self.setup.wrong) => (StopReason::ContentType, None),
                200 => (StopReason::ContentEncoding, None),
                _ => (StopReason::Status, None),
            },
        };
        let is_other_protocol = head.status == 101;
        self.response = Some((head, Vec::new()));
        let stop = self.stop_for(reason, cause);
        if is_other_protocol || framing.is_err() {
            return self.stop(stop);
        }
        self.state = keep(Some((stop, now + KEPT_FOR)));
        self.body_bytes(now, items);
    }

    pub(super) fn open(
        &mut self,
        head: Head,
        framing: Framing,
        now: Duration,
        items: &mut Vec<Vec<String>>,
    ) {
        let shown = vec![format!(
            "open {} {:?}",
            show_head(head.status, head.len, &head.headers),
            self.sent_id()
        )];
        self.told.push(shown.clone());
        items.push(shown);
        self.timer.opened();
        let attempt = &self.attempt;
        let fits = |len| attempt.url.text().len() <= len;
        let is_kept = attempt.redirects > 0 && attempt.is_permanent;
        if is_kept && self.setup.remember.is_some_and(fits) {
            self.remembered = Some((attempt.url.clone(), attempt.has_left));
        }
        let first_id = self.last_event_id.clone();
        let (opened_at, heard_at) = (now, now);
        self.state = State::Stream {
            framing,
            raw: Vec::new(),
            opened_at,
            heard_at,
            first_id,
            told: 0,
        };
        self.body_bytes(now, items);
    }

    /// Whether this many bytes fit in `DATA`, the URL of a redirect among them.
    pub(super) fn fits(&mut self, len: usize, has_url: bool) -> bool {
        self.is_unsure |= has_url && len.abs_diff(self.setup.data_len) < 16;
        len <= self.setup.data_len
    }

    pub(super) fn target(&mut self, head: &Head) -> Result<Url, InvalidRedirect> {
        if self.attempt.redirects >= u32::from(self.setup.max_redirects) {
            return Err(InvalidRedirect::TooMany);
        }
        let mut locations = head.values("Location");
        locations.dedup();
        let [location] = locations[..] else {
            return Err(InvalidRedirect::Location);
        };
        // Other headers make room for the URL, which may then fit or not.
        let working = self.attempt.url.text().len() + 3 * location.len();
        self.is_unsure |= self.attempt.occupied + head.len + working > self.setup.data_len;
        if location.is_empty() || location.starts_with(b"#") {
            return Err(InvalidRedirect::Location);
        }
        let target = self
            .attempt
            .url
            .resolve(location)
            .ok_or(InvalidRedirect::Location)?;
        match (self.attempt.url.https, target.https) {
            (true, false) => return Err(InvalidRedirect::Downgrade),
            (false, true) if !self.setup.allow_tls => return Err(InvalidRedirect::NoTls),
            _ => {}
        }
        let len = target.text().len();
        if len <= 8192 {
            Ok(target)
        } else {
            Err(InvalidRedirect::TooLong)
        }
    }
}

/// A head as a line. How much white space a fold leaves does not matter.
pub fn show_head(status: u16, len: usize, headers: &[(String, Vec<u8>)]) -> String {
    let mut line = format!("{status} {len}");
    for (name, value) in headers {
        let mut value: Vec<u8> = value
            .iter()
            .map(|&b| if b == b'\t' { b' ' } else { b })
            .collect();
        value.dedup_by(|a, b| *a == b' ' && *b == b' ');
        line += &format!(" [{name}: {}]", value.escape_ascii());
    }
    line
}
