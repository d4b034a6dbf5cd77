//! Chooses a case by its seed.

use std::time::Duration;

use embedded_sse::{Policy, Verdict};

use crate::case::{Op, Setup};
use crate::dialogue::{redirect, response};
use crate::random::Random;

pub fn case(seed: u64) -> (Setup, Vec<Op>) {
    let mut random = Random::new(seed);
    let setup = setup(&mut random);
    let mut ops = Vec::new();
    for _ in 0..1 + random.below(6) {
        attempt(&mut random, &setup, &mut ops);
    }
    (setup, ops)
}

fn setup(random: &mut Random) -> Setup {
    let is_small = random.chance(25);
    let method = random.pick(&[
        "GET", "GET", "GET", "GET", "GET", "GET", "POST", "POST", "PUT",
    ]);
    let body = if method == "GET" {
        ""
    } else {
        random.pick(&["", "{\"q\":1}"])
    };
    let mut headers = Vec::new();
    while random.chance(35) {
        let (name, value) = random.one_of(&HEADERS);
        headers.push((name.into(), value.into()));
    }
    Setup {
        wrong: None,
        data_len: if is_small { 160 } else { 2048 },
        meta_len: if is_small { 16 } else { 64 },
        url: random.pick(&URLS).into(),
        method: method.into(),
        headers,
        body: body.into(),
        repeatable: random.chance(30),
        resume_by_get: random.chance(30),
        max_redirects: random.one_of(&[20, 20, 20, 0, 1, 2]),
        policy: policy(random),
        seed: random.next() as u32,
        last_event_id: random.pick(&["", "", "", "old", " edge", "c\u{1}"]).into(),
        retry: random.one_of(&[None, None, None, Some(0), Some(4000), Some(u64::MAX)]),
        failures: random.one_of(&[0, 0, 0, 1, 5, u32::MAX]),
        allow_tls: random.chance(50),
        remember: random.one_of(&[None, Some(25), Some(300)]),
        show_comments: random.chance(30),
        show_retry: random.chance(30),
        show_ids: random.chance(30),
        split_long_events: random.chance(20),
        judge: random.chance(20).then(|| judge(random)),
    }
}

const URLS: [&str; 7] = [
    "http://h.example/a/b?x=1",
    "http://h.example/a/b?x=1",
    "http://h.example",
    "http://h.example:81/events",
    "https://h.example/s/",
    "http://[::1]:8080/",
    "http://h.example?x",
];

const HEADERS: [(&str, &str); 12] = [
    ("Content-Language", "en"),
    ("content-md5", "x"),
    ("Authorization", "Bearer abc"),
    ("authorization", "Basic x"),
    ("Cookie", "a=b"),
    ("Proxy-Authorization", "Basic y"),
    ("Host", "virtual.example"),
    ("Accept", "*/*"),
    ("cache-control", "no-store"),
    ("X-Device", "kitchen"),
    ("Content-Type", "application/json"),
    ("Accept-Encoding", "br"),
];

fn judge(random: &mut Random) -> (u16, Verdict) {
    let verdicts = [
        Verdict::Open,
        Verdict::Retry,
        Verdict::Stop,
        Verdict::Collect,
        Verdict::Finish,
    ];
    (
        random.one_of(&[200, 200, 202, 204, 404, 429, 503, 302]),
        random.one_of(&verdicts),
    )
}

fn policy(random: &mut Random) -> Policy {
    let ms = Duration::from_millis;
    Policy {
        reconnection_time: ms(random.one_of(&[3000, 3000, 0, 1, 45_000])),
        max_reconnection_attempts: random.one_of(&[None, None, None, Some(0), Some(1), Some(2)]),
        max_delay: ms(random.one_of(&[30_000, 30_000, 0, 5000])),
        jitter_percent: random.one_of(&[100, 0, 0, 5, 50]),
        min_retry: ms(random.one_of(&[500, 500, 0])),
        max_retry: ms(random.one_of(&[3_600_000, 10_000])),
        healthy_time: ms(random.one_of(&[8000, 8000, 0, 1000])),
        idle_timeout: random.one_of(&[None, Some(2000), Some(20_000)]).map(ms),
        connect_timeout: random.one_of(&[None, Some(30_000), Some(1000)]).map(ms),
        response_timeout: random.one_of(&[None, Some(300_000), Some(2000)]).map(ms),
    }
}

