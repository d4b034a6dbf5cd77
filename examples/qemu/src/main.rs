//! Runs the firmware in QEMU.

mod browser;
mod chromium;
mod elf;
mod firmware;
mod follow;
mod handshake;
mod https;
mod https_scenarios;
mod link;
mod measure;
mod qemu;
mod responses;
mod scenario;
mod scenarios;
mod screen;
mod server;
mod show;
mod stack;
mod vectors;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo run [-- COMMAND]

  (nothing)               shows the firmware follow a server that loses its connections
  follow [NAME=VALUE]... URL
                          follows that one; localhost is this computer, and there is no TLS;
                          the names are count, idle, connect, delay, max-delay and attempts, as
                          firmware/src/bin/client/main.rs says
  scenarios [NAME]...     runs the firmware of each board against servers that misbehave
  serve [PORT]            boots the firmware that serves events itself, and a page for a browser
  browser                 has headless Chromium and our client follow that one
  vectors                 compares what the decoder and the client make of test vectors on each board
  measure                 prints what the crate takes of flash, RAM, stack and instructions
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        [] => show::demo(),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        ["follow", ref words @ ..] => follow::follow(words),
        ["serve"] => show::serve("8080"),
        ["serve", port] => show::serve(port),
        ["browser"] => browser::browser(),
        ["measure"] => measure::measure(),
        ["vectors"] => vectors::vectors(),
        ["scenarios", ref names @ ..] => scenario::run_all(names),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
