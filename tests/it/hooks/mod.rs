//! Hooks: what an application can observe while a source runs.

mod calls;
mod counters;
mod heartbeat;
mod small;
mod wrappers;

use std::ops::ControlFlow;

use embedded_sse::hooks::Hooks;
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, blocking};

use crate::script::{Connection, Dialer, Manner, World, line_of, url};

/// Follows the connections with these hooks, in reads of `read` bytes. Returns the reports with their times.
pub fn follow(
    connections: &[Connection],
    read: usize,
    hooks: impl Hooks,
    mut on_item: impl FnMut(&Item<'_>),
) -> Vec<String> {
    let world = World::new(
        Manner {
            read,
            ..Manner::PLAIN
        },
        connections,
        0,
    );
    let mut decoder: Decoder<256> = Decoder::new();
    let policy = Policy {
        jitter_percent: 0,
        ..Policy::DEFAULT
    };
    let request = Request::get(url("http://h/"));
    let source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
    let mut source = source.with_hooks(hooks);
    blocking::sse(
        &mut Dialer(&world),
        &world,
        &mut source,
        &mut [0; 512],
        |item| {
            on_item(&item);
            world.told(line_of(item));
            ControlFlow::Continue(())
        },
    );
    world.log.take().timed()
}

/// Runs the source until it stops.
pub fn drive<const DATA: usize>(world: &World, source: &mut EventSource<'_, DATA, 64, impl Hooks>) {
    let go_on = |_: Item<'_>| ControlFlow::Continue(());
    blocking::sse(&mut Dialer(world), world, source, &mut [0; 50], go_on);
}
