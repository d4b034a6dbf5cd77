//! The hooks of the application, which only listen.

use embedded_sse::Item;
use embedded_sse::hooks::Hooks;

use super::bug::Bug;
use crate::network::World;
use crate::trace::Entry;

#[derive(Clone, Copy)]
pub struct Ear<'w> {
    pub world: &'w World<'w>,
    pub bug: Option<Bug>,
}

impl Hooks for Ear<'_> {
    fn told(&mut self, item: &Item<'_>) {
        let is_end = matches!(item, Item::Lost(_) | Item::Stopped(_));
        self.world.tell(Entry::Heard { is_end });
        if is_end && self.bug == Some(Bug::TellsTheHooksTwice) {
            self.world.tell(Entry::Heard { is_end });
        }
    }
}
