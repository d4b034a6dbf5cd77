//! What the application is told: items, losses and stops.

use std::time::Duration;

use embedded_sse::{InvalidRedirect, LossCause, StopReason};

use super::backoff::Said;
use super::connection::{Connection, Lost, Outcome};
use super::response::{Head, is_same};
use super::{Checker, Memory, Phase, Violation, connection, model, prefix};
use crate::plan::number_in;

/// How long the source waits for the body of a response that stops it.
const BODY: Duration = Duration::from_secs(1);

impl Checker<'_> {
    pub(super) fn opened(&mut self, status: u16) -> Result<(), Violation> {
        let connection = self.open()?;
        let head = Head::parse(&connection.bytes);
        if connection.is_open || status != 200 || !connection::is_stream(&head) {
            let detail = format!("{status} after {head:?}");
            return self.violation("a stream opens once, if it is one", detail);
        }
        connection.is_open = true;
        self.opened_at = self.now;
        self.backoff.opened();
        self.attempt.opened(&self.plan.settings);
        Ok(())
    }

    pub(super) fn item(&mut self, item: &model::Item) -> Result<(), Violation> {
        let connection = self.open()?;
        if !connection.is_open {
            let detail = format!("{item:?} before the stream is open");
            return self.violation("no event that was not sent", detail);
        }
        connection.items.push(item.clone());
        if let model::Item::Event { data, .. } = item
            && let Some(number) = number_in(data)
        {
            *self.got.entry(number).or_default() += 1;
        }
        Ok(())
    }

    /// The application leaves the connection, and the source will not report it.
    pub(super) fn leave(&mut self) -> Result<(), Violation> {
        if self.connection.is_some() {
            if !self.is_abandoned {
                self.abandon()?;
            }
            self.connection = None;
            self.is_abandoned = false;
        }
        Ok(())
    }

    /// The application drops the connection. The client may have processed less than it has read.
    pub(super) fn abandon(&mut self) -> Result<(), Violation> {
        let Some(connection) = &self.connection else {
            return Ok(());
        };
        self.check_bytes(connection)?;
        let payload = connection.payload();
        let mut models = Vec::new();
        for memory in &self.models {
            models.extend(prefix::memories(memory, &payload, &connection.items));
        }
        if models.is_empty() {
            let detail = format!("{:?}", connection.items);
            return self.violation("the events are those that were sent, in order", detail);
        }
        self.models = models;
        self.is_abandoned = true;
        Ok(())
    }

    /// The client says that the connection is over, so it has processed all of it. Returns what the server
    /// has said on it.
    fn finish(&mut self, connection: &Connection) -> Result<Said, Violation> {
        self.check_bytes(connection)?;
        let mut models = Vec::new();
        let mut said = Said::default();
        let payload = connection.payload();
        for memory in &self.models {
            let mut model = memory.model();
            let all = model.interpret(&payload);
            if !all
                .iter()
                .filter(|item| connection::is_shown(item))
                .eq(&connection.items)
            {
                continue;
            }
            let is_retry = |item: &model::Item| matches!(item, model::Item::Retry(_));
            said.has_sent_retry |= all.iter().any(is_retry);
            let has_moved = model.last_event_id != memory.last_event_id;
            said.has_delivered |= has_moved || !connection.items.is_empty();
            models.push(Memory::of(&model));
        }
        if models.is_empty() {
            let expected = connection.expected(&mut self.models[0].model());
            let detail = format!("{:?} in place of {expected:?}", connection.items);
            return self
                .violation("the events are those that were sent, in order", detail)
                .map(|()| said);
        }
        self.models = models;
        Ok(said)
    }

    /// What was read is what the server of this connection has sent.
    fn check_bytes(&self, connection: &Connection) -> Result<(), Violation> {
        let head = Head::parse(&connection.bytes);
        let number = head
            .header("X-Connection")
            .and_then(|text| text.parse().ok());
        let Some(number): Option<usize> = number else {
            return Ok(());
        };
        let served = self.served.get(&number);
        let served = served.filter(|served| served.bytes.starts_with(&connection.bytes));
        let detail = format!("connection {number}");
        match served {
            None => self.violation("no byte that was not sent", detail),
            Some(served) if self.plan.has_tls && connection.is_at_end() && !served.has_end => {
                self.violation("over TLS, a cut is not taken for an end", detail)
            }
            Some(_) => Ok(()),
        }
    }

    pub(super) fn lost(
        &mut self,
        cause: LossCause,
        delay: Duration,
        until: Duration,
        failures: u32,
    ) -> Result<(), Violation> {
        let Some(connection) = self.connection.take() else {
            return Ok(());
        };
        self.check_closed(&connection)?;
        self.check_hooks(&connection)?;
        let lost = match connection.outcome(&self.plan.settings, self.now) {
            Outcome::Lost(lost) if is_same(lost.cause, cause) => lost,
            // The application has closed this connection itself.
            _ if self.is_abandoned && cause == LossCause::Transport => {
                self.dropped(&connection, cause)
            }
            outcome => {
                let detail = format!("{cause:?} is reported, but: {outcome:?}");
                return self.violation("each loss is reported with its true cause", detail);
            }
        };
        if !self.is_abandoned && lost.open_since.is_some() != connection.is_open {
            let detail = format!("told: {}, but: {lost:?}", connection.is_open);
            return self.violation("a stream opens once, if it is one", detail);
        }
        let said = match self.is_abandoned {
            true => self.said_before_the_drop(&connection),
            false => self.finish(&connection)?,
        };
        if !self.is_abandoned {
            let mut due = lost.at;
            if cause == LossCause::IdleTimeout {
                // The client hears bytes when it processes them.
                due = due.max(self.excused + self.plan.settings.idle());
            }
            self.check_late(due, "a loss")?;
        }
        if lost.open_since.is_none() {
            self.attempt.forget();
        }
        if self.backoff.is_last(&self.plan.settings) {
            let detail = format!("{cause:?} does not stop the source");
            return self.violation("attempts are limited", detail);
        }
        let base = self.base();
        let allowed = self
            .backoff
            .lost(&self.plan.settings, &lost, self.now, said, base);
        let (least, most) = allowed.failures;
        if !self.is_abandoned && !(least..=most).contains(&failures) {
            let detail = format!("{failures} in place of {:?}", allowed.failures);
            return self.violation("failures are counted", detail);
        }
        self.backoff.counted(failures);
        if delay < allowed.least {
            let detail = format!("{delay:?} after {cause:?}, and {allowed:?}");
            return self.violation("no wait is shorter than requested", detail);
        }
        if delay > allowed.most {
            let detail = format!("{delay:?} after {cause:?}, and {allowed:?}");
            return self.violation("no wait is longer than the policy allows", detail);
        }
        if until < lost.at.saturating_add(delay) {
            let detail = format!("until {until:?} for {delay:?} after {:?}", lost.at);
            return self.violation("no wait is shorter than requested", detail);
        }
        self.is_abandoned = false;
        self.phase = Phase::Waiting { until };
        Ok(())
    }

    /// The loss of a connection that the application has dropped.
    fn dropped(&self, connection: &Connection, cause: LossCause) -> Lost {
        Lost {
            cause,
            open_since: connection.is_open.then_some(self.opened_at),
            is_end: false,
            is_explicit: false,
            retry_after: None,
            at: connection.last_io(),
        }
    }

    fn said_before_the_drop(&self, connection: &Connection) -> Said {
        Said {
            has_delivered: !connection.items.is_empty(),
            has_sent_retry: false,
        }
    }

    /// The least and the greatest reconnection time that may be in force.
    fn base(&self) -> (Duration, Duration) {
        let policy = &self.plan.settings.policy;
        let times = self.models.iter().map(|memory| match memory.retry {
            Some(retry) => retry.min(policy.max_retry).max(policy.min_retry),
            None => policy.reconnection_time,
        });
        let least = times.clone().min().unwrap_or_default();
        (least, times.max().unwrap_or_default())
    }

    pub(super) fn stopped(
        &mut self,
        reason: StopReason,
        cause: Option<LossCause>,
    ) -> Result<(), Violation> {
        let Some(connection) = self.connection.take() else {
            return Ok(());
        };
        self.check_closed(&connection)?;
        self.check_hooks(&connection)?;
        let settings = &self.plan.settings;
        let expected = match connection.outcome(settings, self.now) {
            Outcome::Stopped(reason) => (reason, None),
            Outcome::Redirected(..) if !self.attempt.may_follow(settings) => {
                (StopReason::Redirect(InvalidRedirect::TooMany), None)
            }
            Outcome::Redirected(location, _) if location.is_empty() => {
                (StopReason::Redirect(InvalidRedirect::Location), None)
            }
            Outcome::Lost(lost) if self.backoff.is_last(settings) => {
                (StopReason::Attempts, Some(lost.cause))
            }
            _ if self.is_abandoned && self.backoff.is_last(settings) => {
                (StopReason::Attempts, Some(LossCause::Transport))
            }
            outcome => {
                let detail = format!("{reason:?} ({cause:?}), but: {outcome:?}");
                return self.violation("each stop has its true reason", detail);
            }
        };
        let is_cause = match (expected.1, cause) {
            (Some(one), Some(other)) => {
                is_same(one, other) || self.is_abandoned && other == LossCause::Transport
            }
            (one, other) => one == other,
        };
        if expected.0 != reason || !is_cause {
            let detail = format!("{reason:?} ({cause:?}) in place of {expected:?}");
            return self.violation("each stop has its true reason", detail);
        }
        if !self.is_abandoned {
            self.finish(&connection)?;
            let mut due = connection.last_io() + BODY;
            if cause == Some(LossCause::IdleTimeout) {
                due = due.max(self.excused) + settings.idle();
            }
            if matches!(
                cause,
                Some(LossCause::ConnectTimeout | LossCause::ResponseTimeout)
            ) {
                due = self.now;
            }
            self.check_late(due, "a stop")?;
        }
        self.is_abandoned = false;
        self.phase = Phase::Stopped;
        Ok(())
    }
}
