//! The hooks of the application: they listen, renew the token, and forgive some statuses.

use std::cell::Cell;
use std::hint::black_box;

use embedded_sse::hooks::Hooks;
use embedded_sse::{Draft, Head, Item, Verdict};

use crate::network::World;
use crate::server::TOKEN;
use crate::trace::Entry;

pub struct Ear<'w> {
    pub world: &'w World<'w>,
    pub bug: Option<&'static str>,
    /// The number of attempts of all lives.
    pub attempts: &'w Cell<u32>,
}

impl Hooks for Ear<'_> {
    fn before_connect(&mut self, draft: &mut Draft<'_>) {
        if self.world.plan.settings.renews_token {
            if self.bug != Some("sends an old token") {
                self.attempts.set(self.attempts.get() + 1);
            }
            let token = format_args!("{TOKEN} {}", self.attempts.get());
            let added = draft.add_header("Authorization", token);
            added.expect("the memory is large enough");
        }
    }

    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        let forgives = self.world.plan.settings.forgives;
        match head.status() {
            401 | 404 if forgives => Verdict::Retry,
            500.. if self.bug == Some("repeats a request that may not be repeated") => {
                Verdict::Retry
            }
            _ => verdict,
        }
    }

    fn told(&mut self, item: &Item<'_>) {
        let is_end = matches!(item, Item::Lost(_) | Item::Stopped(_));
        self.world.tell(Entry::Heard { is_end });
        if is_end && self.bug == Some("tells the hooks twice") {
            self.world.tell(Entry::Heard { is_end });
        }
        if is_end && self.bug == Some("allocates") {
            drop(black_box(vec![0_u8; 8]));
        }
    }
}
