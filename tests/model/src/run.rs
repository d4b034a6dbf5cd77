//! Runs a case on the crate and on the model, and compares them after each call.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use embedded_sse::{Decoder, EventSource, Request, Step, Url};

use crate::case::{Op, Setup};
use crate::ears::{Ears, Items, owned};
use crate::model::client::{self, Client};
use crate::model::response::show_head;

#[derive(Debug)]
pub struct Difference {
    /// The index of the call after which they differ.
    pub op: usize,
    pub of_crate: String,
    pub of_model: String,
}

/// What the cases so far have reached, so that a generator that reaches nothing is noticed.
pub static REACHED: [(&str, AtomicU64); 4] = [
    ("open", AtomicU64::new(0)),
    ("event", AtomicU64::new(0)),
    ("lost", AtomicU64::new(0)),
    ("stopped", AtomicU64::new(0)),
];

pub fn run(setup: &Setup, ops: &[Op]) -> Option<Difference> {
    let run = || match setup.data_len {
        160 => run_with::<160, 16>(setup, ops),
        _ => run_with::<2048, 64>(setup, ops),
    };
    std::panic::catch_unwind(run).unwrap_or_else(|_| {
        Some(Difference {
            op: ops.len(),
            of_crate: "a panic, here or in the model".into(),
            of_model: String::new(),
        })
    })
}

fn run_with<const DATA: usize, const META: usize>(setup: &Setup, ops: &[Op]) -> Option<Difference> {
    let mut decoder: Decoder<DATA, META> = Decoder::new();
    decoder.set_last_event_id(&setup.last_event_id).unwrap();
    if let Some(retry) = setup.retry {
        decoder.set_reconnection_time(Duration::from_millis(retry));
    }
    decoder.show_comments(setup.show_comments);
    decoder.show_retry(setup.show_retry);
    decoder.show_ids(setup.show_ids);
    decoder.split_long_events(setup.split_long_events);
    let headers: Vec<(&str, &str)> = setup
        .headers
        .iter()
        .map(|(n, v)| (&n[..], &v[..]))
        .collect();
    let request = Request {
        method: &setup.method,
        headers: &headers,
        body: &setup.body,
        repeatable: setup.repeatable,
        resume_by_get: setup.resume_by_get,
        max_redirects: setup.max_redirects,
        ..Request::get(Url::parse(&setup.url).unwrap())
    };
    let mut memory = vec![0; setup.remember.unwrap_or(0)];
    let ears = Ears {
        judge: setup.judge,
        told: Items::default(),
    };
    let source = EventSource::new(request, setup.policy, setup.seed, &mut decoder).unwrap();
    let mut source = source.with_hooks(ears);
    source.set_failures(setup.failures);
    if setup.allow_tls {
        source.allow_tls();
    }
    if setup.remember.is_some() {
        source.remember_permanent_redirects(&mut memory);
    }
    let mut pair = Pair {
        source,
        model: Client::new(setup),
        now: Duration::from_secs(100),
        until: None,
        waits: false,
        sent: Vec::new(),
        items: Items::default(),
    };
    for (index, op) in ops.iter().enumerate() {
        let result = pair.apply(op).and_then(|()| pair.compare_state(op));
        if pair.model.is_unsure {
            return None;
        }
        if let Err((of_crate, of_model)) = result {
            return Some(Difference {
                op: index,
                of_crate,
                of_model,
            });
        }
    }
    None
}

/// The crate and the model side by side.
struct Pair<'a, const DATA: usize, const META: usize> {
    source: EventSource<'a, DATA, META, Ears>,
    model: Client,
    now: Duration,
    /// The deadline of the last step, and whether it was a wait.
    until: Option<Duration>,
    waits: bool,
    /// The written part of the request.
    sent: Vec<u8>,
    items: Items,
}

pub type Compared = Result<(), (String, String)>;

