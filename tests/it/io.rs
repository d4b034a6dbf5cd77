//! The ready loops: `sse`, sessions, and the blocking one, which must all tell the same.

use std::cell::Cell;
use std::future::Future;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use embedded_io_async::{ErrorType, Read, Write};

use crate::script::{
    Connection, Dialer, Manner, OPEN, Plain, Script, Trouble, World, answers, gone, line_of, ms,
    never_connects, opens, refuses, status, url,
};
use embedded_sse::hooks::Hooks;
use embedded_sse::{
    Decoder, Draft, EventSource, Head, InvalidRedirect, Item, Origin, Policy, Request, StopReason,
    Verdict, blocking, io,
};

const FAILURES: [ErrorKind; 4] = [
    ErrorKind::ConnectionReset,
    ErrorKind::BrokenPipe,
    ErrorKind::NotConnected,
    ErrorKind::Other,
];

fn get() -> Script<'static> {
    Script::get("http://h/").shows_all()
}

/// What comes of one such connection before the end.
#[track_caller]
fn assert_told(first: Connection, want: &[&str]) {
    let log = get()
        .policy(|policy| policy.idle_timeout = Some(ms(5000)))
        .then(first)
        .then(gone())
        .run();
    let (end, told) = log
        .told()
        .split_last()
        .map(|(end, told)| (*end, told.to_vec()))
        .unwrap();
    assert_eq!((told.as_slice(), end), (want, "stop NoContent"));
}

#[test]
fn all_that_happens_is_told_in_its_order() {
    let log = get()
        .then(
            opens("id: 1\ndata: a\n\n: c\n")
                .pauses(200)
                .sends("data: b\n\ndata: x")
                .ends(),
        )
        .then(refuses())
        .then(status(503, "Retry-After: 15\r\n"))
        .then(
            opens("event: e\ndata: c\n\n")
                .pauses(100)
                .fails(ErrorKind::ConnectionReset),
        )
        .then(gone())
        .run();
    assert_eq!(
        log.all,
        [
            "0 ready",
            "0 connect http h 80",
            "0 flush",
            "0 open 200",
            "0 message 1: a",
            "0 comment c",
            "200 message 1: b",
            "200 closed",
            "200 lost End",
            "200 wait 3000",
            "3200 ready",
            "3200 connect http h 80",
            "3200 lost Connect",
            "3200 wait 6000",
            "9200 ready",
            "9200 connect http h 80",
            "9200 flush",
            "9200 closed",
            "9200 lost Status(503)",
            "9200 wait 15000",
            "24200 ready",
            "24200 connect http h 80",
            "24200 flush",
            "24200 open 200",
            "24200 e 1: c",
            "24300 closed",
            "24300 lost Transport",
            "24300 wait 24000",
            "48300 ready",
            "48300 connect http h 80",
            "48300 flush",
            "48300 closed",
            "48300 stop NoContent",
        ]
    );
    assert_eq!(log.headers(0, "last-event-id"), [""; 0]);
    assert_eq!(log.headers(1, "last-event-id"), ["1"]);
}

#[test]
fn a_redirect_is_followed_at_once() {
    let log = get()
        .ready_takes(500)
        .then(status(302, "Location: http://g:81/x\r\n"))
        .then(opens("data: a\n\n").ends())
        .then(gone())
        .run();
    // The network is there: only a new attempt asks for it.
    assert_eq!(
        log.all[..8],
        [
            "500 ready",
            "500 connect http h 80",
            "500 flush",
            "500 closed",
            "500 connect http g 81",
            "500 flush",
            "500 open 200",
            "500 message: a",
        ]
    );
    assert_eq!(log.request_lines(), ["GET /", "GET /x", "GET /"]);
}

#[test]
fn a_stop_is_returned() {
    assert_eq!(get().then(gone()).run().told(), ["stop NoContent"]);
    let text = "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nno";
    let refused = answers(format!("HTTP/1.1 200 OK\r\n{text}"));
    assert_eq!(get().then(refused).run().told(), ["stop ContentType"]);
    let post = Script::new(Request::post(url("http://h/"), b"body"));
    let log = post.then(opens("").ends()).run();
    assert_eq!(log.told(), ["open 200", "lost End", "stop Ended"]);
    assert!(log.requests[0].ends_with("\r\n\r\nbody"));
}

