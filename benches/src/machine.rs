//! The date, the machine and the compiler.

use std::process::Command;

pub fn conditions() -> String {
    let date = said("date", &["-u", "+%Y-%m-%d"]);
    let compiler = said("rustc", &["--version"]);
    let compiler: Vec<&str> = compiler.split(' ').take(2).collect();
    let machine = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let machine = machine
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or(std::env::consts::ARCH, |(_, name)| name);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let compiler = compiler.join(" ");
    // This program itself adds 1 to the load.
    format!("{date}, {machine}, {compiler}, load {load} on {cores} cores.")
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}
