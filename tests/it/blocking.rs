//! What only the blocking loop has: operations that block, some of them for too long. All other scripts run
//! through the blocking loop too.

use std::cell::Cell;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::script::{
    Dialer, Manner, OPEN, Script, Trouble, World, answers, default_source, gone, ms,
    never_connects, opens, refuses, status,
};
use embedded_sse::{Decoder, EventSource, Item, StopReason, blocking};

/// `run` compares the loops with each other.
#[test]
fn the_blocking_loop_reports_the_same_as_the_others() {
    let log = Script::get("http://h/")
        .policy(|policy| policy.idle_timeout = Some(ms(5000)))
        .ready_takes(1000)
        .last_event_id("0")
        .then(never_connects())
        .then(status(307, "Location: /b\r\n"))
        .then(
            opens("id: 1\ndata: a\n\n")
                .pauses(4900)
                .fails(ErrorKind::Interrupted),
        )
        .then(answers("").write(20, Trouble::Hangs))
        .then(gone())
        .run();
    assert_eq!(
        log.all,
        [
            "1000 ready",
            "1000 connect http h 80",
            "31000 lost ConnectTimeout",
            "31000 wait 3000",
            "35000 ready",
            "35000 connect http h 80",
            "35000 flush",
            "35000 closed",
            "35000 connect http h 80",
            "35000 flush",
            "35000 open 200",
            "35000 message 1: a",
            "40000 closed",
            "40000 lost IdleTimeout",
            "40000 wait 6000",
            "47000 ready",
            "47000 connect http h 80",
            "347000 closed",
            "347000 lost ResponseTimeout",
            "347000 wait 12000",
            "360000 ready",
            "360000 connect http h 80",
            "360000 flush",
            "360000 closed",
            "360000 stop NoContent",
        ]
    );
    assert_eq!(log.headers(0, "last-event-id"), ["0"]);
    assert_eq!(log.headers(3, "last-event-id"), ["1"]);
}

/// What the application gets before the stop, with the times.
fn told(script: Script<'_>) -> Vec<String> {
    let told = script.then(gone()).run_blocking().timed().into_iter();
    told.take_while(|line| !line.contains("stop")).collect()
}

/// While a read blocks, the loop cannot check deadlines.
#[test]
fn a_deadline_is_noticed_when_the_read_returns() {
    let script = Script::get("http://h/")
        .policy(|policy| policy.idle_timeout = Some(ms(1010)))
        .then(opens(""));
    assert_eq!(
        told(script),
        ["0 open 200", "1100 lost IdleTimeout", "1100 wait 3000"]
    );
    let script = Script::get("http://h/")
        .policy(|policy| policy.response_timeout = Some(ms(1010)))
        .then(answers("HTTP/1.1"));
    assert_eq!(
        told(script),
        ["1100 lost ResponseTimeout", "1100 wait 3000"]
    );
}

/// `TimedOut` is not an error, and does not end the silence.
#[test]
fn timed_out_means_that_nothing_has_arrived_yet() {
    let timed_out = ErrorKind::TimedOut;
    let trouble = Trouble::Fails(timed_out);
    let patient = answers("")
        .write(9, trouble)
        .flush(trouble)
        .fails(timed_out)
        .sends(OPEN)
        .fails(timed_out)
        .sends("data: a\n\n")
        .fails(timed_out)
        .ends();
    let mut nagging = opens("");
    for _ in 0..400 {
        nagging = nagging.pauses(100).fails(timed_out);
    }
    let script = Script::get("http://h/")
        .policy(|policy| policy.idle_timeout = Some(ms(5000)))
        .then(patient)
        .then(nagging);
    let told = told(script);
    let told: Vec<_> = told
        .iter()
        .map(|line| line.split_once(' ').unwrap().1)
        .collect();
    assert_eq!(
        told,
        [
            "open 200",
            "message: a",
            "lost End",
            "wait 3000",
            "open 200",
            "lost IdleTimeout",
            "wait 6000"
        ]
    );
}

#[test]
fn a_connection_after_the_deadline_is_lost() {
    let late = answers(OPEN).made_after(31_000).heeds_no_deadline();
    let script = Script::get("http://h/").then(late);
    assert_eq!(
        told(script),
        ["31000 lost ConnectTimeout", "31000 wait 3000"]
    );
}

