//! `io::sse` or sessions over TLS. The server is rustls, and it runs when the client writes or reads.

mod server;
mod wire;

use embedded_sse::tls::{Tls, TlsMemory};

use super::executor::{Timers, follow_until_dropped};
use super::ready::Way;
use super::spy::Spy;
use crate::device::{App, Interruption, Source};
use crate::random::Random;
use wire::Dialer;

/// Follows the source until the future must be dropped, and drops it.
pub fn follow(app: &App<'_>, source: &mut Source<'_>, way: Way) -> Option<Interruption> {
    let timers = Timers::new(app.world);
    // Sessions drop reads, so a whole record must be held.
    let mut memory: Box<TlsMemory<16401, 512, 16401>> = Box::new(TlsMemory::new());
    let mut random = Random::new(app.world.plan.seed ^ app.world.now_ms());
    let seeds = |seed: &mut [u8; 32]| {
        for bytes in seed.chunks_mut(8) {
            bytes.copy_from_slice(&random.next().to_le_bytes());
        }
    };
    let tls = Tls::new(Dialer(&timers), &mut *memory, server::pins(), seeds);
    let mut connect = Spy {
        world: app.world,
        inner: tls,
    };
    follow_until_dropped(app, source, way, &timers, &mut connect)
}
