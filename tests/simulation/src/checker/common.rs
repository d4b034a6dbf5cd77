//! What several rules have in common.

use std::time::Duration;

use super::connection::Connection;
use super::{Checker, Violation};

impl Checker<'_> {
    /// The hooks must have been told of the same as the application.
    pub(super) fn check_hooks(&mut self, connection: &Connection) -> Result<(), Violation> {
        let told = connection.items.len() + usize::from(connection.is_open);
        let is_right = self.heard_ends == 1 && self.heard_items == told;
        let detail = format!(
            "{} ends, {} items of {told}",
            self.heard_ends, self.heard_items
        );
        self.heard_ends = 0;
        self.heard_items = 0;
        match is_right {
            true => Ok(()),
            false => self.violation("hooks are told of each item once", detail),
        }
    }

    /// The old connection must be closed by now.
    pub(super) fn check_closed(&self, connection: &Connection) -> Result<(), Violation> {
        match connection.is_made() && !connection.is_closed {
            true => self.violation("each connection is closed", format!("{:?}", self.phase)),
            false => Ok(()),
        }
    }

    pub(super) fn violation(&self, rule: &'static str, detail: String) -> Result<(), Violation> {
        Err(Violation {
            at: self.now,
            rule,
            detail,
        })
    }

    /// Something that was due at `due` happens now.
    pub(super) fn check_late(&self, due: Duration, what: &str) -> Result<(), Violation> {
        let latest = due.max(self.excused) + self.slack;
        if self.now > latest {
            let late = (self.now - latest).as_millis();
            return self.violation("nothing is late", format!("{what} is {late} ms late"));
        }
        Ok(())
    }
}
