//! An event source that gets any call at any time. The input is a list of operations.

#![no_main]

use std::cell::Cell;
use std::time::Duration;

use embedded_sse::hooks::{self, Counters, Hooks};
use embedded_sse::{
    Decoder, EventSource, Head, Item, LossCause, Policy, Request, Step, Url, Verdict,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut input = Input(input);
    match input.byte() % 3 {
        0 => run::<128, 0>(input),
        1 => run::<300, 24>(input),
        _ => run::<2048, 64>(input),
    }
});

struct Input<'i>(&'i [u8]);

impl<'i> Input<'i> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    /// The next byte is the number of bytes.
    fn bytes(&mut self) -> &'i [u8] {
        let len = usize::from(self.byte()).min(self.0.len());
        self.0.split_off(..len).unwrap_or_default()
    }
}

const URLS: [&str; 3] = [
    "http://first.example/dir/stream?x=1",
    "https://[2001:db8::1]:8443?topic=a",
    "http://first.example:8080/",
];

const HEADERS: [(&str, &str); 3] = [
    ("Authorization", "Bearer secret"),
    ("Content-Type", "text/plain"),
    ("X-More", "a b"),
];

const LATEST: Duration = Duration::from_secs(u64::MAX / 2);

/// The default, and a policy without delays.
const POLICIES: [Policy; 2] = [
    Policy::DEFAULT,
    Policy {
        reconnection_time: Duration::ZERO,
        min_retry: Duration::ZERO,
        ..Policy::DEFAULT
    },
];

/// Heads for many paths of the code. A `$` is replaced with bytes of the input.
const HEADS: [&str; 8] = [
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
    "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nTransfer-Encoding: chunked\n\n",
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 40\r\n\r\n",
    "HTTP/1.1 301 Moved\r\nLocation: $\r\n\r\n",
    "HTTP/1.1 303 See Other\r\nLocation: $\r\n\r\n",
    "HTTP/1.1 503 Busy\r\nRetry-After: $\r\n\r\n",
    "HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\n$",
    "HTTP/1.1 100 Continue\r\n$\r\n\r\n",
];

fn run<const DATA: usize, const META: usize>(mut input: Input<'_>) {
    let setup = input.byte();
    let more = input.byte();
    let url = URLS[usize::from(setup & 3) % URLS.len()];
    let request = Request {
        method: if setup & 4 == 0 { "GET" } else { "POST" },
        headers: &HEADERS[usize::from(setup >> 3 & 3)..],
        body: if setup & 4 == 0 { b"" } else { b"one\r\ntwo" },
        repeatable: setup & 32 == 0,
        resume_by_get: more & 4 != 0,
        max_redirects: 5,
        ..Request::get(Url::parse(url).expect("a valid URL"))
    };
    let policy = Policy {
        max_reconnection_attempts: (setup & 64 != 0).then_some(3),
        idle_timeout: (setup & 128 != 0).then_some(Duration::from_secs(45)),
        ..POLICIES[usize::from(more) % POLICIES.len()]
    };
    let mut decoder: Decoder<DATA, META> = Decoder::new();
    decoder.show_comments(setup & 1 == 0);
    decoder.show_retry(setup & 2 == 0);
    if more & 2 != 0 {
        decoder.split_long_events(true);
    }
    let counters = Cell::new(Counters::default());
    let mut remembered = [0; 64];
    let source = EventSource::new(request, policy, 1, &mut decoder).expect("a valid request");
    // Documents are collected, and a 401 finishes.
    let collects = more & 8 != 0;
    let judge = hooks::judge(
        move |head: &Head<'_>, verdict| match (verdict, head.status()) {
            (Verdict::Stop, 401) if collects => Verdict::Finish,
            (Verdict::Stop, _) if collects => Verdict::Collect,
            _ => verdict,
        },
    );
    let mut source = source.with_hooks((judge, &counters));
    if setup & 16 == 0 {
        source.remember_permanent_redirects(&mut remembered);
    }

    let mut now = Duration::ZERO;
    while !input.0.is_empty() {
        match input.byte() % 16 {
            0 => source.connected(now),
            1 => source.wrote(input.byte().into()),
            2 => source.wrote(usize::MAX - usize::from(input.byte())),
            3 => receive(&mut source, input.bytes(), now),
            4 => now += Duration::from_millis(input.byte().into()),
            5 => now += Duration::from_secs(input.byte().into()),
            // Far in the future, but early enough for the deadlines to fit.
            6 => now = (now + Duration::from_secs(1 << (input.byte() % 63))).min(LATEST),
            7 => source.failed(now),
            8 => source.ended(now),
            9 => source.timed_out(now),
            10 => source.restart(),
            11 => source.close(),
            12 => {
                if let Some((head, body)) = source.response() {
                    let most = if collects { DATA } else { DATA.min(1024) };
                    assert!(head.status() >= 200 && body.len() <= most);
                }
            }
            13 | 14 => send(&mut source, &request, input.byte(), now),
            _ => {
                let head = HEADS[usize::from(input.byte() % 8)];
                let head = match head.split_once('$') {
                    Some((before, behind)) => {
                        [before.as_bytes(), input.bytes(), behind.as_bytes()].concat()
                    }
                    None => head.into(),
                };
                receive(&mut source, &head, now);
            }
        }
        check_step(&mut source, now);
        if matches!(source.step(now), Step::Wait(_) | Step::Stop(_)) {
            assert_eq!(counters.get().unfinished, 0);
        }
    }
}

