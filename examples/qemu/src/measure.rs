//! What the crate takes on a Cortex-M4: measured, put into tables, and held against `bounds.txt`.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use crate::elf::Sections;
use crate::firmware::{self, AN386, Board};
use crate::handshake::{handshake, handshake_table};
use crate::qemu::Run;
use crate::screen::Screen;
use crate::stack::stack;

/// A line for each number that is measured: its name, and what it may be at most.
const BOUNDS: &str = include_str!("../bounds.txt");

const LIMIT: Duration = Duration::from_secs(60);

/// Prints the tables. It is an error if a number is above its bound.
pub fn measure() -> Result<(), String> {
    let footprint = footprint()?;
    let handshake = handshake()?;
    let speed = speed()?;
    println!("{}", table("footprint | bytes", &footprint)?);
    println!("{}", handshake_table(&handshake));
    println!("{}", speed_table(&speed)?);
    let numbers = footprint.iter().chain(&handshake).chain(&speed);
    let above: Vec<_> = numbers.filter_map(Number::problem).collect();
    if above.is_empty() {
        Ok(())
    } else {
        Err(above.join("\n"))
    }
}

pub struct Number {
    pub name: String,
    pub value: f64,
}

impl Number {
    pub fn new(name: impl Into<String>, value: impl Into<f64>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }

    /// From a line that a firmware has said.
    pub fn parse(line: &str) -> Result<Self, String> {
        let parts = line.rsplit_once(' ');
        let number =
            parts.and_then(|(name, value)| Some(Self::new(name, value.parse::<f64>().ok()?)));
        number.ok_or(format!("that is no number: {line:?}"))
    }

    /// What is wrong with it.
    fn problem(&self) -> Option<String> {
        let Self { name, value } = self;
        match bound(name) {
            Ok(bound) if *value <= bound => None,
            Ok(bound) => Some(format!("{name}: {value} is above {bound}")),
            Err(error) => Some(error),
        }
    }
}

fn bound(name: &str) -> Result<f64, String> {
    let mut lines = BOUNDS.lines().filter_map(|line| line.rsplit_once(' '));
    let bound = lines.find_map(|(other, bound)| (other == name).then_some(bound));
    let bound = bound.and_then(|bound| bound.parse().ok());
    bound.ok_or(format!("bounds.txt says nothing of {name:?}"))
}

// ---- footprint ----

fn footprint() -> Result<Vec<Number>, String> {
    let sections =
        |package, binary| Sections::of(&firmware::build(package, binary, "release", AN386)?);
    let socket = sections("firmware", "socket")?;
    let ipv6_socket = sections("peers", "ipv6-socket")?;
    let mut numbers = Vec::new();
    for (name, package, binary) in [
        ("`Decoder`", "firmware", "decoder"),
        ("`EventSource`", "firmware", "source"),
        ("`sse()` over embassy-net", "firmware", "sse"),
        ("`sse()` with hooks", "firmware", "hooks"),
        ("`sse()` without redirects and bodies", "firmware", "small"),
        ("reqwless, events by hand", "peers", "reqwless"),
        ("nanofish, events by hand", "peers", "nanofish"),
        ("`sse()` with a pinned key", "https", "pinned"),
        ("`sse()` with an authority", "https", "authority"),
    ] {
        let with = sections(package, binary)?;
        let without = match binary {
            "nanofish" => &ipv6_socket,
            _ => &socket,
        };
        for (what, with, without) in [
            ("flash", with.flash(), without.flash()),
            (
                "initial values in flash",
                with.initial_values(),
                without.initial_values(),
            ),
            ("static RAM", with.ram(), without.ram()),
        ] {
            numbers.push(Number::new(
                format!("{name}, {what}"),
                difference(with, without)?,
            ));
        }
    }
    numbers.push(Number::new(
        "`sse()`, modules that nobody asked for",
        unasked("sse")? as u32,
    ));
    for line in run(AN386, "firmware", "sizes", "release", &[], &[])? {
        let Number { name, value } = Number::parse(&line)?;
        numbers.push(Number::new(format!("`{name}`, size"), value));
    }
    numbers.extend(stack()?);
    Ok(numbers)
}

/// How many of the modules that a program may ask for are in one that has asked for none.
fn unasked(binary: &str) -> Result<usize, String> {
    let program = firmware::build("firmware", binary, "release", AN386)?;
    let bytes = fs::read(&program).map_err(|error| format!("{}: {error}", program.display()))?;
    // The names of functions, in which each part of a path has its length before it.
    let names = |path: &str| {
        bytes
            .windows(path.len())
            .any(|name| name == path.as_bytes())
    };
    if !names("12embedded_sse6source") {
        return Err(format!("{binary} has no names of functions"));
    }
    let modules = [
        "6pieces",
        "5draft",
        "8counters",
        "6budget",
        "7encoder",
        "4json",
    ];
    Ok(modules.into_iter().filter(|module| names(module)).count())
}

fn difference(with: u32, without: u32) -> Result<u32, String> {
    let difference = with.checked_sub(without);
    difference.ok_or("a firmware has become smaller by the crate: this is no measurement".into())
}

fn table(titles: &str, numbers: &[Number]) -> Result<String, String> {
    let mut table = format!("| {titles} | at most |\n|---|--:|--:|\n");
    for Number { name, value } in numbers {
        let _infallible = writeln!(table, "| {name} | {value} | {} |", bound(name)?);
    }
    Ok(table)
}

// ---- speed ----

/// Instructions per byte, by input and pushes.
fn speed() -> Result<Vec<Number>, String> {
    let once = || {
        run(
            AN386,
            "speed",
            "speed",
            "speed",
            &[],
            &["-icount", "shift=0"],
        )
    };
    let lines = once()?;
    if lines != once()? {
        return Err("the instructions are not the same in two runs".to_owned());
    }
    lines
        .iter()
        .map(|line| {
            let Number { name, value } = Number::parse(line)?;
            Ok(Number::new(name, value / 100.0))
        })
        .collect()
}

fn speed_table(numbers: &[Number]) -> Result<String, String> {
    let mut table = String::from(
        "| instructions per byte | whole: borrowed | 1460 B | 536 B | halves: joined |\n|---|--:|--:|--:|--:|\n",
    );
    for row in numbers.chunks(4) {
        let input = row.first().and_then(|number| number.name.chars().next());
        let _infallible = write!(table, "| ({})", input.ok_or("an input has no name")?);
        for Number { value, .. } in row {
            let _infallible = write!(table, " | {value:.2}");
        }
        table += " |\n";
    }
    Ok(table)
}

// ---- runs ----

/// What it says.
pub fn run(
    board: Board,
    package: &str,
    binary: &str,
    profile: &str,
    arguments: &[String],
    options: &[&str],
) -> Result<Vec<String>, String> {
    let firmware = firmware::build(package, binary, profile, board)?;
    let screen = Screen::default();
    let run = Run {
        board,
        firmware: &firmware,
        arguments: arguments.to_vec(),
        options: options.iter().map(|&option| option.to_owned()).collect(),
        port: None,
        limit: Some(LIMIT),
        show: false,
    };
    let status = run.go(&screen)?;
    let lines = screen.lines().clone();
    match status {
        0 => Ok(lines),
        _ => Err(format!(
            "{binary} has ended with status {status}: {lines:?}"
        )),
    }
}
