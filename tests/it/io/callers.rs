//! How the ready loops treat streams, hooks, clocks, and applications that are dropped. Without scripts.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use embedded_sse::hooks::Hooks;
use embedded_sse::{
    Decoder, Draft, EventSource, Head, InvalidRedirect, Item, Policy, Request, StopReason, Verdict,
    blocking, io,
};

use crate::script::{
    Dialer, Manner, OPEN, Plain, World, answers, default_source, gone, line_of, ms, opens, refuses,
    status, url,
};

#[test]
fn https_without_tls_stops_before_connecting() {
    let redirect = status(302, "Location: https://g/\r\nContent-Length: 0\r\n");
    let redirected = StopReason::Redirect(InvalidRedirect::NoTls);
    for (text, connections, reason) in [
        ("https://h/", vec![], StopReason::NoTls),
        ("http://h/", vec![redirect], redirected),
    ] {
        let world = World::new(Manner::PLAIN, &connections, 0);
        let mut decoder = Decoder::<256>::new();
        let mut source =
            EventSource::new(Request::get(url(text)), Policy::DEFAULT, 1, &mut decoder).unwrap();
        let mut told = Vec::new();
        let on_item = |item: Item<'_>| {
            told.push(line_of(item));
            ControlFlow::Continue(())
        };
        let mut plain = Plain(Dialer(&world));
        let stop = blocking::sse(&mut plain, &world, &mut source, &mut [0; 64], on_item);
        assert_eq!(stop.reason, reason);
        assert_eq!(told, [format!("stop {reason:?}")]);
        let log = world.log.borrow();
        let asked = log.all.iter().filter(|line| line.contains("connect"));
        assert_eq!(asked.count(), connections.len());
    }
}

/// A clock whose sleep ends too early.
struct Drowsy<'w>(&'w World);

impl blocking::Clock for Drowsy<'_> {
    fn now(&self) -> Duration {
        self.0.time()
    }

    fn sleep_until(&self, time: Duration) {
        self.0.pass_until(time.min(self.0.time() + ms(700)));
    }
}

#[test]
fn a_loss_is_reported_once_even_if_the_clock_wakes_early() {
    let connections = [refuses(), opens("").ends(), gone()];
    let world = World::new(Manner::PLAIN, &connections, 0);
    let mut decoder = Decoder::<256>::new();
    let mut source = default_source(&mut decoder);
    let mut told = Vec::new();
    let on_item = |item: Item<'_>| {
        told.push(line_of(item));
        ControlFlow::Continue(())
    };
    blocking::sse(
        &mut Dialer(&world),
        &Drowsy(&world),
        &mut source,
        &mut [0; 64],
        on_item,
    );
    let kinds: Vec<_> = told
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(kinds, ["lost", "open", "lost", "stop"], "{told:?}");
}

/// After a 401, the next attempt has a new token.
#[test]
fn hooks_of_one_type_share_its_state() {
    let connections = [status(401, ""), opens("data: a\n\n").ends(), gone()];
    let world = World::new(Manner::PLAIN, &connections, 0);
    struct Login(u32);
    impl Hooks for Login {
        fn before_connect(&mut self, draft: &mut Draft<'_>) {
            let token = format_args!("Bearer {}", self.0);
            draft.add_header("Authorization", token).unwrap();
        }

        fn verdict(&mut self, head: &Head<'_>, verdict: Verdict) -> Verdict {
            match head.status() {
                401 => {
                    self.0 += 1;
                    Verdict::Retry
                }
                _ => verdict,
            }
        }
    }
    let mut decoder = Decoder::<256>::new();
    let mut source = default_source(&mut decoder).with_hooks(Login(1));
    let on_item = |_: Item<'_>| ControlFlow::Continue(());
    let stop = blocking::sse(
        &mut Dialer(&world),
        &world,
        &mut source,
        &mut [0; 64],
        on_item,
    );
    assert_eq!(stop.reason, StopReason::NoContent);
    let tokens = [0, 1, 2].map(|request| {
        world
            .log
            .borrow()
            .headers(request, "authorization")
            .concat()
    });
    assert_eq!(tokens, ["Bearer 1", "Bearer 2", "Bearer 2"]);
}

