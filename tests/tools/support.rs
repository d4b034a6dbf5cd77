//! What the tests of the tools share: a tool as a child process, and a deadline for all waits.

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

/// Far more than any test needs: one that waits longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

thread_local! {
    /// Each test has a thread of its own.
    static DEADLINE: Instant = Instant::now() + PATIENCE;
}

/// What is left until the deadline of this test. Never 0, which sockets would refuse.
pub fn time_left() -> Duration {
    let left = DEADLINE.with(|deadline| deadline.saturating_duration_since(Instant::now()));
    left.max(Duration::from_millis(1))
}

/// Where an example's program is, built by the cargo that has built this test.
fn program(example: &str) -> &'static Path {
    static PROGRAMS: OnceLock<Vec<(String, PathBuf)>> = OnceLock::new();
    let programs = PROGRAMS.get_or_init(build).iter();
    let mut programs = programs.filter(|(name, _)| name == example);
    &programs.next().expect("it is an example").1
}

/// Builds them all, which `cargo test` has done already unless it was asked for a part.
fn build() -> Vec<(String, PathBuf)> {
    // The directory that cargo has now, however it was told.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let output = Command::new(env!("CARGO"))
        .args(["build", "--message-format=json", "--examples"])
        // What the test was built with.
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

/// A tool that runs. It is killed when this is dropped.
pub struct Tool {
    child: Child,
    /// `None` if nobody is to read them any more.
    lines: Option<Receiver<String>>,
    /// Those that were read, for the message of a test that fails.
    seen: Vec<String>,
    stderr: Option<JoinHandle<String>>,
}

impl Tool {
    pub fn run(example: &str, args: &[&str]) -> Self {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        Self::run_with(example, &args)
    }

    /// With arguments that need not be Unicode.
    pub fn run_with(example: &str, args: &[&OsStr]) -> Self {
        let mut tool = Self::start(example, args);
        let stdout = tool.child.stdout.take().expect("it is piped");
        tool.lines = Some(lines_of(stdout));
        tool
    }

    /// Nobody reads its output, which stays open.
    pub fn run_unread(example: &str, args: &[&str]) -> Self {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        Self::start(example, &args)
    }

    fn start(example: &str, args: &[&OsStr]) -> Self {
        let mut child = Command::new(program(example))
            .args(args)
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

    /// The tool's input. When it is dropped, the input ends.
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

    /// Closes the tool's output with the next line of it.
    pub fn stop_reading(&mut self) {
        self.lines = None;
    }

    /// The next line of output; waits for it. `None` at the output's end.
    pub fn line(&mut self) -> Option<String> {
        let lines = self.lines.as_ref().expect("there still is a reader");
        match lines.recv_timeout(time_left()) {
            Ok(line) => {
                self.seen.push(line.chars().take(200).collect());
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => self.give_up("it says nothing more"),
        }
    }

    /// The next line of output, which is JSON.
    pub fn json(&mut self) -> Value {
        let Some(line) = self.line() else {
            self.give_up("it has ended too early");
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

    /// The tool says nothing more, and ends with this status. Returns what it wrote to stderr.
    #[track_caller]
    pub fn expect_exit(&mut self, code: i32) -> String {
        let more = self.line();
        assert_eq!(more, None, "after {:#?}", self.seen);
        self.exit(code)
    }

    /// Like [`expect_exit`](Self::expect_exit), whatever it may have said.
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

    /// The tool says nothing but one line on stderr, and ends with this status. Returns the line.
    #[track_caller]
    pub fn expect_complaint(&mut self, code: i32) -> String {
        let stderr = self.expect_exit(code);
        let mut lines = stderr.lines();
        let line = lines.next().unwrap_or_default();
        assert!(!line.is_empty() && lines.next().is_none(), "{stderr}");
        line.into()
    }

    /// All that the tool still says on its output, until its end.
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

/// Lines as they come, from a thread that ends when nobody wants them any more.
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

/// A name and a path that are no UTF-8.
#[cfg(unix)]
pub fn no_unicode() -> &'static OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(b"http://127.0.0.1:1/\xFF")
}
