//! What the crate takes on a Cortex-M4: measured, put into tables, and held against `bounds.txt`.

use std::fmt::Write;
use std::thread;
use std::time::Duration;

use crate::elf::Sections;
use crate::firmware::{self, AN386};
use crate::qemu::Run;
use crate::screen::Screen;
use crate::server::Server;

/// A line for each number that is measured: its name, and what it may be at most.
const BOUNDS: &str = include_str!("../bounds.txt");

/// As many events as the longest scenario has.
const EVENTS: u32 = 100_000;

const LIMIT: Duration = Duration::from_secs(60);

/// Prints the tables. It is an error if a number is above its bound.
pub fn measure() -> Result<(), String> {
    let footprint = footprint()?;
    let speed = speed()?;
    println!("{}\n{}", footprint_table(&footprint)?, speed_table(&speed)?);
    let above: Vec<_> = footprint
        .iter()
        .chain(&speed)
        .filter_map(|(name, number)| match bound(name) {
            Ok(bound) if *number <= bound => None,
            Ok(bound) => Some(format!("{name}: {number} is above {bound}")),
            Err(error) => Some(error),
        })
        .collect();
    if above.is_empty() {
        Ok(())
    } else {
        Err(above.join("\n"))
    }
}

type Numbers = Vec<(String, f64)>;

fn bound(name: &str) -> Result<f64, String> {
    let mut lines = BOUNDS.lines().filter_map(|line| line.rsplit_once(' '));
    let bound = lines.find_map(|(other, bound)| (other == name).then_some(bound));
    let bound = bound.and_then(|bound| bound.parse().ok());
    bound.ok_or(format!("bounds.txt says nothing of {name:?}"))
}

// ---- footprint ----

fn footprint() -> Result<Numbers, String> {
    let sections = |binary| Sections::of(&firmware::build("firmware", binary, "release", AN386)?);
    let without = sections("socket")?;
    let mut numbers = Numbers::new();
    for (name, binary) in [
        ("`Decoder`", "decoder"),
        ("`EventSource`", "source"),
        ("`sse()` over embassy-net", "sse"),
    ] {
        let with = sections(binary)?;
        let code = with.code().checked_sub(without.code());
        let ram = with.ram().checked_sub(without.ram());
        numbers.push((format!("{name}, code"), whole(code)?));
        numbers.push((format!("{name}, static RAM"), whole(ram)?));
    }
    for line in run("firmware", "sizes", "release", &[], &[])? {
        let (name, number) = number(&line)?;
        numbers.push((format!("`{name}`, size"), number));
    }
    let (without, with) = (peak_stack("socket")?, peak_stack("sse")?);
    numbers.push(("peak stack, without a client".to_owned(), without));
    numbers.push(("peak stack, more with `sse()`".to_owned(), with - without));
    Ok(numbers)
}

fn whole(difference: Option<u32>) -> Result<f64, String> {
    let less = || "a firmware has become smaller by the crate: this is no measurement";
    difference.map(f64::from).ok_or_else(|| less().to_owned())
}

/// Of runs that take the events of the longest scenario: an interrupt may have come at the deepest
/// place in one and not in another.
fn peak_stack(binary: &str) -> Result<f64, String> {
    (0..3).try_fold(0.0, |peak, _| {
        let server = Server::bind(0);
        let port = format!("port={}", server.port());
        thread::spawn(move || {
            let mut connection = server.open_after(0);
            for first in (1..=EVENTS).step_by(100) {
                connection.events(first..=first + 99);
            }
        });
        let lines = run("firmware", binary, "release", &[port], &[])?;
        let [line] = lines.as_slice() else {
            return Err(format!("{binary} has said {lines:?}"));
        };
        Ok(f64::max(peak, number(line)?.1))
    })
}

fn footprint_table(numbers: &Numbers) -> Result<String, String> {
    let mut table = String::from("| footprint | bytes | at most |\n|---|--:|--:|\n");
    for (name, number) in numbers {
        let _infallible = writeln!(table, "| {name} | {number} | {} |", bound(name)?);
    }
    Ok(table)
}

// ---- speed ----

/// Instructions per byte, by input and pushes.
fn speed() -> Result<Numbers, String> {
    let once = || run("speed", "speed", "speed", &[], &["-icount", "shift=0"]);
    let lines = once()?;
    if lines != once()? {
        return Err("the instructions are not the same in two runs".to_owned());
    }
    lines
        .iter()
        .map(|line| {
            let (name, hundredths) = number(line)?;
            Ok((name, hundredths / 100.0))
        })
        .collect()
}

fn speed_table(numbers: &Numbers) -> Result<String, String> {
    let mut table = String::from(
        "| instructions per byte | whole: borrowed | 1460 B | 536 B | halves: joined |\n|---|--:|--:|--:|--:|\n",
    );
    for row in numbers.chunks(4) {
        let input = row.first().and_then(|(name, _)| name.chars().next());
        let _infallible = write!(table, "| ({})", input.ok_or("an input has no name")?);
        for (_, number) in row {
            let _infallible = write!(table, " | {number:.2}");
        }
        table += " |\n";
    }
    Ok(table)
}

// ---- runs ----

/// What it says.
fn run(
    package: &str,
    binary: &str,
    profile: &str,
    arguments: &[String],
    options: &[&str],
) -> Result<Vec<String>, String> {
    let firmware = firmware::build(package, binary, profile, AN386)?;
    let screen = Screen::default();
    let run = Run {
        board: AN386,
        firmware: &firmware,
        arguments: arguments.to_vec(),
        options: options.iter().map(|&option| option.to_owned()).collect(),
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

/// A line of a name and a number.
fn number(line: &str) -> Result<(String, f64), String> {
    let parts = line.rsplit_once(' ');
    let parts = parts.and_then(|(name, number)| Some((name.to_owned(), number.parse().ok()?)));
    parts.ok_or(format!("that is no number: {line:?}"))
}
