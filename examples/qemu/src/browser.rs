//! A browser's `EventSource` and our client follow the board that serves: it ends each response after
//! four events, so that they have to come back, and what they have seen must be without a gap, and
//! without anything twice.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::chromium::Chromium;
use crate::firmware::{self, AN385, AN386};
use crate::link::{Link, free_port};
use crate::qemu::Run;
use crate::scenario::difference;
use crate::screen::Screen;

/// As many as each follows.
const RESPONSES: u32 = 3;
/// As the firmware has them in a response.
const EVENTS: u32 = 4;

const BOOT_LIMIT: Duration = Duration::from_secs(10);
/// For each of the two. A browser on a busy machine takes its time to start.
const LIMIT: Duration = Duration::from_secs(60);

pub fn browser() -> Result<(), String> {
    let firmware = firmware::build("server", "server", "release", AN386)?;
    let client = firmware::build("firmware", "client", "release", AN385)?;
    let (link, screen, port) = (Link::new(), Screen::default(), free_port());
    let run = Run {
        board: AN386,
        firmware: &firmware,
        arguments: Vec::new(),
        options: link.options(),
        port: Some(port),
        limit: Some(BOOT_LIMIT + 2 * LIMIT),
        show: false,
    };
    thread::scope(|scope| {
        let server = scope.spawn(|| run.go(&screen));
        let result = both(&screen, &client, port);
        if !server.is_finished() {
            link.quit();
        }
        let ended = server.join().map_err(|_| "QEMU is lost".to_owned())?;
        match ended? {
            0 => result,
            status => Err(format!(
                "the server has ended with status {status}: {:?}",
                screen.lines().last()
            )),
        }
    })
}

fn both(screen: &Screen, client: &Path, port: u16) -> Result<(), String> {
    let lines = screen.wait_until(BOOT_LIMIT, |lines| !lines.is_empty());
    if lines.is_empty() {
        return Err("the server does not start".to_owned());
    }
    step("Chromium", || chromium(screen, port))?;
    step("our client", || follow(client, port))
}

/// Says how it went.
fn step(name: &str, run: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let start = Instant::now();
    let result = run();
    let verdict = if result.is_ok() { "ok" } else { "FAILED" };
    let took = start.elapsed().as_secs_f64();
    println!("{name:<39} {took:>6.2} s  {verdict}");
    result
}

/// The page tells the server what it sees, which prints it.
fn chromium(screen: &Screen, port: u16) -> Result<(), String> {
    let expected = expected(|_| r#"{"kind":"lost"}"#);
    // All else is of the server itself.
    let is_told = |line: &&String| line.starts_with('{');
    let enough = |lines: &[String]| lines.iter().filter(is_told).count() >= expected.len();

    let chromium = Chromium::open(&format!("http://127.0.0.1:{port}/"))?;
    let lines = screen.wait_until(LIMIT, enough);
    let told = lines.iter().filter(is_told).take(expected.len());
    // Another way to write the same.
    let told: Vec<_> = told.map(|line| line.replace(r"\n", r"\u000a")).collect();
    difference(&told, &expected).map_or(Ok(()), |difference| {
        let log = chromium.log();
        Err(format!("what the browser has seen: {difference}\n{log}"))
    })
}

/// On the other board.
fn follow(client: &Path, port: u16) -> Result<(), String> {
    let screen = Screen::default();
    let run = Run {
        board: AN385,
        firmware: client,
        arguments: vec![
            format!("url=http://10.0.2.2:{port}/events"),
            format!("count={}", RESPONSES * EVENTS),
        ],
        options: Vec::new(),
        port: None,
        limit: Some(LIMIT),
        show: false,
    };
    let status = run.go(&screen)?;
    let expected = expected(|response| match response {
        // It has what it wants, and leaves.
        RESPONSES => r#"{"kind":"stopped","reason":"Closed"}"#,
        // It waits as the server asks.
        _ => r#"{"kind":"lost","cause":"End","ms":200}"#,
    });
    match (difference(&screen.lines(), &expected), status) {
        (None, 0) => Ok(()),
        (None, status) => Err(format!("the client has ended with status {status}")),
        (Some(difference), _) => Err(format!("what the client has seen: {difference}")),
    }
}

/// How each line begins, if this is what a response's end looks like.
fn expected(end: impl Fn(u32) -> &'static str) -> Vec<String> {
    let mut lines = Vec::new();
    for response in 1..=RESPONSES {
        lines.push(r#"{"kind":"open""#.to_owned());
        lines.extend((1..=EVENTS).map(|place| event((response - 1) * EVENTS + place)));
        lines.push(end(response).to_owned());
    }
    lines
}

fn event(number: u32) -> String {
    let (event_type, more) = if number.is_multiple_of(3) {
        ("lines", r#"\u000a\u000a  grüezi \"😀\""#)
    } else {
        ("message", "")
    };
    format!(
        r#"{{"kind":"event","type":"{event_type}","data":"event {number}{more}","id":"{number}"}}"#
    )
}