/// One attempt: most of the calls fit, a few do not.
fn attempt(random: &mut Random, setup: &Setup, ops: &mut Vec<Op>) {
    ops.push(Op::Step);
    if random.chance(95) {
        ops.push(Op::WaitOut(offset(random)));
        ops.push(Op::Step);
    }
    if random.chance(12) {
        fault(random, ops);
    }
    ops.extend([Op::Connected, Op::Step]);
    while random.chance(15) {
        ops.push(Op::Write(random.below(300), random.below(300)));
        if random.chance(20) {
            fault(random, ops);
        }
    }
    ops.extend([Op::Write(4096, 4096), Op::Step]);
    while random.chance(10) {
        let bytes = redirect(random, &setup.url);
        ops.extend([
            Op::Receive(bytes),
            Op::Step,
            Op::Connected,
            Op::Write(4096, 4096),
            Op::Step,
        ]);
    }
    if random.chance(5) {
        fault(random, ops);
    }
    let bytes = response(random, setup.data_len < 1000);
    receive(random, setup, bytes, ops);
    match random.below(20) {
        0..=9 => ops.push(Op::Ended),
        10 | 11 => ops.push(Op::Failed),
        12..=14 => ops.extend([Op::Until(offset(random)), Op::TimedOut]),
        15 => ops.extend([Op::Until(offset(random)), Op::Step]),
        16 => ops.push(if random.chance(50) {
            Op::Close
        } else {
            Op::Restart
        }),
        17 | 18 => ops.extend([Op::Sleep(1000), Op::Step]),
        _ => {}
    }
    ops.push(Op::Step);
    if random.chance(25) {
        ops.extend([Op::Step, Op::Restart]);
    }
}

fn receive(random: &mut Random, setup: &Setup, bytes: Vec<u8>, ops: &mut Vec<Op>) {
    // The model is slow: it reads all that came at each call.
    let longest = match bytes.len() {
        0..300 => random.one_of(&[1, 7, 40, 400]),
        _ => random.one_of(&[100, 1000, 10_000]),
    };
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(1 + random.below(rest.len().min(longest)));
        rest = after;
        ops.push(Op::Receive(chunk.into()));
        if random.chance(50) {
            ops.push(Op::Step);
        }
        // With short chunks, more faults would leave no dialogue whole.
        if random.chance(if longest < 40 { 1 } else { 15 }) {
            ops.push(Op::Sleep(pause(random, &setup.policy)));
        }
        if random.chance(if longest < 40 { 1 } else { 5 }) {
            fault(random, ops);
        }
    }
}

/// A time that matters, or nearly one.
fn pause(random: &mut Random, policy: &Policy) -> u64 {
    let healthy = policy.healthy_time;
    let idle = policy.idle_timeout.unwrap_or_default();
    let times = [
        healthy,
        healthy * 2,
        healthy * 3,
        idle,
        idle / 2,
        Duration::from_secs(1),
    ];
    let time = random.one_of(&times).as_millis() as u64;
    time.saturating_add_signed(offset(random))
}

fn offset(random: &mut Random) -> i64 {
    random.one_of(&[0, 0, 0, 0, 1, -1])
}

fn fault(random: &mut Random, ops: &mut Vec<Op>) {
    match random.below(14) {
        0 => ops.push(Op::Failed),
        1 => ops.push(Op::Ended),
        2 => ops.push(Op::TimedOut),
        3 => ops.extend([Op::Until(offset(random)), Op::TimedOut]),
        4 => ops.extend([Op::Until(offset(random)), Op::Step]),
        5 => ops.extend([Op::Until(offset(random)), Op::Failed]),
        6 => ops.push(Op::Close),
        7 => ops.push(Op::Restart),
        8 => ops.push(Op::Connected),
        9 => ops.push(Op::Write(random.below(20), random.below(20))),
        10 => ops.push(Op::Receive(b"data: spurious\n\n".into())),
        11 => ops.push(Op::Receive(Vec::new())),
        12 => ops.push(Op::Sleep(random.below(3000) as u64)),
        _ => ops.push(Op::Step),
    }
}
