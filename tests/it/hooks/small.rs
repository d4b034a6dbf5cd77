//! Rules: hooks that exclude redirects, or the bodies of responses that are not streams.

use std::cell::{Cell, RefCell};

use embedded_sse::hooks::{self, Counters, Hooks};
use embedded_sse::{Decoder, Head, InvalidRedirect, Step, StopReason, Verdict};

use super::drive;
use crate::script::{Connection, Manner, World, default_source, gone, opens, status};

#[derive(Clone, Copy)]
struct Only {
    redirects: bool,
    bodies: bool,
}

impl Hooks for Only {
    fn follows_redirects(&self) -> bool {
        self.redirects
    }

    fn keeps_bodies(&self) -> bool {
        self.bodies
    }
}

const ALL: Only = Only {
    redirects: true,
    bodies: true,
};
const NO_REDIRECTS: Only = Only {
    redirects: false,
    ..ALL
};
const NO_BODIES: Only = Only {
    bodies: false,
    ..ALL
};

/// Why the source stopped, after how many milliseconds, the status, the kept body, and the number of requests.
fn stop_of(
    connections: &[Connection],
    hooks: impl Hooks,
) -> (StopReason, u64, u16, Vec<u8>, usize) {
    let world = World::new(Manner::PLAIN, connections, 0);
    let mut decoder = Decoder::<512>::new();
    let mut source = default_source(&mut decoder).with_hooks(hooks);
    let start = world.time();
    drive(&world, &mut source);
    let Step::Stop(stop) = source.step(world.time()) else {
        panic!("the source has not stopped");
    };
    let (head, body) = source.response().expect("a response");
    let ms = (world.time() - start).as_millis() as u64;
    let (status, body) = (head.status(), body.to_vec());
    let requests = world.log.borrow().requests.len();
    (stop.reason, ms, status, body, requests)
}

fn redirect() -> Connection {
    status(307, "Location: /there\r\n")
}

/// A refusal whose body is never complete.
fn refusal() -> Connection {
    status(403, "Content-Length: 100\r\n").sends("why")
}

#[test]
fn without_redirects_a_redirect_stops_the_source() {
    let (reason, _, status, _, requests) = stop_of(&[redirect(), gone()], NO_REDIRECTS);
    assert_eq!(reason, StopReason::Redirect(InvalidRedirect::TooMany));
    assert_eq!((status, requests), (307, 1));

    // The control: with redirects, the second connection is made.
    let (reason, _, status, _, requests) = stop_of(&[redirect(), gone()], NO_BODIES);
    assert_eq!(reason, StopReason::NoContent);
    assert_eq!((status, requests), (204, 2));
}

#[test]
fn without_bodies_a_refusal_stops_at_once_and_its_body_is_empty() {
    let (reason, ms, status, body, _) = stop_of(&[refusal()], NO_BODIES);
    assert_eq!(reason, StopReason::Status);
    assert_eq!((ms, status, body.as_slice()), (0, 403, &b""[..]));

    // The control: with bodies, the source waits for a second.
    let (reason, ms, status, body, _) = stop_of(&[refusal()], NO_REDIRECTS);
    assert_eq!(reason, StopReason::Status);
    assert_eq!((ms, status, body.as_slice()), (1000, 403, &b"why"[..]));
}

#[test]
fn without_bodies_collect_does_the_same_as_finish() {
    let collect = |_: &Head<'_>, _| Verdict::Collect;
    let document = || status(200, "Content-Length: 2\r\n").sends("{}");
    let hooks = (hooks::judge(collect), NO_BODIES);
    let (reason, ms, status, body, _) = stop_of(&[document()], hooks);
    assert_eq!(reason, StopReason::Finished);
    assert_eq!((ms, status, body.as_slice()), (0, 200, &b""[..]));

    let (reason, _, _, body, _) = stop_of(&[document()], (hooks::judge(collect), NO_REDIRECTS));
    assert_eq!(
        (reason, body.as_slice()),
        (StopReason::Finished, &b"{}"[..])
    );
}

#[test]
fn streams_are_followed_as_ever() {
    let world = World::new(Manner::PLAIN, &[opens("data: a\n\n").ends(), gone()], 0);
    let mut decoder = Decoder::<512>::new();
    let counters = Cell::new(Counters::default());
    let hooks = (NO_REDIRECTS, (NO_BODIES, &counters));
    let mut source = default_source(&mut decoder).with_hooks(hooks);
    drive(&world, &mut source);
    assert_eq!(counters.get().events, 1);
}

#[test]
fn a_pair_excludes_what_one_of_them_excludes() {
    fn both(hooks: impl Hooks) -> (bool, bool) {
        (hooks.follows_redirects(), hooks.keeps_bodies())
    }
    assert_eq!(both(()), (true, true));
    assert_eq!(both((ALL, ())), (true, true));
    assert_eq!(both((NO_REDIRECTS, ())), (false, true));
    assert_eq!(both(((), NO_BODIES)), (true, false));
    assert_eq!(both((NO_BODIES, NO_REDIRECTS)), (false, false));
}

#[test]
fn shared_hooks_answer_like_their_content() {
    for (only, want) in [
        (ALL, (true, true)),
        (NO_REDIRECTS, (false, true)),
        (NO_BODIES, (true, false)),
    ] {
        let mut own = only;
        let dynamic: &mut dyn Hooks = &mut own;
        assert_eq!((dynamic.follows_redirects(), dynamic.keeps_bodies()), want);
        let cell = &Cell::new(only);
        assert_eq!((cell.follows_redirects(), cell.keeps_bodies()), want);
        let cell = &RefCell::new(only);
        assert_eq!((cell.follows_redirects(), cell.keeps_bodies()), want);
        let borrowed = cell.borrow_mut();
        assert!(cell.follows_redirects() && cell.keeps_bodies());
        drop(borrowed);
    }
}
