//! Known bugs for the control. Each is injected where the client touches the world: into the transport, the
//! clock, the hooks or the application. Code asks for a bug by its name, so a name that is mistyped is not
//! found, and the control fails.

use crate::drivers::Driver::{self, Blocking, Embassy, SansIo, Sessions, Sse, Tls};

/// Over embassy-net and TLS, the seed selects the way of the loop.
const ALL: &[Driver] = &[SansIo, Sse, Sessions, Blocking, Embassy, Tls];

/// The bugs, and the drivers that can have them.
pub const BUGS: [(&str, &[Driver]); 43] = [
    // In the transport.
    ("loses a byte", ALL),
    ("sends an old ID", ALL),
    ("sends an unknown ID", ALL),
    ("sends the token to another origin", ALL),
    ("forgets the token", ALL),
    ("goes to another path", ALL),
    ("ignores retry", ALL),
    ("ignores Retry-After", ALL),
    ("accepts an ID with NUL", ALL),
    ("tries only the first address", &[Embassy]),
    ("calls a reset an end", ALL),
    ("leaves connections open", ALL),
    (
        "loses the bytes of a dropped read",
        &[Sessions, Embassy, Tls],
    ),
    // In the clock.
    ("waits too short", ALL),
    ("waits too long", ALL),
    ("gives up", ALL),
    ("spins before each deadline", ALL),
    ("notices silence late", ALL),
    ("never notices silence", ALL),
    // In the hooks.
    ("tells the hooks twice", ALL),
    ("sends an old token", ALL),
    ("repeats a request that may not be repeated", ALL),
    ("repeats a final status", ALL),
    ("allocates", ALL),
    // In the application's loop.
    ("loses an event", ALL),
    ("doubles an event", ALL),
    ("swaps two events", ALL),
    ("changes an event", ALL),
    ("has a capacity of one byte less", ALL),
    ("hides the opening", ALL),
    ("reports a loss twice", ALL),
    ("hides a loss", ALL),
    ("panics at a loss", ALL),
    (
        "calls a cut an end",
        &[SansIo, Sse, Sessions, Blocking, Embassy],
    ),
    ("goes on after a stop", ALL),
    ("takes no idle timeout for 60 s", ALL),
    ("stores the ID too early", ALL),
    ("never backs off", &[SansIo, Sessions]),
    (
        "loses the item after a dropped next",
        &[Sessions, Embassy, Tls],
    ),
    ("forgets the loss of a dropped future", &[Sse, Embassy, Tls]),
    ("loses the second item when stopped", &[Blocking]),
    ("drops the rest of a read", &[SansIo]),
    ("trusts any key", &[Tls]),
];
