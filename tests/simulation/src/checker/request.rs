//! Connections and requests: where to, when, and with what.

use super::attempt::Attempt;
use super::connection::{Connection, Outcome};
use super::{Checker, Phase, Violation};
use crate::server::TOKEN;

impl Checker<'_> {
    pub(super) fn dial(&mut self, origin: &str) -> Result<(), Violation> {
        match self.phase {
            Phase::Ready => self.attempt.begin(),
            Phase::Waiting { until } => {
                // The client's clock is finer than what is reported.
                if self.now.as_micros() + 100 < until.as_micros() {
                    let early = (until - self.now).as_millis();
                    let detail = format!("the attempt begins {early} ms too early");
                    return self.violation("no wait is shorter than requested", detail);
                }
                self.check_late(until, "an attempt")?;
                self.attempt.begin();
            }
            Phase::Stopped => {
                let detail = format!("an attempt to {origin} after a stop");
                return self.violation("nothing happens after a stop", detail);
            }
            Phase::Connected => self.follow()?,
        }
        if self.attempt.origin() != origin {
            let detail = format!("{origin} in place of {}", self.attempt.url);
            return self.violation("each attempt goes to the right place", detail);
        }
        self.phase = Phase::Connected;
        // A dropped future has begun the attempt, and its deadline stays.
        let begun = match &self.connection {
            Some(connection) if self.is_abandoned => connection.dialled_at,
            _ => self.now,
        };
        self.is_abandoned = false;
        self.connection = Some(Connection::new(begun));
        Ok(())
    }

    /// A connection follows another one. That must be a redirect, or a dropped future is repeated.
    fn follow(&mut self) -> Result<(), Violation> {
        let settings = &self.plan.settings;
        let Some(connection) = &self.connection else {
            return Ok(());
        };
        if self.is_abandoned && connection.dialled.is_none() {
            return Ok(());
        }
        self.check_closed(connection)?;
        match connection.outcome(settings, self.now) {
            Outcome::Redirected(location, status) if !location.is_empty() => {
                let due = connection.last_io();
                if !self.attempt.may_follow(settings) {
                    let detail = format!("redirect number {}", self.attempt.redirects + 1);
                    return self.violation("redirects are limited", detail);
                }
                self.attempt.follow(&location, status);
                self.check_late(due, "a redirect")
            }
            Outcome::Lost(lost) => {
                let detail = format!("{:?} was not reported", lost.cause);
                self.violation("each loss is reported once", detail)
            }
            outcome => {
                let detail = format!("another connection after {outcome:?}");
                self.violation("there is one connection at a time", detail)
            }
        }
    }

    pub(super) fn check_request(&mut self) -> Result<(), Violation> {
        let request = self.connection.as_ref().and_then(Connection::request);
        let Some(request) = request else {
            return Ok(());
        };
        let Attempt { has_left, .. } = self.attempt;
        let path = self.attempt.path();
        let host = self.attempt.origin();
        let host = host
            .trim_start_matches("http://")
            .trim_start_matches("https://");
        if request.method != "GET" || request.path != path || request.header("Host") != Some(host) {
            let detail = format!("{request:?} in place of {}", self.attempt.url);
            return self.violation("each attempt goes to the right place", detail);
        }
        match request.header("Authorization") {
            Some(_) if has_left => {
                let detail = format!("the token is sent to {}", self.attempt.url);
                return self.violation("no secret goes to another origin", detail);
            }
            None if !has_left => {
                let detail = format!("the token is missing at {}", self.attempt.url);
                return self.violation("the token is sent", detail);
            }
            Some(other) if other != TOKEN => {
                return self.violation("the token is sent", format!("{other:?} is sent"));
            }
            _ => {}
        }
        let id = request.last_event_id();
        let mut models = self.models.clone();
        models.retain(|memory| sendable(&memory.last_event_id) == id);
        if models.is_empty() {
            let ids = self.models.iter().map(|memory| &memory.last_event_id);
            let detail = format!("{id:?} in place of {:?}", ids.collect::<Vec<_>>());
            return self.violation("the ID is that of the last event", detail);
        }
        self.models = models;
        Ok(())
    }
}

/// The ID as a header, or nothing if it is not valid there.
fn sendable(id: &str) -> &str {
    let is_valid = |byte: u8| byte == b'\t' || !byte.is_ascii_control();
    match id.bytes().all(is_valid) && id.trim() == id {
        true => id,
        false => "",
    }
}