#[test]
fn an_attempt_may_have_no_deadline() {
    let script = Script::get("http://h/")
        .policy(|policy| {
            policy.connect_timeout = None;
            policy.response_timeout = None;
        })
        .then(opens("").made_after(1_000_000).ends())
        .then(answers("").pauses(1_000_000).sends(OPEN).ends());
    assert_eq!(
        told(script),
        [
            "1000000 open 200",
            "1000000 lost End",
            "1000000 wait 3000",
            "2003000 open 200",
            "2003000 lost End",
            "2003000 wait 6000",
        ]
    );
}

/// The callback borrows a variable mutably, and the same source runs several times.
#[test]
fn the_blocking_loop_can_be_called_again() {
    let world = World::new(
        Manner::PLAIN,
        &[opens("id: 1\ndata: a\n\ndata: b\n\n"), refuses(), gone()],
        0,
    );
    let mut decoder = Decoder::<256>::new();
    let mut source = default_source(&mut decoder);
    let mut events = Vec::new();
    let mut follow = |source: &mut EventSource<'_, 256, 64>| {
        let on_item = |item: Item<'_>| match item {
            Item::Event(event) => {
                events.push(event.data.to_owned());
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        };
        blocking::sse(&mut Dialer(&world), &world, source, &mut [0; 64], on_item)
    };
    assert_eq!(follow(&mut source).reason, StopReason::Closed);
    // The source stays closed until it is restarted.
    assert_eq!(follow(&mut source).reason, StopReason::Closed);
    source.restart();
    assert_eq!(follow(&mut source).reason, StopReason::NoContent);
    assert_eq!(events, ["a"]);
    assert_eq!(world.log.borrow().headers(1, "last-event-id"), ["1"]);
}

/// A clock that the application can stop.
struct Stoppable<'w> {
    world: &'w World,
    is_stopped: Cell<bool>,
}

impl blocking::Clock for Stoppable<'_> {
    fn now(&self) -> Duration {
        blocking::Clock::now(self.world)
    }

    fn sleep_until(&self, time: Duration) {
        blocking::Clock::sleep_until(self.world, time);
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.get()
    }
}

/// The simulation found that the second event was lost: its ID was sent, but it had not been passed on.
#[test]
fn a_stop_between_two_events_of_one_read_loses_nothing() {
    let world = World::new(
        Manner::PLAIN,
        &[opens("id: 1\ndata: a\n\nid: 2\ndata: b\n\n"), gone()],
        0,
    );
    let clock = Stoppable {
        world: &world,
        is_stopped: Cell::new(false),
    };
    let mut decoder = Decoder::<256>::new();
    let mut source = default_source(&mut decoder);
    let mut events = Vec::new();
    let on_item = |item: Item<'_>| {
        if let Item::Event(event) = item {
            events.push(event.data.to_owned());
            clock.is_stopped.set(true);
        }
        ControlFlow::Continue(())
    };
    let mut chunk = [0; 64];
    let stop = blocking::sse(
        &mut Dialer(&world),
        &clock,
        &mut source,
        &mut chunk,
        on_item,
    );
    assert_eq!((stop.reason, stop.status), (StopReason::Closed, Some(200)));
    assert_eq!(events, ["a"]);
    assert_eq!(source.decoder().last_event_id(), "1");
}

/// A clock that is stopped by the first sleep.
struct StoppedBySleep<'w>(Stoppable<'w>);

impl blocking::Clock for StoppedBySleep<'_> {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep_until(&self, _: Duration) {
        self.0.is_stopped.set(true);
    }

    fn is_stopped(&self) -> bool {
        self.0.is_stopped()
    }
}

#[test]
fn a_stop_during_a_wait_reports_the_last_status() {
    let world = World::new(Manner::PLAIN, &[status(503, ""), gone()], 0);
    let clock = StoppedBySleep(Stoppable {
        world: &world,
        is_stopped: Cell::new(false),
    });
    let mut decoder = Decoder::<256>::new();
    let mut source = default_source(&mut decoder);
    let stop = blocking::sse(
        &mut Dialer(&world),
        &clock,
        &mut source,
        &mut [0; 64],
        |_| ControlFlow::Continue(()),
    );
    assert_eq!((stop.reason, stop.status), (StopReason::Closed, Some(503)));
}
