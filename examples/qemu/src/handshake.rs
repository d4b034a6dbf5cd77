//! How many instructions a connection over TLS takes.

use std::fmt::Write;
use std::thread;

use rustls::ServerConfig;

use crate::firmware::{self, AN385_M0, AN386, Board};
use crate::https;
use crate::measure::{Number, run};
use crate::server::Server;

/// The events of the stream. They arrive in records of 16 KB.
const EVENTS: u32 = 100;

/// The length of one event.
const EVENT: usize = 1000;

/// A way to trust a server, with a server that is trusted.
struct Trust {
    name: &'static str,
    /// Those of the firmware.
    arguments: fn() -> Vec<String>,
    config: fn() -> ServerConfig,
}

const TRUSTS: [Trust; 3] = [
    Trust {
        name: "a pinned key",
        arguments: https::pin,
        config: https::pinned,
    },
    Trust {
        name: "an authority",
        arguments: https::root,
        config: https::issued,
    },
    Trust {
        name: "an intermediate authority",
        arguments: https::root,
        config: https::issued_indirectly,
    },
];

/// Each way to build the firmware.
const BUILDS: [(&str, Board, &str); 3] = [
    ("Cortex-M4, \"z\"", AN386, "release"),
    ("Cortex-M4, 3", AN386, "speed"),
    ("Cortex-M0+, \"z\"", AN385_M0, "release"),
];

/// By trust and build, in millions up to the head of the response, and then by build, per byte of the stream.
pub fn handshake() -> Result<Vec<Number>, String> {
    let (mut handshakes, mut streams) = (Vec::new(), Vec::new());
    for trust in TRUSTS {
        for (build, board, profile) in BUILDS {
            let [opening, stream] = count(board, profile, &trust)?;
            let millions = (opening / 1e5).round() / 10.0;
            let name = format!("handshake with {}, millions, {build}", trust.name);
            handshakes.push(Number::new(name, millions));
            // The stream is the same with each.
            if streams.len() < BUILDS.len() {
                let per_byte = stream / f64::from(EVENTS) / EVENT as f64;
                let name = format!("stream, per byte, {build}");
                streams.push(Number::new(name, per_byte.round()));
            }
        }
    }
    handshakes.extend(streams);
    Ok(handshakes)
}

fn count(board: Board, profile: &str, trust: &Trust) -> Result<[f64; 2], String> {
    // The server waits for its client, which may take long to build.
    firmware::build("https", "handshake", profile, board)?;
    let server = Server::bind(0);
    let mut arguments = (trust.arguments)();
    arguments.push(format!("port={}", server.port()));
    arguments.push(format!("events={EVENTS}"));
    let config = (trust.config)();
    let server = thread::spawn(move || {
        let mut connection = https::open_after(&server, config, 0);
        let event = format!("data: {}\n\n", "x".repeat(EVENT - 8));
        connection.chunk(&event.repeat(EVENTS as usize));
        connection.left();
    });
    let icount = ["-icount", "shift=0"];
    let lines = run(board, "https", "handshake", profile, &arguments, &icount)?;
    let end = server.join();
    end.map_err(|_| "the firmware has not read the stream")?;
    let numbers: Vec<_> = lines.iter().map(|line| Number::parse(line)).collect();
    match &numbers[..] {
        [Ok(opening), Ok(stream)] => Ok([opening.value, stream.value]),
        _ => Err(format!("handshake has said {lines:?}")),
    }
}

pub fn handshake_table(numbers: &[Number]) -> String {
    let mut table = String::from("| instructions over TLS");
    let mut line = String::from("|---");
    for (build, ..) in BUILDS {
        let _infallible = write!(table, " | {build}");
        line += "|--:";
    }
    let _infallible = writeln!(table, " |\n{line}|");
    for row in numbers.chunks(BUILDS.len()) {
        let (build, ..) = BUILDS[0];
        let name = row.first().map_or("", |number| &number.name);
        let name = name.strip_suffix(build).unwrap_or(name);
        let _infallible = write!(table, "| {}", name.trim_end_matches(", "));
        for Number { value, .. } in row {
            let _infallible = write!(table, " | {value}");
        }
        table += " |\n";
    }
    table
}
