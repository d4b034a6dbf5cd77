//! Compares our client with two others, with the same server on loopback. Prints tables as Markdown.
//!
//! `cargo run --release --features end-to-end --bin end_to_end`
//!
//! Each client is a separate process, so that its CPU time can be measured: this program with a URL and the
//! client's name as arguments.

mod clients;
mod server;

use std::error::Error;
use std::process::Command;
use std::time::Duration;

use embedded_sse_benches::inputs::inputs;
use embedded_sse_benches::machine::conditions;

use clients::{CHUNK, CLIENTS};

/// The bytes of the stream: about 100,000 events.
const SIZE: usize = 27_000_000;
const ROUNDS: usize = 15;

struct Best {
    time: Duration,
    cpu: Duration,
    is_right: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    if let (Some(url), Some(name)) = (arguments.next(), arguments.next()) {
        let events = arguments
            .next()
            .ok_or("the number of events is missing")?
            .parse()?;
        return clients::run(&url, &name, events);
    }

    let input = inputs(SIZE).swap_remove(0);
    let events = input.right.events;
    println!(
        "{} {events} events, stream ({}): {}. One client at a time, best of {ROUNDS} rounds.\n",
        conditions(),
        input.letter,
        input.what
    );
    println!(
        "The server writes 16 KiB at once; ours and the bare reads read {} KiB at once.",
        CHUNK / 1024
    );
    for (what, chunked) in [
        ("A chunk for each event", server::per_event(&input.stream)),
        ("Chunks of 16 KiB", server::per_write(&input.stream)),
    ] {
        let url = server::serve(chunked)?;
        let mut best: Vec<Option<Best>> = CLIENTS.iter().map(|_| None).collect();
        for round in 1..=ROUNDS {
            eprintln!("{what}: round {round} of {ROUNDS}");
            for (client, best) in CLIENTS.iter().zip(&mut best) {
                let output = Command::new(std::env::current_exe()?)
                    .args([&url, client.name, &events.to_string()])
                    .output()?;
                let said = String::from_utf8(output.stdout)?;
                let numbers: Result<Vec<u64>, _> = said.split(' ').map(str::parse).collect();
                let [seen, bytes, time, cpu] = numbers.unwrap_or_default()[..] else {
                    let error = String::from_utf8_lossy(&output.stderr);
                    return Err(format!("{}: {said:?}, {error}", client.name).into());
                };
                let is_right =
                    !client.decodes || (seen, bytes) == (events as u64, input.right.bytes as u64);
                let (time, cpu) = (Duration::from_nanos(time), Duration::from_nanos(cpu));
                let best = best.get_or_insert(Best {
                    time,
                    cpu,
                    is_right,
                });
                best.time = best.time.min(time);
                best.cpu = best.cpu.min(cpu);
                best.is_right &= is_right;
            }
        }
        let best: Vec<Best> = best.into_iter().flatten().collect();
        print_table(what, events as f64, &best);
    }
    Ok(())
}

fn print_table(what: &str, events: f64, best: &[Best]) {
    // The ratios are relative to the first client.
    let ours = &best[0];
    println!("\n| {what} | events/s | time, relative | CPU per event | CPU, relative |");
    println!("|---|--:|--:|--:|--:|");
    for (client, best) in CLIENTS.iter().zip(best) {
        let name = match best.is_right {
            true => client.name.to_owned(),
            false => format!("wrong: {}", client.name),
        };
        println!(
            "| {name} | {:.2} million | {:.1}× | {:.2} µs | {:.1}× |",
            events / best.time.as_secs_f64() / 1e6,
            best.time.as_secs_f64() / ours.time.as_secs_f64(),
            best.cpu.as_secs_f64() * 1e6 / events,
            best.cpu.as_secs_f64() / ours.cpu.as_secs_f64(),
        );
    }
}
