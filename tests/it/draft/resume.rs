//! Resuming after the last processed event, and detecting missed events.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;

use embedded_sse::hooks::{self, Counters};
use embedded_sse::{Decoder, Draft, InvalidDraft, Item, blocking};

use crate::hooks::{drive, follow};
use crate::script::{Dialer, Manner, OPEN, World, answers, default_source, gone, opens};

/// The application has processed the first two events when the connection is lost.
#[test]
fn an_attempt_resumes_after_the_last_processed_event() {
    let finished = RefCell::new(String::new());
    let change = |draft: &mut Draft<'_>| {
        draft.set_last_event_id(&finished.borrow()).unwrap();
    };
    let connections = [
        opens("id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n").ends(),
        opens("data: x\n\nid: 3\ndata: c\n\n").ends(),
        opens("").ends(),
        gone(),
    ];
    let world = World::new(Manner::PLAIN, &connections, 0);
    let mut decoder: Decoder<256> = Decoder::new();
    let mut source = default_source(&mut decoder).with_hooks(hooks::before_connect(change));
    let mut told = Vec::new();
    let mut asked = Vec::new();
    blocking::sse(
        &mut Dialer(&world),
        &world,
        &mut source,
        &mut [0; 512],
        |item| {
            match &item {
                Item::Event(event) if event.data == "b" => {
                    "2".clone_into(&mut finished.borrow_mut())
                }
                Item::Event(event) => told.push(format!("{} {}", event.last_event_id, event.data)),
                Item::Open(head) => {
                    asked.push(head.last_event_id().to_owned());
                    if asked.len() == 3 {
                        finished.borrow_mut().clear();
                    }
                }
                _ => {}
            }
            ControlFlow::Continue(())
        },
    );
    // An event without an ID of its own has the ID of the request.
    assert_eq!(told, ["1 a", "3 c", "2 x", "3 c"]);
    assert_eq!(asked, ["", "2", "2"]);
    let log = world.log.borrow();
    let sent = [0, 1, 2, 3].map(|request| log.headers(request, "last-event-id").concat());
    assert_eq!(sent, ["", "2", "2", ""]);
    drop(log);
    assert_eq!(source.decoder().last_event_id(), "");
}

/// Mercure reports after which event it resumes. If that is another event, some were missed.
#[test]
fn missed_events_can_be_detected() {
    let resumed = |id: &str| {
        let head = OPEN.replacen(
            "\r\n\r\n",
            &format!("\r\nMercure-Last-Event-ID: {id}\r\n\r\n"),
            1,
        );
        answers(head + "id: 9\ndata: x\n\n").ends()
    };
    let mut gaps = Vec::new();
    let connections = [resumed(""), resumed("9"), resumed("earliest"), gone()];
    follow(&connections, 7, &Cell::new(Counters::default()), |item| {
        if let Item::Open(head) = item {
            let resumed = head.header("Mercure-Last-Event-ID").unwrap();
            gaps.push(resumed != head.last_event_id());
        }
    });
    assert_eq!(gaps, [false, false, true]);
}

#[test]
fn an_id_that_is_not_a_valid_header_value_is_refused() {
    let change = |draft: &mut Draft<'_>| {
        for id in ["a\nb", " a", "a\u{7f}", &"x".repeat(65)] {
            assert!(draft.set_last_event_id(id).is_err(), "{id:?}");
        }
        draft.set_last_event_id("7").unwrap();
        assert_eq!(draft.set_last_event_id("8"), Err(InvalidDraft::SecondId));
    };
    let mut decoder: Decoder<256> = Decoder::new();
    decoder.set_last_event_id("7").unwrap();
    let world = World::new(Manner::PLAIN, &[gone()], 0);
    let mut source = default_source(&mut decoder).with_hooks(hooks::before_connect(change));
    drive(&world, &mut source);
    assert_eq!(world.log.borrow().headers(0, "last-event-id"), ["7"]);
}