#[test]
fn used_up_attempts_stop_with_the_cause() {
    let policy = |most| get().policy(move |policy| policy.max_reconnection_attempts = Some(most));
    let log = policy(0).then(refuses()).run();
    assert_eq!(log.told(), ["lost Connect", "stop Attempts"]);
    let log = policy(2)
        .then(refuses())
        .then(opens("").ends())
        .then(refuses())
        .then(status(503, ""))
        .run();
    assert_eq!(
        log.told(),
        [
            "lost Connect",
            "wait 3000",
            "open 200",
            "lost End",
            "wait 6000",
            "lost Connect",
            "wait 12000",
            "lost Status(503)",
            "stop Attempts",
        ]
    );
}

#[test]
fn a_wait_of_no_length_is_told_too() {
    let log = get()
        .policy(|policy| policy.reconnection_time = ms(0))
        .ready_takes(100)
        .then(opens("data: a\n\n").ends())
        .then(refuses())
        .then(status(503, ""))
        .then(gone())
        .run();
    // And it is told before the network is asked for: an application may show it.
    assert_eq!(
        log.all,
        [
            "100 ready",
            "100 connect http h 80",
            "100 flush",
            "100 open 200",
            "100 message: a",
            "100 closed",
            "100 lost End",
            "100 wait 0",
            "200 ready",
            "200 connect http h 80",
            "200 lost Connect",
            "200 wait 500",
            "800 ready",
            "800 connect http h 80",
            "800 flush",
            "800 closed",
            "800 lost Status(503)",
            "800 wait 1000",
            "1900 ready",
            "1900 connect http h 80",
            "1900 flush",
            "1900 closed",
            "1900 stop NoContent",
        ]
    );
}

