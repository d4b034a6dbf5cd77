//! The hooks of the application: they listen, renew the token, and forgive some statuses.

use std::hint::black_box;

use embedded_sse::hooks::Hooks;
use embedded_sse::{Draft, Head, Item, Verdict};

use crate::network::World;
use crate::server::TOKEN;
use crate::trace::Entry;

pub struct Ear<'w>(pub &'w World<'w>);

impl Hooks for Ear<'_> {
    fn before_connect(&mut self, draft: &mut Draft<'_>) {
        let world = self.0;
        if world.plan.settings.renews_token {
            if world.bug != "sends an old token" {
                world.attempts.set(world.attempts.get() + 1);
            }
            let token = format_args!("{TOKEN} {}", world.attempts.get());
            let added = draft.add_header("Authorization", token);
            added.expect("the memory is large enough");
        }
    }

    fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
        let world = self.0;
        let forgives = world.plan.settings.forgives;
        match head.status() {
            401 | 404 if forgives => Verdict::Retry,
            505 | 511 if world.bug == "repeats a final status" => Verdict::Retry,
            500.. if world.bug == "repeats a request that may not be repeated" => Verdict::Retry,
            _ => verdict,
        }
    }

    fn told(&mut self, item: &Item<'_>) {
        let world = self.0;
        let is_end = matches!(item, Item::Lost(_) | Item::Stopped(_));
        world.tell(Entry::Heard { is_end });
        if is_end && world.bug == "tells the hooks twice" {
            world.tell(Entry::Heard { is_end });
        }
        if is_end && world.bug == "allocates" {
            drop(black_box(vec![0_u8; 8]));
        }
    }
}
