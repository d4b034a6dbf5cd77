//! Liveness: what must hold when the faults are over.

use super::connection::Outcome;
use super::{Checker, Violation};
use crate::plan::{Kind, ms};

impl Checker<'_> {
    pub(super) fn end(&mut self) -> Result<(), Violation> {
        self.now = ms(self.plan.end);
        let settled = ms(self.plan.settled);
        match &self.connection {
            Some(connection) if connection.is_open && !self.is_abandoned => {
                let outcome = connection.outcome(&self.plan.settings, self.now);
                if outcome != Outcome::Pending {
                    let detail = format!("the stream is over: {outcome:?}");
                    return self.violation("the stream is open at the end", detail);
                }
                if self.opened_at > settled {
                    let detail = format!("only since {:?}", self.opened_at);
                    return self.violation("the stream is open at the end", detail);
                }
            }
            _ => {
                let detail = format!("{:?}", self.phase);
                return self.violation("the stream is open at the end", detail);
            }
        }
        self.abandon()?;
        for (number, event) in self.plan.events.iter().enumerate() {
            let is_there = self.got.contains_key(&number);
            if event.shape.is_event() && !is_there && !self.is_excused(event.at) {
                let detail = format!("event {number}: {event:?}");
                return self.violation("nothing that the server kept is missing", detail);
            }
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
