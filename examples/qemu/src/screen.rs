//! What the firmware has said: line by line, for whoever waits for it.

use std::io::{BufRead, BufReader, Read, Write, stdout};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Clone, Default)]
pub struct Screen(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Screen {
    /// Takes all that comes, until the end or until the user does not look any more.
    pub fn fill(&self, output: impl Read, show: bool) {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if show && writeln!(stdout(), "{line}").is_err() {
                return;
            }
            self.lines().push(line);
            self.0.1.notify_all();
        }
    }

    pub fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for so many lines.
    pub fn wait_for(&self, count: usize) {
        let limit = Duration::from_secs(30);
        let lines = self.wait_until(limit, |lines| lines.len() >= count);
        let seen = lines.len();
        assert!(
            seen >= count,
            "the firmware has said {seen} lines, not {count}"
        );
    }

    /// Waits until the lines are such, or the time is over. Returns them.
    pub fn wait_until(&self, limit: Duration, such: impl Fn(&[String]) -> bool) -> Vec<String> {
        let not_yet = |lines: &mut Vec<String>| !such(lines);
        let waited = (self.0.1).wait_timeout_while(self.lines(), limit, not_yet);
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }
}