fn check_step<const DATA: usize, const META: usize>(
    source: &mut EventSource<'_, DATA, META, impl Hooks>,
    now: Duration,
) {
    let to_come = |deadline: Option<Duration>| deadline.is_none_or(|at| at > now);
    let step = source.step(now);
    let said = format!("{step:?}");
    let mut is_late = false;
    match step {
        Step::Connect { origin, deadline } => assert!(!origin.host.is_empty() && to_come(deadline)),
        Step::Write { deadline } => {
            assert!(!source.request(&mut [0]).is_empty() && to_come(deadline));
        }
        // The deadline of an open stream may have passed, because bytes may be waiting.
        Step::Read { deadline } => is_late = !to_come(deadline),
        Step::Wait(wait) => {
            assert!(wait.until >= now);
            // `Retry-After` has no upper limit.
            let is_asked = matches!(wait.cause, LossCause::Status(_));
            assert!(wait.delay <= policy_limit() || is_asked);
            if wait.until == now {
                // A wait of zero length is already over.
                assert!(matches!(source.step(now), Step::Connect { .. }));
                return;
            }
        }
        Step::Stop(_) => {}
    }
    assert_eq!(format!("{:?}", source.step(now)), said);
    if is_late {
        source.timed_out(now);
        assert!(!matches!(source.step(now), Step::Read { .. }));
    }
}

/// The longest delay that a `retry` field can cause, with jitter.
fn policy_limit() -> Duration {
    Policy::DEFAULT.max_retry * 2
}

fn receive<const DATA: usize, const META: usize>(
    source: &mut EventSource<'_, DATA, META, impl Hooks>,
    mut bytes: &[u8],
    now: Duration,
) {
    while let Some(item) = source.receive(&mut bytes, now) {
        match item {
            Item::Open(head) => {
                assert!(head.status() >= 200);
                assert!(head.headers().count() <= 64);
            }
            Item::Piece(piece) => assert!(!piece.is_empty() && piece.len() <= DATA),
            _ => {}
        }
    }
}

/// Connects and sends the request in pieces, if that is the current step.
fn send<const DATA: usize, const META: usize>(
    source: &mut EventSource<'_, DATA, META, impl Hooks>,
    request: &Request<'_>,
    most: u8,
    now: Duration,
) {
    let Step::Connect { origin, .. } = source.step(now) else {
        return;
    };
    let same_origin = origin == request.url.origin();
    let host = match (
        origin.host.contains(':'),
        origin.port == origin.scheme.default_port(),
    ) {
        (false, true) => origin.host.to_owned(),
        (false, false) => format!("{}:{}", origin.host, origin.port),
        (true, true) => format!("[{}]", origin.host),
        (true, false) => format!("[{}]:{}", origin.host, origin.port),
    };
    source.connected(now);
    let mut sent = Vec::new();
    while let Step::Write { .. } = source.step(now) {
        let mut memory = [0; 256];
        let bytes = source.request(&mut memory[..=usize::from(most)]);
        sent.extend_from_slice(bytes);
        source.wrote(bytes.len());
    }
    assert!(matches!(source.step(now), Step::Read { .. }));
    check_request(
        &sent,
        request,
        &host,
        same_origin,
        source.decoder().last_event_id(),
    );
}

/// The request has the expected lines and no others.
fn check_request(sent: &[u8], request: &Request<'_>, host: &str, same_origin: bool, id: &str) {
    let sent = std::str::from_utf8(sent).expect("a request of text");
    let (head, body) = sent.split_once("\r\n\r\n").expect("an empty line");
    let (first, lines) = head.split_once("\r\n").unwrap_or((head, ""));
    let mut words = first.split(' ');
    let method = words.next().expect("a method");
    let path = words.next().expect("a path");
    assert_eq!((words.next(), words.next()), (Some("HTTP/1.1"), None));
    assert!(path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic()));
    let is_original = method == request.method;
    assert!(is_original || method == "GET");
    assert_eq!(
        body.as_bytes(),
        if is_original { request.body } else { b"" }
    );

    let mut want = vec![
        format!("Host: {host}"),
        "Accept: text/event-stream".into(),
        "Accept-Encoding: identity".into(),
        "Cache-Control: no-cache".into(),
    ];
    let is_sayable = !id
        .bytes()
        .any(|byte| byte != b'\t' && byte.is_ascii_control());
    if !id.is_empty() && is_sayable && id.trim_matches([' ', '\t']) == id {
        want.push(format!("Last-Event-ID: {id}"));
    }
    for (name, value) in request.headers {
        let stays = match *name {
            "Authorization" => same_origin,
            "Content-Type" => is_original,
            _ => true,
        };
        if stays {
            want.push(format!("{name}: {value}"));
        }
    }
    if is_original && request.method == "POST" {
        want.push(format!("Content-Length: {}", request.body.len()));
    }
    let lines: Vec<_> = lines.split("\r\n").collect();
    assert_eq!(lines, want);
}