#[test]
fn https_without_tls_stops_and_asks_for_no_connection() {
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

/// It sleeps for less than it was told to.
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
fn a_clock_that_wakes_early_has_a_loss_told_once() {
    let connections = [refuses(), opens("").ends(), gone()];
    let world = World::new(Manner::PLAIN, &connections, 0);
    let mut decoder = Decoder::<256>::new();
    let request = Request::get(url("http://h/"));
    let mut source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
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

/// A 401 makes the next attempt bring a fresh token.
#[test]
fn the_hooks_share_what_they_know() {
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
    let request = Request::get(url("http://h/"));
    let source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
    let mut source = source.with_hooks(Login(1));
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

#[test]
fn to_break_closes_at_each_item() {
    let whole = [
        "open 200",
        "message: a",
        "comment c",
        "message: b",
        "lost End, wait 3000",
    ];
    for item in 0..whole.len() {
        let log = get()
            .breaks_at(item)
            .then(opens("data: a\n\n: c\ndata: b\n\n").ends())
            .run();
        let mut want = whole[..=item].join(", ");
        want += ", stop Closed";
        assert_eq!(log.told().join(", "), want);
        // It does not wait either.
        assert_eq!(log.all.last().unwrap(), "0 stop Closed");
        assert_eq!(log.all.iter().filter(|line| *line == "0 closed").count(), 1);
    }
}

#[test]
fn the_network_is_waited_for_before_an_attempt_and_its_timeout() {
    let log = get()
        .ready_takes(60_000)
        .then(never_connects())
        .then(opens("").ends())
        .then(gone())
        .run();
    assert_eq!(
        log.all,
        [
            "60000 ready",
            "60000 connect http h 80",
            "90000 lost ConnectTimeout",
            "90000 wait 3000",
            "153000 ready",
            "153000 connect http h 80",
            "153000 flush",
            "153000 open 200",
            "153000 closed",
            "153000 lost End",
            "153000 wait 6000",
            "219000 ready",
            "219000 connect http h 80",
            "219000 flush",
            "219000 closed",
            "219000 stop NoContent",
        ]
    );
}

#[test]
fn an_attempt_has_its_time() {
    let late = ["lost ConnectTimeout", "wait 3000"];
    assert_told(never_connects(), &late);
    assert_told(opens("").made_after(30_100), &late);
    let late = ["lost ResponseTimeout", "wait 3000"];
    assert_told(answers("").write(0, Trouble::Hangs), &late);
    assert_told(answers("").write(9, Trouble::Hangs), &late);
    assert_told(answers("").flush(Trouble::Hangs), &late);
    assert_told(answers(""), &late);
    assert_told(answers("HTTP/1.1 200").pauses(100).sends(" OK\r\n"), &late);
    assert_told(answers("").pauses(300_100).sends(OPEN), &late);
    let in_time = answers("")
        .made_after(29_900)
        .pauses(299_900)
        .sends(OPEN)
        .ends();
    assert_told(in_time, &["open 200", "lost End", "wait 3000"]);
}

#[test]
fn a_silent_stream_is_lost() {
    let log = get()
        .policy(|policy| policy.idle_timeout = Some(ms(5000)))
        .then(
            opens("data: a\n\n")
                .pauses(4900)
                .sends(":\n")
                .pauses(4900)
                .sends("data"),
        )
        .then(gone())
        .run();
    assert_eq!(
        log.told(),
        [
            "open 200",
            "message: a",
            "comment",
            "lost IdleTimeout",
            "wait 3000",
            "stop NoContent"
        ]
    );
    assert!(
        log.all.contains(&"14800 lost IdleTimeout".into()),
        "{log:#?}"
    );
}

/// Bytes are waiting, so the server was not silent; the application was.
#[test]
fn a_busy_application_loses_no_stream() {
    let log = get()
        .policy(|policy| policy.idle_timeout = Some(ms(5000)))
        .busy(7000)
        .then(
            opens("data: a\n\n")
                .pauses(100)
                .sends("data: b\n\n")
                .pauses(100)
                .sends("data: c\n\n")
                .ends(),
        )
        .then(gone())
        .run();
    let want = [
        "open 200",
        "message: a",
        "message: b",
        "message: c",
        "lost End",
        "wait 3000",
    ];
    assert_eq!(log.told()[..5], want);
}

#[test]
fn some_errors_say_nothing_yet() {
    let interrupted = Trouble::Fails(ErrorKind::Interrupted);
    let connection = answers("")
        .write(0, interrupted)
        .write(9, interrupted)
        .write(9, interrupted)
        .flush(interrupted)
        .flush(interrupted)
        .fails(ErrorKind::Interrupted)
        .sends("HTTP/1.1 200")
        .fails(ErrorKind::Interrupted)
        .pauses(100)
        .sends(&OPEN["HTTP/1.1 200".len()..])
        .fails(ErrorKind::Interrupted)
        .sends("data: a\n")
        .fails(ErrorKind::Interrupted)
        .pauses(4900)
        .fails(ErrorKind::Interrupted)
        .sends("\n")
        .ends();
    assert_told(
        connection,
        &["open 200", "message: a", "lost End", "wait 3000"],
    );
}

/// It may say so as often as it likes: it does not count as something heard.
#[test]
fn nothing_yet_is_silence() {
    let nags = |mut connection: Connection| {
        for _ in 0..4000 {
            connection = connection.pauses(100).fails(ErrorKind::Interrupted);
        }
        connection
    };
    assert_told(
        nags(opens("")),
        &["open 200", "lost IdleTimeout", "wait 3000"],
    );
    assert_told(
        nags(answers("HTTP/1.1")),
        &["lost ResponseTimeout", "wait 3000"],
    );
}

/// Only where it blocks it says that somebody should look at the clock: see `blocking.rs`.
#[test]
fn a_transport_whose_time_is_out_is_lost() {
    let kind = ErrorKind::TimedOut;
    for (connection, opened) in [
        (answers("").write(9, Trouble::Fails(kind)), false),
        (answers("").flush(Trouble::Fails(kind)), false),
        (answers("HTTP/1.1").fails(kind), false),
        (opens("data").fails(kind), true),
    ] {
        let log = get().then(connection).then(gone()).run_async();
        let told = log.told();
        assert_eq!(told.contains(&"open 200"), opened);
        assert!(told.contains(&"lost Transport"), "{told:?}");
    }
}

/// All streams of a few pieces, through chunks that hold them whole and that do not: fields without
/// a colon, empty ones, and whatever else there is.
#[test]
fn a_loop_hands_out_what_a_decoder_does() {
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

/// Also where the framing cuts it, and a chunk holds less than a piece.
#[test]
fn a_loop_hands_out_pieces() {
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
    let request = Request::get(url("http://h/"));
    let mut source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
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
    let request = Request::get(url("http://h/"));
    let mut source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
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

#[test]
fn other_errors_are_losses() {
    let lost = ["lost Transport", "wait 3000"];
    for kind in FAILURES {
        let trouble = Trouble::Fails(kind);
        assert_told(answers("").write(0, trouble), &lost);
        assert_told(answers("").write(9, trouble), &lost);
        assert_told(answers("").flush(trouble), &lost);
        assert_told(answers("").fails(kind), &lost);
        assert_told(answers("HTTP/1.1 200").fails(kind), &lost);
        assert_told(opens("").fails(kind), &["open 200", lost[0], lost[1]]);
        let cut = opens("data: a\n\ndata").fails(kind);
        assert_told(cut, &["open 200", "message: a", lost[0], lost[1]]);
    }
    assert_told(answers("").write(0, Trouble::Zero), &lost);
    assert_told(answers("").write(9, Trouble::Zero), &lost);
    assert_told(refuses(), &["lost Connect", "wait 3000"]);
}

#[test]
fn an_end_is_clean_only_where_the_response_is_whole() {
    assert_told(
        opens("data: a\n\n").ends(),
        &["open 200", "message: a", "lost End", "wait 3000"],
    );
    assert_told(answers("").ends(), &["lost CutOff", "wait 3000"]);
    assert_told(
        answers("HTTP/1.1 200 OK\r\n").ends(),
        &["lost CutOff", "wait 3000"],
    );
    let framed = |framing: &str, body: &str| {
        let head = OPEN.trim_end();
        answers(format!("{head}\r\n{framing}\r\n\r\n{body}"))
    };
    // Where the framing says so, it is over without an end of the connection.
    let length = framed("Content-Length: 9", "data: a\n\nmore");
    assert_told(length, &["open 200", "message: a", "lost End", "wait 3000"]);
    assert_told(
        framed("Content-Length: 0", ""),
        &["open 200", "lost End", "wait 3000"],
    );
    let chunked = framed(
        "Transfer-Encoding: chunked",
        "9\r\ndata: a\n\n\r\n0\r\n\r\n",
    );
    assert_told(
        chunked,
        &["open 200", "message: a", "lost End", "wait 3000"],
    );
    let cut = framed("Content-Length: 10", "data: a\n\n").ends();
    assert_told(cut, &["open 200", "message: a", "lost CutOff", "wait 3000"]);
}

// ---- transports that are always ready, or lie ----

/// What a transport does, each time and at once.
#[derive(Clone, Copy)]
enum Always {
    /// It makes no connection.
    Refuses,
    /// It reads nothing yet.
    Interrupted,
    /// It has read these bytes.
    Reads(&'static [u8]),
    /// It says that it has read or written this much more than there was room for.
    ReadsMore(usize),
    WritesMore(usize),
    /// It takes this many bytes of a write.
    Writes(usize),
}

/// Counts what it is asked for.
struct Ready {
    always: Always,
    /// Bytes that are read before anything else.
    head: &'static [u8],
    calls: Rc<Cell<usize>>,
    writes: Rc<Cell<usize>>,
}

impl Ready {
    fn call(&self) {
        self.calls.set(self.calls.get() + 1);
        assert!(self.calls.get() < 100, "the executor is starved");
    }
}

impl io::Connect for Ready {
    type Error = ();
    type Io<'c> = &'c mut Self;

    async fn connect(&mut self, _: Origin<'_>, _: Option<Duration>) -> Result<&mut Self, ()> {
        self.call();
        match self.always {
            Always::Refuses => Err(()),
            _ => Ok(self),
        }
    }
}

impl ErrorType for Ready {
    type Error = std::io::Error;
}

impl Read for Ready {
    async fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.call();
        let more = match self.always {
            _ if !self.head.is_empty() => std::mem::take(&mut self.head),
            Always::Interrupted => return Err(ErrorKind::Interrupted.into()),
            Always::ReadsMore(more) => return Ok(bytes.len().saturating_add(more)),
            Always::Reads(more) => more,
            _ => return Ok(0),
        };
        bytes[..more.len()].copy_from_slice(more);
        Ok(more.len())
    }
}

impl Write for Ready {
    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.writes.set(self.writes.get() + 1);
        Ok(match self.always {
            Always::WritesMore(more) => bytes.len().saturating_add(more),
            Always::Writes(most) => bytes.len().min(most),
            _ => bytes.len(),
        })
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Its time stands still.
struct Noon;

impl io::Clock for Noon {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep_until(&self, time: Duration) {
        if !time.is_zero() {
            std::future::pending().await
        }
    }
}

/// What is told in this many polls of `sse`, and the number of writes.
fn told_by(
    always: Always,
    head: &'static str,
    policy: Policy,
    polls: usize,
) -> (Vec<String>, usize) {
    let (calls, writes) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let mut ready = Ready {
        always,
        head: head.as_bytes(),
        calls: Rc::clone(&calls),
        writes: Rc::clone(&writes),
    };
    let mut decoder = Decoder::<512>::new();
    let request = Request {
        headers: &[("Authorization", "Bearer token")],
        ..Request::get(url(
            "http://192.168.1.2:8123/api/stream?restrict=state_changed",
        ))
    };
    let mut source = EventSource::new(request, policy, 1, &mut decoder).unwrap();
    let mut told = Vec::new();
    let mut chunk = [0; 512];
    {
        let on_item = async |item: Item<'_>| {
            told.push(line_of(item));
            ControlFlow::Continue(())
        };
        let mut sse = pin!(io::sse(&mut ready, &Noon, &mut source, &mut chunk, on_item));
        for _ in 0..polls {
            calls.set(0);
            let poll = sse.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if poll.is_ready() {
                break;
            }
        }
    }
    (told, writes.get())
}

#[test]
fn no_loop_starves_the_executor() {
    let at_once = Policy {
        reconnection_time: Duration::ZERO,
        min_retry: Duration::ZERO,
        max_delay: Duration::ZERO,
        ..Policy::DEFAULT
    };
    // Each of these would never return from a poll.
    let (told, _) = told_by(Always::Refuses, "", at_once, 50);
    assert!(told.len() >= 40, "{}", told.len());
    let (told, _) = told_by(Always::Interrupted, OPEN, at_once, 50);
    assert_eq!(told, ["open 200"]);
    let (told, _) = told_by(Always::Interrupted, "", at_once, 50);
    assert_eq!(told, [""; 0]);
    let (told, _) = told_by(Always::Reads(b"data:a\n\n"), OPEN, at_once, 50);
    assert!(told.len() > 50);
    let (told, _) = told_by(Always::Reads(OPEN.as_bytes()), "", at_once, 50);
    assert_eq!(told, ["open 200"]);
}

#[test]
fn a_transport_that_has_lost_count_is_lost() {
    let policy = Policy {
        max_reconnection_attempts: Some(0),
        ..Policy::DEFAULT
    };
    for more in [1, 1000, usize::MAX] {
        for (always, head, told) in [
            (
                Always::ReadsMore(more),
                "",
                &["lost Transport, stop Attempts"][..],
            ),
            (
                Always::ReadsMore(more),
                OPEN,
                &["open 200", "lost Transport, stop Attempts"],
            ),
            (
                Always::WritesMore(more),
                "",
                &["lost Transport, stop Attempts"],
            ),
        ] {
            assert_eq!(told_by(always, head, policy, 50).0, told, "{more}");
        }
    }
}

#[test]
fn a_usual_request_is_one_write() {
    let (told, writes) = told_by(Always::Interrupted, OPEN, Policy::DEFAULT, 2);
    assert_eq!((told.as_slice(), writes), (&["open 200".to_owned()][..], 1));
    let (_, writes) = told_by(Always::Writes(100), OPEN, Policy::DEFAULT, 2);
    assert_eq!(writes, 2);
}

/// The application is dropped while it is told of a loss, and asks again when the wait is over.
#[test]
fn a_loss_is_told_again_if_the_application_was_dropped_with_it() {
    for wait in [0, 3000, 99_000] {
        let connections = [
            opens("data: more than sixteen bytes").ends(),
            opens("data: short\n\n").ends(),
        ];
        let world = World::new(Manner::PLAIN, &connections, 0);
        let mut decoder = Decoder::<128>::new();
        decoder.split_long_events(true);
        let request = Request::get(url("http://h/"));
        let mut source = EventSource::new(request, Policy::DEFAULT, 1, &mut decoder).unwrap();
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
