//! Runs scenarios, and says what is wrong.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::firmware::{self, AN385, AN386, Board};
use crate::https;
use crate::https_scenarios;
use crate::link::Link;
use crate::qemu::{self, Run};
use crate::scenarios;
use crate::screen::Screen;
use crate::server::Server;

/// What the firmware is put through, and what has to come of it.
pub struct Scenario {
    pub name: &'static str,
    /// The firmware's arguments, besides the URL.
    pub arguments: &'static str,
    /// How many seconds it may take.
    pub limit: u64,
    /// The server's side.
    pub play: fn(Stage),
    /// What the firmware has to print: how each line begins.
    pub prints: fn() -> Vec<String>,
    /// QEMU's exit status.
    pub status: i32,
}

/// A firmware, with the scenarios that it is put through.
struct Client {
    package: &'static str,
    binary: &'static str,
    /// Its arguments, besides those of the scenario, when the server is at this port.
    arguments: fn(u16) -> Vec<String>,
    scenarios: &'static [Scenario],
}

const CLIENTS: &[Client] = &[
    Client {
        package: "firmware",
        binary: "client",
        arguments: |port| vec![format!("url=http://10.0.2.2:{port}/events")],
        scenarios: scenarios::SCENARIOS,
    },
    Client {
        package: "https",
        binary: "https-client",
        arguments: |port| [https::pin(), https_url(port)].concat(),
        scenarios: https_scenarios::PINNED,
    },
    Client {
        package: "https",
        binary: "https-client",
        arguments: |port| [https::root(), https_url(port)].concat(),
        scenarios: https_scenarios::AUTHORITY,
    },
];

fn https_url(port: u16) -> Vec<String> {
    vec![format!("url=https://{}:{port}/events", https::HOST)]
}

/// What a server has to play with.
pub struct Stage {
    pub server: Server,
    pub screen: Screen,
    pub link: Link,
}

/// Those of these names, or all, on each board.
pub fn run_all(names: &[&str]) -> Result<(), String> {
    let scenarios = CLIENTS.iter().flat_map(|client| client.scenarios);
    let known: Vec<_> = scenarios.map(|scenario| scenario.name).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!(
            "no scenario is {name:?}; there are: {}",
            known.join(", ")
        ));
    }
    qemu::is_installed()?;
    let mut failed = 0;
    for board in [AN386, AN385] {
        for client in CLIENTS {
            let is_chosen = |s: &&Scenario| names.is_empty() || names.contains(&s.name);
            let chosen: Vec<_> = client.scenarios.iter().filter(is_chosen).collect();
            if chosen.is_empty() {
                continue;
            }
            let firmware = firmware::build(client.package, client.binary, "release", board)?;
            for scenario in chosen {
                failed += usize::from(!run(scenario, client, board, &firmware));
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(format!("{failed} scenarios have failed")),
    }
}

/// Says how it went on one line, and on more what is wrong.
fn run(scenario: &Scenario, client: &Client, board: Board, firmware: &Path) -> bool {
    let start = Instant::now();
    let problems = play(scenario, client, board, firmware);
    let verdict = if problems.is_empty() { "ok" } else { "FAILED" };
    let took = start.elapsed().as_secs_f64();
    println!(
        "{} {:<28} {took:>6.2} s  {verdict}",
        board.name, scenario.name
    );
    for problem in &problems {
        println!("    {problem}");
    }
    problems.is_empty()
}

fn play(scenario: &Scenario, client: &Client, board: Board, firmware: &Path) -> Vec<String> {
    let screen = Screen::default();
    let stage = Stage {
        server: Server::bind(0),
        screen: screen.clone(),
        link: Link::new(),
    };
    // The firmware takes the first of each name.
    let arguments = (client.arguments)(stage.server.port());
    let words = scenario.arguments.split_whitespace().map(str::to_owned);
    let run = Run {
        board,
        firmware,
        arguments: words.chain(arguments).collect(),
        options: stage.link.options(),
        port: None,
        limit: Some(Duration::from_secs(scenario.limit)),
        show: false,
    };
    let play = scenario.play;
    let server = thread::spawn(move || play(stage));
    let mut problems = Vec::new();
    match run.go(&screen) {
        Ok(status) if status == scenario.status => {}
        Ok(status) => problems.push(format!("exit status {status}, not {}", scenario.status)),
        Err(error) => problems.push(error),
    }
    if server.join().is_err() {
        problems.push("the server panicked, as said above".to_owned());
    }
    problems.extend(difference(&screen.lines(), &(scenario.prints)()));
    problems
}

/// Where the first line is that is not as it has to be.
pub fn difference(printed: &[String], expected: &[String]) -> Option<String> {
    let pairs = printed.iter().zip(expected);
    let same = pairs
        .take_while(|(line, start)| line.starts_with(*start))
        .count();
    let line = |lines: &[String]| {
        lines
            .get(same)
            .map_or("nothing".into(), |line| format!("{line:.200}"))
    };
    (same < printed.len().max(expected.len())).then(|| {
        format!(
            "line {}: {}\n      expected: {}",
            same + 1,
            line(printed),
            line(expected)
        )
    })
}
