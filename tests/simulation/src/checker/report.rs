//! What the application is told: items, losses and stops.

use std::time::Duration;

use embedded_sse::{InvalidRedirect, LossCause, Stop, StopReason, Wait};

use super::connection::{Connection, Lost, Outcome};
use super::response::is_same;
use super::stream::Said;
use super::{Checker, Phase, Violation, model};
use crate::plan::{Settings, ms, number_in};

/// How long the source waits for the body of a response that stops it.
const BODY: Duration = ms(1_000);

impl Checker<'_> {
    pub(super) fn opened(&mut self, status: u16) -> Result<(), Violation> {
        let connection = self.open()?;
        let head = connection.head();
        let is_right = !connection.is_open && status == 200 && head.is_stream();
        connection.is_open = true;
        let detail = || format!("{status} after {head:?}");
        self.rule(OPENS, is_right, detail)?;
        self.opened_at = self.now;
        self.backoff.opened();
        self.attempt.opened(&self.plan.settings);
        Ok(())
    }

    pub(super) fn item(&mut self, item: &model::Item) -> Result<(), Violation> {
        let connection = self.open()?;
        connection.items.push(item.clone());
        let is_open = connection.is_open;
        let detail = || format!("{item:?} before the stream is open");
        self.rule("no event that was not sent", is_open, detail)?;
        if let model::Item::Event { data, .. } = item {
            self.got.extend(number_in(data));
        }
        Ok(())
    }

    pub(super) fn lost(&mut self, wait: Wait) -> Result<(), Violation> {
        let Wait {
            cause,
            delay,
            until,
            failures,
            ..
        } = wait;
        let settings = self.plan.settings;
        let connection = self.over()?;
        let is_abandoned = self.is_abandoned;
        let outcome = connection.outcome(&settings, self.now);
        if let LossCause::Connect | LossCause::ConnectTimeout = cause {
            let from = connection.dialled_at;
            let is_fair = is_abandoned || !self.has_only_dead_addresses(from);
            let detail = || format!("{cause:?}, dialled at {from:?}");
            self.rule("an address that answers is found", is_fair, detail)?;
        }
        let lost = match outcome {
            Outcome::Lost(lost) if is_same(lost.cause, cause) => lost,
            // The application has closed this connection itself.
            _ if is_abandoned && cause == LossCause::Transport => Lost {
                open_since: connection.is_open.then_some(self.opened_at),
                ..Lost::new(cause, connection.last_io())
            },
            outcome => {
                let detail = || format!("{cause:?} is reported, but: {outcome:?}");
                return self.rule("each loss is reported with its true cause", false, detail);
            }
        };
        let said = match is_abandoned {
            true => Said {
                has_delivered: !connection.items.is_empty(),
                has_sent_retry: false,
            },
            false => {
                let is_right = lost.open_since.is_some() == connection.is_open;
                let detail = || format!("told: {}, but: {lost:?}", connection.is_open);
                self.rule(OPENS, is_right, detail)?;
                self.check_late(self.due(&settings, lost.cause, lost.at), "a loss")?;
                self.finish(&connection)?
            }
        };
        if lost.open_since.is_none() {
            self.attempt.forget();
        }
        if let LossCause::Status(401 | 404) = cause {
            // The hook says that the server has not acted on the request.
            self.has_written &= self.attempt.as_get;
        }
        let mut memories = self.memories.clone();
        memories.retain(|memory| !self.has_written || self.may_send_again(memory));
        let may_go_on = !memories.is_empty();
        let detail = || format!("{cause:?} does not stop the source");
        self.rule("only what may be repeated is repeated", may_go_on, detail)?;
        self.memories = memories;
        let is_last = self.backoff.is_last(&settings);
        self.rule("attempts are limited", !is_last, detail)?;

        let base = self.base();
        let allowed = self.backoff.lost(&settings, &lost, self.now, said, base);
        let (least, most) = allowed.failures;
        let is_counted = is_abandoned || (least..=most).contains(&failures);
        let detail = || format!("{failures} in place of {:?}", allowed.failures);
        self.rule("failures are counted", is_counted, detail)?;
        self.backoff.counted(failures);
        let detail = || format!("{delay:?} after {cause:?}, and {allowed:?}");
        self.rule(WAITS, delay >= allowed.least, detail)?;
        let detail_of_end = || format!("until {until:?} for {delay:?} after {:?}", lost.at);
        let is_long = until >= lost.at.saturating_add(delay);
        self.rule(WAITS, is_long, detail_of_end)?;
        let rule = "no wait is longer than the policy allows";
        self.rule(rule, delay <= allowed.most, detail)?;
        if allowed.most > allowed.least + ms(100) {
            let range = (allowed.most - allowed.least).as_secs_f64();
            let share = (delay - allowed.least).as_secs_f64() / range;
            self.spread.add(allowed.after, share);
        }
        self.is_abandoned = false;
        self.lost_at = self.now;
        self.phase = Phase::Waiting { until };
        Ok(())
    }

    pub(super) fn stopped(&mut self, stop: Stop) -> Result<(), Violation> {
        let Stop { reason, cause, .. } = stop;
        let settings = self.plan.settings;
        let connection = self.over()?;
        let is_abandoned = self.is_abandoned;
        if !is_abandoned {
            self.finish(&connection)?;
        }
        let outcome = connection.outcome(&settings, self.now);
        let expected = match &outcome {
            Outcome::Stopped(reason) => Some((*reason, None)),
            Outcome::Redirected(..) if self.attempt.redirects >= settings.max_redirects => {
                Some((StopReason::Redirect(InvalidRedirect::TooMany), None))
            }
            Outcome::Redirected(location, _) if location.is_empty() => {
                Some((StopReason::Redirect(InvalidRedirect::Location), None))
            }
            Outcome::Lost(lost) => self.last(&settings, lost.cause).map(|last| (last, cause)),
            _ if is_abandoned => self
                .last(&settings, LossCause::Transport)
                .map(|last| (last, cause)),
            _ => None,
        };
        let is_cause = match (&outcome, cause) {
            (_, Some(LossCause::Transport)) if is_abandoned => true,
            (Outcome::Lost(lost), Some(cause)) => is_same(lost.cause, cause),
            (_, cause) => cause.is_none(),
        };
        let is_true = expected == Some((reason, cause)) && is_cause;
        let detail = || format!("{reason:?} ({cause:?}) in place of {expected:?}: {outcome:?}");
        self.rule("each stop has its true reason", is_true, detail)?;
        if !is_abandoned {
            let due = match &outcome {
                Outcome::Lost(lost) => self.due(&settings, lost.cause, lost.at),
                _ => connection.last_io(),
            };
            self.check_late(due + BODY, "a stop")?;
        }
        self.is_abandoned = false;
        self.phase = Phase::Stopped;
        Ok(())
    }

    /// Ends the current connection, whose end is reported to the hooks too.
    fn over(&mut self) -> Result<Connection, Violation> {
        self.check_closed()?;
        let connection = self.connection.take().unwrap_or_default();
        let told = connection.items.len() + usize::from(connection.is_open);
        let (ends, items) = (self.heard_ends, self.heard_items);
        let detail = || format!("{ends} ends, {items} items of {told}");
        let is_heard = ends == 1 && items == told;
        self.rule("hooks are told of each item once", is_heard, detail)?;
        self.heard_ends = 0;
        self.heard_items = 0;
        Ok(connection)
    }

    /// Why this loss stops the source, if it does.
    fn last(&self, settings: &Settings, cause: LossCause) -> Option<StopReason> {
        let mut memories = self.memories.iter();
        let is_final = memories.any(|memory| !self.may_send_again(memory));
        match cause {
            LossCause::Status(401 | 404) if !self.attempt.as_get => {}
            LossCause::End if is_final => return Some(StopReason::Ended),
            _ if is_final && self.has_written => return Some(StopReason::NotRepeatable),
            _ => {}
        }
        let is_last = self.backoff.is_last(settings);
        is_last.then_some(StopReason::Attempts)
    }

    /// When the client knows of a loss that happened at `lost_at`.
    fn due(&self, settings: &Settings, cause: LossCause, lost_at: Duration) -> Duration {
        match cause {
            // The client hears bytes when it processes them.
            LossCause::IdleTimeout => lost_at.max(self.excused + settings.idle()),
            _ => lost_at,
        }
    }

    /// The least and the greatest reconnection time that may be in force.
    fn base(&self) -> (Duration, Duration) {
        let policy = &self.plan.settings.policy;
        let times = self.memories.iter().map(|memory| match memory.retry {
            Some(retry) => retry.min(policy.max_retry).max(policy.min_retry),
            None => policy.reconnection_time,
        });
        let least = times.clone().min().unwrap_or_default();
        (least, times.max().unwrap_or_default())
    }
}

const OPENS: &str = "a stream opens once, if it is one";
const WAITS: &str = "no wait is shorter than requested";