impl<const DATA: usize, const META: usize> Pair<'_, DATA, META> {
    fn apply(&mut self, op: &Op) -> Compared {
        let now = self.now;
        match op {
            Op::Step => return self.step(),
            Op::Sleep(time) => self.now += Duration::from_millis(*time),
            Op::Until(offset) => self.sleep_until(*offset),
            Op::WaitOut(offset) if self.waits => self.sleep_until(*offset),
            Op::WaitOut(_) => {}
            Op::Connected => {
                self.source.connected(now);
                self.model.connected(now);
            }
            Op::Failed => {
                self.source.failed(now);
                self.model.failed(now);
            }
            Op::Ended => {
                self.source.ended(now);
                self.model.ended(now);
            }
            Op::TimedOut => {
                self.source.timed_out(now);
                self.model.timed_out(now);
            }
            Op::Write(memory, bytes) => return self.write(*memory, *bytes),
            Op::Receive(bytes) => return self.receive(bytes),
            Op::Close => {
                self.source.close();
                self.model.close();
            }
            Op::Restart => {
                self.source.restart();
                self.model.restart();
            }
        }
        Ok(())
    }

    fn sleep_until(&mut self, offset: i64) {
        if let Some(until) = self.until {
            let millis = (until.as_millis() as u64).saturating_add_signed(offset);
            self.now = self.now.max(Duration::from_millis(millis));
        }
    }

    fn step(&mut self) -> Compared {
        let step = self.source.step(self.now);
        let expected = self.model.step(self.now);
        (self.until, self.waits) = match step {
            Step::Connect { deadline, .. } | Step::Write { deadline } | Step::Read { deadline } => {
                (deadline, false)
            }
            Step::Wait(wait) => (Some(wait.until), true),
            _ => (None, false),
        };
        let shown = match step {
            Step::Connect { origin, deadline } => {
                let (scheme, host) = (origin.scheme.as_str(), origin.host.to_ascii_lowercase());
                let origin = format!("{scheme} {host} {}", origin.port);
                format!("{:?}", client::Step::Connect { origin, deadline })
            }
            Step::Wait(wait) => {
                let client::Step::Wait {
                    since, min, max, ..
                } = expected
                else {
                    return Err((format!("{step:?}"), format!("{expected:?}")));
                };
                self.model.adopt(wait.delay);
                // Random times are whole milliseconds.
                let tolerance = Duration::from_millis(1);
                let fits = wait.delay >= min && wait.delay <= max.saturating_add(tolerance);
                if !fits || wait.until != since.saturating_add(wait.delay) {
                    return Err((format!("{step:?}"), format!("{expected:?}")));
                }
                let (cause, failures) = (wait.cause, wait.failures);
                format!(
                    "{:?}",
                    client::Step::Wait {
                        cause,
                        failures,
                        since,
                        min,
                        max
                    }
                )
            }
            Step::Stop(stop) => {
                let stop = client::Stop {
                    reason: stop.reason,
                    cause: stop.cause,
                    status: stop.status,
                };
                format!("{:?}", client::Step::Stop(stop))
            }
            step => format!("{step:?}"),
        };
        equal(shown, format!("{expected:?}"))
    }

    fn write(&mut self, memory: usize, bytes: usize) -> Compared {
        let mut lent = vec![0; memory];
        let part = self.source.request(&mut lent);
        let part = &part[..part.len().min(bytes)];
        self.source.wrote(part.len());
        if self.model.attempt.written == 0 {
            self.sent.clear();
        }
        self.sent.extend(part);
        let expected = self.model.unwritten();
        self.model.wrote(part.len());
        let part_len = if expected.is_empty() {
            0
        } else {
            expected.len().min(memory).min(bytes)
        };
        equal(part.len(), part_len)?;
        if expected.len() == part_len && part_len > 0 {
            return equal(
                sorted(&self.sent),
                sorted(&self.model.request(&self.model.attempt)),
            );
        }
        Ok(())
    }

    fn receive(&mut self, bytes: &[u8]) -> Compared {
        let mut input = bytes;
        self.items.clear();
        while let Some(item) = self.source.receive(&mut input, self.now) {
            self.items.push(&item);
        }
        let expected = self.model.receive(bytes, self.now);
        self.items.compare("items", &expected)
    }

    fn compare_state(&mut self, op: &Op) -> Compared {
        let told = std::mem::take(&mut self.model.told);
        for (word, count) in &REACHED {
            let reached = told.iter().filter(|forms| forms[0].starts_with(word));
            count.fetch_add(reached.count() as u64, Ordering::Relaxed);
        }
        let ears = self.source.hooks_mut();
        ears.told.compare("told", &told)?;
        ears.told.clear();
        let decoder = self.source.decoder();
        equal(decoder.last_event_id(), &self.model.last_event_id)?;
        equal(
            decoder.reconnection_time(),
            self.model.retry.map(Duration::from_millis),
        )?;
        if !matches!(op, Op::Step) || !self.model.is_stopped() {
            return Ok(());
        }
        let show = |response: Option<(String, &[u8])>| match response {
            Some((head, body)) => format!("response {head} {}", body.escape_ascii()),
            None => "no response".into(),
        };
        let response = self.source.response();
        let response = response.map(|(head, body)| {
            (
                show_head(head.status(), head.wire_len(), &owned(&head)),
                body,
            )
        });
        let expected = self.model.response.as_ref();
        let expected = expected
            .map(|(head, body)| (show_head(head.status, head.len, &head.headers), &body[..]));
        equal(show(response), show(expected))
    }
}

fn equal<A: std::fmt::Debug + PartialEq<B>, B: std::fmt::Debug>(
    of_crate: A,
    of_model: B,
) -> Compared {
    if of_crate == of_model {
        Ok(())
    } else {
        Err((format!("{of_crate:?}"), format!("{of_model:?}")))
    }
}

/// The lines of a request. The order of headers does not matter.
fn sorted(request: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(request);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines: Vec<String> = head.split("\r\n").map(Into::into).collect();
    for line in &mut lines[1..] {
        if let Some((name, value)) = line.split_once(": ") {
            *line = format!("{}: {value}", name.to_ascii_lowercase());
        }
    }
    lines[1..].sort();
    lines.push(body.into());
    lines
}
