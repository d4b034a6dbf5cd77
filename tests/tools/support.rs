//! Helpers of these tests: a tool that runs as a child process, and a deadline for all waits.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Far longer than any test takes. A test that waits longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

thread_local! {
    /// Each test runs in its own thread.
    static DEADLINE: Instant = Instant::now() + PATIENCE;
}

/// The time until the deadline of this test. It is never zero, because sockets refuse that.
pub fn time_left() -> Duration {
    let left = DEADLINE.with(|deadline| deadline.saturating_duration_since(Instant::now()));
    left.max(Duration::from_millis(1))
}

/// The path of an example's program, built by the cargo that has built this test.
fn program(example: &str) -> &'static Path {
    static PROGRAMS: OnceLock<Vec<(String, PathBuf)>> = OnceLock::new();
    let programs = PROGRAMS.get_or_init(build).iter();
    let mut programs = programs.filter(|(name, _)| name == example);
    &programs.next().expect("it is an example").1
}

/// Builds all examples. `cargo test` has done that already, but `cargo test --test tools` has not.
fn build() -> Vec<(String, PathBuf)> {
    // The target directory may have been set by an option, a variable or a configuration file.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let mut cargo = Command::new(env!("CARGO"));
    // The variables that `cargo test` sets for this test. With them, `ring` would be built again, and
    // by the next `cargo test` once more.
    for (name, _) in std::env::vars_os() {
        let is_set_by_cargo =
            |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(is_set_by_cargo) {
            cargo.env_remove(name);
        }
    }
    let output = cargo
        .args(["build", "--message-format=json", "--examples"])
        // The same features as for this test.
        .args(cfg!(feature = "json").then_some("--features=json"))
        .arg("--target-dir")
        .arg(target.expect("it lies in the target directory"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "the examples do not build");
    let messages = String::from_utf8_lossy(&output.stdout);
    let programs = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let name = message["target"]["name"].as_str()?;
        let path = message["executable"].as_str()?;
        Some((name.to_owned(), path.into()))
    });
    programs.collect()
}

/// A running tool. Dropping it kills the process.
pub struct Tool {
    child: Child,
    /// `None` if the output is not read, or not any more.
    lines: Option<Receiver<String>>,
    /// The lines that were read, for the message of a failed test.
    seen: Vec<String>,
    stderr: Option<JoinHandle<String>>,
}

impl Tool {
    pub fn run(example: &str, args: &[&str]) -> Self {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        Self::run_with(example, &args)
    }

    /// Like [`run`](Self::run), with arguments that may not be Unicode.
    pub fn run_with(example: &str, args: &[&OsStr]) -> Self {
        Self::run_in(example, args, &[])
    }

    /// Like [`run_with`](Self::run_with), with these environment variables.
    pub fn run_in(example: &str, args: &[&OsStr], variables: &[(&str, &str)]) -> Self {
        let mut tool = Self::start(example, args, variables);
        let stdout = tool.child.stdout.take().expect("it is piped");
        tool.lines = Some(lines_of(stdout));
        tool
    }

    /// Runs a tool whose output stays open but is not read.
    pub fn run_unread(example: &str, args: &[&str]) -> Self {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        Self::start(example, &args, &[])
    }

    fn start(example: &str, args: &[&OsStr], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(program(example))
            .args(args)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the tool runs");
        let stderr = child.stderr.take().expect("it is piped");
        Self {
            child,
            lines: None,
            seen: Vec::new(),
            stderr: Some(spawn(|| text_of(stderr))),
        }
    }

    /// The tool's standard input. Dropping it ends the input.
    pub fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("it is taken only once")
    }

    #[track_caller]
    pub fn assert_runs(&mut self) {
        let status = self.child.try_wait().expect("it is our child");
        assert_eq!(status, None, "it has ended, after {:#?}", self.seen);
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Closes the tool's output after its next line.
    pub fn stop_reading(&mut self) {
        self.lines = None;
    }

    /// Waits for the next line of output. Returns `None` at the end of the output.
    pub fn line(&mut self) -> Option<String> {
        let lines = self.lines.as_ref().expect("there still is a reader");
        match lines.recv_timeout(time_left()) {
            Ok(line) => {
                self.seen.push(line.chars().take(200).collect());
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => self.give_up("there is no more output"),
        }
    }

    /// Waits for the next line of output and parses it as JSON.
    pub fn json(&mut self) -> Value {
        let Some(line) = self.line() else {
            self.give_up("it ended too early");
        };
        match serde_json::from_str(&line) {
            Ok(value) => value,
            Err(error) => self.give_up(&format!("this is not JSON ({error}): {line}")),
        }
    }

    #[track_caller]
    pub fn expect(&mut self, want: Value) {
        let got = self.json();
        assert_eq!(got, want, "after {:#?}", self.seen);
    }

    #[track_caller]
    pub fn expect_event(&mut self, id: &str, data: &str) {
        self.expect(json!({"kind": "event", "type": "message", "data": data, "id": id}));
    }

    /// Expects no more output and this exit status. Returns the standard error.
    #[track_caller]
    pub fn expect_exit(&mut self, code: i32) -> String {
        let more = self.line();
        assert_eq!(more, None, "after {:#?}", self.seen);
        self.exit(code)
    }

    /// Waits for this exit status and ignores the rest of the output. Returns the standard error.
    #[track_caller]
    pub fn exit(&mut self, code: i32) -> String {
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                break status;
            }
            if time_left() <= Duration::from_millis(1) {
                self.give_up("it does not end");
            }
            sleep(Duration::from_millis(1));
        };
        let stderr = self.stderr.take().expect("a tool ends once").join();
        let stderr = stderr.expect("it is read without a panic");
        assert_eq!(
            status.code(),
            Some(code),
            "after {:#?}\n{stderr}",
            self.seen
        );
        stderr
    }

    /// Expects no more output, one line of standard error and this exit status. Returns the line.
    #[track_caller]
    pub fn expect_complaint(&mut self, code: i32) -> String {
        let stderr = self.expect_exit(code);
        let mut lines = stderr.lines();
        let line = lines.next().unwrap_or_default();
        assert!(!line.is_empty() && lines.next().is_none(), "{stderr}");
        line.into()
    }

    /// The rest of the output, until its end.
    pub fn text(&mut self) -> String {
        let mut text = String::new();
        while let Some(line) = self.line() {
            text += &line;
            text.push('\n');
        }
        text
    }

    fn give_up(&mut self, problem: &str) -> ! {
        let _ = self.child.kill();
        let stderr = self.stderr.take().and_then(|thread| thread.join().ok());
        let stderr = stderr.unwrap_or_default();
        panic!("{problem}; until then: {:#?}\nstderr: {stderr}", self.seen);
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines in a thread, which ends when the receiver is dropped.
fn lines_of(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    spawn(move || {
        for line in BufReader::new(stdout).lines() {
            let line = line.expect("it is UTF-8");
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn text_of(mut stderr: ChildStderr) -> String {
    let mut text = String::new();
    let _ = stderr.read_to_string(&mut text);
    text
}

/// An argument that is not valid UTF-8.
#[cfg(unix)]
pub fn no_unicode() -> &'static OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(b"http://127.0.0.1:1/\xFF")
}
