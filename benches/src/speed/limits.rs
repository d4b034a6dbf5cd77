//! The work that no decoder can avoid: finding line ends, checking UTF-8, and touching memory.

use std::hint::black_box;
use std::str;

use embedded_sse_benches::seen::Seen;

use super::contest::{Pushes, Subject};

pub const LIMITS: [Subject; 4] = [
    Subject {
        name: "`memchr2_iter`",
        run: line_ends,
    },
    Subject {
        name: "`from_utf8`",
        run: text,
    },
    Subject {
        name: "both",
        run: both,
    },
    Subject {
        name: "a copy",
        run: copy,
    },
];

fn line_ends(pushes: Pushes, seen: &mut Seen) {
    for push in pushes {
        seen.bytes += memchr::memchr2_iter(b'\n', b'\r', push)
            .map(black_box)
            .count();
    }
}

fn text(pushes: Pushes, seen: &mut Seen) {
    for push in pushes {
        seen.bytes += black_box(str::from_utf8(push)).map_or(0, str::len);
    }
}

fn both(pushes: Pushes, seen: &mut Seen) {
    line_ends(pushes, seen);
    text(pushes, seen);
}

fn copy(pushes: Pushes, seen: &mut Seen) {
    let mut to = vec![0; pushes.iter().map(|push| push.len()).max().unwrap_or(0)];
    for push in pushes {
        to[..push.len()].copy_from_slice(push);
        black_box(&mut to);
        seen.bytes += push.len();
    }
}
