//! Rule: hooks. Each way to pass hooks on makes every call.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use embedded_sse::hooks::Hooks;
use embedded_sse::{Draft, Head, Item, Verdict};

use super::follow;
use crate::script::{opens, status};

/// Counts the calls, and answers each one in a way that the log shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    before_connect: u32,
    verdict: u32,
    received: usize,
    told: u32,
}

impl Hooks for Counts {
    fn before_connect(&mut self, draft: &mut Draft<'_>) {
        self.before_connect += 1;
        draft.set_path("/changed").unwrap();
    }

    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        self.verdict += 1;
        match head.status() {
            403 => Verdict::Retry,
            _ => verdict,
        }
    }

    fn received(&mut self, bytes: &[u8], _: Duration) {
        self.received += bytes.len();
    }

    fn told(&mut self, _: &Item<'_>) {
        self.told += 1;
    }

    fn idle_timeout(&self) -> Option<Duration> {
        Some(Duration::from_secs(5))
    }
}

/// The reports of a source with these hooks: a refusal that is retried, and a stream that falls silent.
fn log(hooks: impl Hooks) -> Vec<String> {
    let connections = [
        status(403, "Content-Length: 0\r\n"),
        opens("data: a\n\n").pauses(60_000).ends(),
        status(204, ""),
    ];
    follow(&connections, 50, hooks, |_| {})
}

#[test]
fn hooks_are_called_through_every_wrapper() {
    let mut plain = Counts::default();
    let want = log(&mut plain);
    assert_eq!((plain.before_connect, plain.verdict), (3, 3), "{want:?}");
    assert!(plain.received > 0 && plain.told > 3, "{plain:?}");
    assert!(
        want.iter().any(|line| line.contains("lost IdleTimeout")),
        "{want:?}"
    );

    let mut own = Counts::default();
    let dynamic: &mut dyn Hooks = &mut own;
    assert_eq!((log(dynamic), own), (want.clone(), plain));
    let mut own = Counts::default();
    assert_eq!((log((&mut own, ())), own), (want.clone(), plain));
    let mut own = Counts::default();
    assert_eq!((log(((), &mut own)), own), (want.clone(), plain));
    let cell = Cell::new(Counts::default());
    assert_eq!((log(&cell), cell.get()), (want.clone(), plain));
    let cell = RefCell::new(Counts::default());
    assert_eq!((log(&cell), cell.take()), (want.clone(), plain));
}
