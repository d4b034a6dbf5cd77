//! What the firmware has said: line by line, for whoever waits for it.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Clone, Default)]
pub struct Screen(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Screen {
    /// Takes all that comes, until the end.
    pub fn fill(&self, output: impl Read, show: bool) {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if show {
                println!("{line}");
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
        let few = |lines: &mut Vec<String>| lines.len() < count;
        let (lines, waited) = (self.0.1)
            .wait_timeout_while(self.lines(), limit, few)
            .unwrap_or_else(PoisonError::into_inner);
        let seen = lines.len();
        drop(lines);
        assert!(
            !waited.timed_out(),
            "the firmware has said {seen} lines, not {count}"
        );
    }
}
