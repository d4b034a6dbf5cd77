//! Liveness: what must hold when the faults are over.

use super::connection::{Connection, Outcome};
use super::{Checker, Violation};
use crate::plan::{Kind, ms};

impl Checker<'_> {
    pub(super) fn end(&mut self) -> Result<(), Violation> {
        self.now = ms(self.plan.end);
        let outcome = |connection: &Connection| connection.outcome(&self.plan.settings, self.now);
        let outcome = self.connection.as_ref().map(outcome);
        let is_open = self.connection.as_ref().is_some_and(|it| it.is_open);
        let is_settled = self.opened_at <= ms(self.plan.settled);
        let lives =
            is_open && !self.is_abandoned && is_settled && outcome == Some(Outcome::Pending);
        let (phase, since) = (self.phase, self.opened_at);
        let detail = || format!("{phase:?}, {outcome:?}, open since {since:?}");
        self.rule("the stream is open at the end", lives, detail)?;
        self.abandon()?;
        for (number, event) in self.plan.events.iter().enumerate() {
            let is_there = !event.shape.is_event() || self.got.contains(&number);
            let detail = || format!("event {number}: {event:?}");
            let rule = "nothing that the server kept is missing";
            self.rule(rule, is_there || self.is_excused(event.at), detail)?;
        }
        Ok(())
    }

    /// Whether the server may have lost an event of this time, or the network damaged it.
    fn is_excused(&self, at: u64) -> bool {
        let mut faults = self.plan.faults.iter();
        let is_lost = faults.any(|fault| fault.kind == Kind::LoseLog && at < fault.at);
        // Damage may join the next event to an earlier one, but never the last event.
        let last = self.plan.events.last().map(|event| event.at);
        is_lost || self.is_damaged && Some(at) < last
    }
}