/// All streams of four tokens, through chunks that hold a whole stream and chunks that do not.
#[test]
fn a_loop_returns_the_same_items_as_a_decoder() {
    let pieces = [
        "data", "event", "id", ":", ": ", "x", "\n", "\n\n", "\r\n\r\n",
    ];
    for number in 0..9_usize.pow(4) {
        let piece = |place: u32| pieces[number / 9_usize.pow(place) % 9];
        let stream: String = (0..4).map(piece).chain(["\n\n"]).collect();
        let mut decoder = Decoder::<64>::new();
        decoder.show_comments(true);
        let mut want = Vec::new();
        let mut input = stream.as_bytes();
        while let Some(item) = decoder.decode(&mut input) {
            want.push(line_of(item));
        }
        assert_eq!(stream_through::<3>(&stream), want, "{stream:?}");
        assert_eq!(stream_through::<512>(&stream), want, "{stream:?}");
    }
}

/// The body is chunked, and the buffer is smaller than a piece.
#[test]
fn a_loop_returns_long_events_in_pieces() {
    let data: String = ('a'..='z').cycle().take(300).collect();
    let stream = format!("data: {data}\n\ndata: b\n\n");
    let chunks: String = stream
        .as_bytes()
        .chunks(31)
        .map(|chunk| {
            format!(
                "{:x}\r\n{}\r\n",
                chunk.len(),
                str::from_utf8(chunk).unwrap()
            )
        })
        .collect();
    let head = OPEN.trim_end();
    let response = format!("{head}\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
    let connections = [answers(response).ends()];
    let world = World::new(Manner::PLAIN, &connections, 0);
    let mut decoder = Decoder::<128>::new();
    decoder.split_long_events(true);
    let mut source = default_source(&mut decoder);
    let (mut text, mut events, mut pieces) = (String::new(), Vec::new(), 0);
    let on_item = |item: Item<'_>| {
        match item {
            Item::Piece(piece) => {
                text += piece;
                pieces += 1;
            }
            Item::LastPiece(event) | Item::Event(event) => {
                events.push(std::mem::take(&mut text) + event.data);
            }
            Item::Lost(_) => return ControlFlow::Break(()),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    blocking::sse(
        &mut Dialer(&world),
        &world,
        &mut source,
        &mut [0; 7],
        on_item,
    );
    assert_eq!(events, [data, "b".to_owned()]);
    assert!(pieces > 1);
}

fn stream_through<const CHUNK: usize>(stream: &str) -> Vec<String> {
    let connections = [opens(stream).ends()];
    let world = World::new(Manner::PLAIN, &connections, 0);
    let mut decoder = Decoder::<128>::new();
    decoder.show_comments(true);
    let mut source = default_source(&mut decoder);
    let mut told = Vec::new();
    let on_item = |item: Item<'_>| match item {
        Item::Open(_) => ControlFlow::Continue(()),
        Item::Lost(_) => ControlFlow::Break(()),
        item => {
            told.push(line_of(item));
            ControlFlow::Continue(())
        }
    };
    let mut chunk = [0; CHUNK];
    blocking::sse(
        &mut Dialer(&world),
        &world,
        &mut source,
        &mut chunk,
        on_item,
    );
    told
}

/// The loop is dropped while the callback handles a loss. The next loop starts during or after the wait.
#[test]
fn a_loss_is_reported_again_if_the_callback_was_dropped() {
    for wait in [0, 3000, 99_000] {
        let connections = [
            opens("data: more than sixteen bytes").ends(),
            opens("data: short\n\n").ends(),
        ];
        let world = World::new(Manner::PLAIN, &connections, 0);
        let mut decoder = Decoder::<128>::new();
        decoder.split_long_events(true);
        let mut source = default_source(&mut decoder);
        let mut chunk = [0; 64];
        let is_lost = Cell::new(false);
        {
            let on_item = async |item: Item<'_>| {
                if let Item::Lost(_) = item {
                    is_lost.set(true);
                    world.wake_now();
                    std::future::pending::<()>().await;
                }
                ControlFlow::Continue(())
            };
            let mut dialer = Dialer(&world);
            let mut sse = pin!(io::sse(
                &mut dialer,
                &world,
                &mut source,
                &mut chunk,
                on_item
            ));
            while !is_lost.get() {
                assert!(world.poll(sse.as_mut()).is_pending());
            }
        }
        world.pass_until(world.time() + ms(wait));
        let mut told = Vec::new();
        let on_item = async |item: Item<'_>| {
            told.push(line_of(item));
            match told.len() {
                3 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        };
        let mut dialer = Dialer(&world);
        let sse = io::sse(&mut dialer, &world, &mut source, &mut chunk, on_item);
        assert_eq!(world.block_on(sse).reason, StopReason::Closed);
        assert!(told[0].starts_with("lost End"), "{told:?}");
        assert_eq!(told[1..], ["open 200", "message: short"]);
    }
}
