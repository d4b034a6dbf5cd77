//! Connections and requests: where to, when, and with what.

use std::time::Duration;

use super::connection::{Connection, Outcome};
use super::stream::Memory;
use super::{Checker, Phase, Violation};
use crate::drivers::Driver;
use crate::plan::{Fault, Kind, Method, ms};
use crate::server::{BODY, TOKEN};

impl Checker<'_> {
    pub(super) fn dial(&mut self, origin: &str) -> Result<(), Violation> {
        let told = &self.told;
        let rule = "a loss that the application may have missed is told again";
        self.rule(rule, !self.must_repeat, || format!("{told:?} was not"))?;
        match self.phase {
            Phase::Ready => self.attempt.begin(),
            Phase::Waiting { until } => {
                let early = until.saturating_sub(self.now);
                let detail = || format!("the attempt begins {} ms too early", early.as_millis());
                // The client's clock is finer than what is reported.
                let is_over = early <= Duration::from_micros(100);
                self.rule("no wait is shorter than requested", is_over, detail)?;
                self.check_late(until, "an attempt")?;
                self.check_left()?;
                self.attempt.begin();
            }
            Phase::Stopped => {
                let detail = || format!("an attempt to {origin} after a stop");
                self.rule("nothing happens after a stop", false, detail)?;
            }
            Phase::Connected => self.follow()?,
        }
        let detail = || format!("{origin} in place of {}", self.attempt.url);
        self.rule(PLACE, self.attempt.origin() == origin, detail)?;
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
        self.check_closed()?;
        let outcome = connection.outcome(settings, self.now);
        if let Outcome::Redirected(location, status) = &outcome
            && !location.is_empty()
        {
            let due = connection.last_io();
            let may_follow = self.attempt.redirects < settings.max_redirects;
            let detail = || format!("redirect number {}", self.attempt.redirects + 1);
            self.rule("redirects are limited", may_follow, detail)?;
            let is_post = settings.request != Method::Get;
            self.attempt.follow(location, *status, is_post);
            return self.check_late(due, "a redirect");
        }
        let rule = match outcome {
            Outcome::Lost(_) => "each loss is reported once",
            _ => "there is one connection at a time",
        };
        let detail = || format!("another connection after {outcome:?}");
        self.rule(rule, false, detail)
    }

    /// The client has closed its connection by now. A network stack needs some time to tell the server.
    pub(super) fn check_closed(&self) -> Result<(), Violation> {
        let is_closed = self.driver == Driver::Embassy || self.connections == 0;
        let detail = || format!("{} are open", self.connections);
        self.rule(CLOSED, is_closed, detail)
    }

    /// By now, the server knows that the client has left, unless packets were lost.
    fn check_left(&self) -> Result<(), Violation> {
        // A server notices after half a minute that a client has lost its power.
        let disturbs = |fault: &Fault| match fault.kind {
            Kind::Reboot(_) | Kind::Sleep | Kind::Delay(_) => true,
            kind => kind.is_cut() || kind.concerns_packets(),
        };
        let from = self.lost_at.saturating_sub(ms(60_000));
        let mut faults = self.plan.faults.iter().filter(|fault| disturbs(fault));
        let is_calm = !faults.any(|fault| ms(fault.end()) >= from && ms(fault.at) <= self.now);
        let has_time = self.now > self.lost_at + ms(self.plan.settings.latency * 2 + 500);
        let has_left = self.connections == 0 || !is_calm || !has_time;
        let detail = || format!("the server has {} connections", self.connections);
        self.rule(CLOSED, has_left, detail)
    }

    /// Whether nothing goes wrong since `from`, and for a while before, except that DNS also returns addresses
    /// that do not answer.
    pub(super) fn has_only_dead_addresses(&self, from: Duration) -> bool {
        let settings = &self.plan.settings;
        let is_dead = |fault: &&Fault| matches!(fault.kind, Kind::DeadAddresses(_));
        let (dead, others): (Vec<_>, Vec<_>) = self.plan.faults.iter().partition(is_dead);
        let is_over = |fault: &Fault| ms(fault.end() + 30_000) < from || ms(fault.at) > self.now;
        let is_active = dead
            .iter()
            .any(|fault| ms(fault.at) <= from && from < ms(fault.end()));
        let is_named = self.driver.has_packets() && !settings.is_ipv6;
        is_named && is_active && others.iter().all(|fault| is_over(fault))
    }

    pub(super) fn check_request(&mut self) -> Result<(), Violation> {
        let request = self.connection.as_ref().and_then(Connection::request);
        let Some(request) = request else {
            return Ok(());
        };
        let attempt = &self.attempt;
        let host = attempt.origin().split("://").last();
        let is_there = request.path == attempt.path() && request.header("Host") == host;
        let detail = || format!("{request:?} in place of {}", attempt.url);
        self.rule(PLACE, is_there, detail)?;

        let token = match self.plan.settings.renews_token {
            true => format!("{TOKEN} {}", attempt.number),
            false => TOKEN.to_owned(),
        };
        let sent = request.header("Authorization");
        let detail = || format!("{sent:?} is sent to {}", attempt.url);
        let is_kept = !attempt.has_left || sent.is_none();
        self.rule("no secret goes to another origin", is_kept, detail)?;
        let is_sent = attempt.has_left || sent == Some(&*token);
        self.rule("the token is sent", is_sent, detail)?;

        let id = request.last_event_id();
        let is_id = |memory: &Memory| sendable(&memory.last_event_id) == id;
        let ids = || format!("{id:?} in place of {:?}", self.memories);
        let has_id = self.memories.iter().any(is_id);
        self.rule("the ID is that of the last event", has_id, ids)?;
        let mut memories = self.memories.clone();
        memories.retain(|memory| is_id(memory) && self.method(memory) == request.method);
        let body = if request.method == "GET" { b"" } else { BODY };
        let is_right = !memories.is_empty() && request.body == body;
        let detail = || format!("{request:?}");
        self.rule("the method and the body are right", is_right, detail)?;
        self.memories = memories;
        let is_post = self.plan.settings.request != Method::Get;
        self.attempt.as_get = is_post && request.method == "GET";
        Ok(())
    }

    fn method(&self, memory: &Memory) -> &'static str {
        match self.plan.settings.request {
            Method::Get => "GET",
            _ if self.attempt.as_get || self.resumes(memory) => "GET",
            _ => "POST",
        }
    }

    /// Whether the client may send another request after the server may have acted on one.
    pub(super) fn may_send_again(&self, memory: &Memory) -> bool {
        let request = self.plan.settings.request;
        matches!(request, Method::Get | Method::RepeatablePost) || self.resumes(memory)
    }

    /// Whether the stream of a POST is resumed by GET.
    fn resumes(&self, memory: &Memory) -> bool {
        let has_id = memory.has_brought_id && !sendable(&memory.last_event_id).is_empty();
        self.plan.settings.request == Method::ResumedPost && has_id
    }
}

const PLACE: &str = "each attempt goes to the right place";
const CLOSED: &str = "each connection is closed";

/// The ID as a header, or nothing if it is not valid there.
fn sendable(id: &str) -> &str {
    let is_valid = |byte: u8| byte == b'\t' || !byte.is_ascii_control();
    match id.bytes().all(is_valid) && id.trim() == id {
        true => id,
        false => "",
    }
}
