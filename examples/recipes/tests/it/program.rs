//! Runs a recipe's program.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Turns a hang into a failure. Longer than any wait of a program on a busy machine.
const HANGS: Duration = Duration::from_secs(120);

pub struct Program {
    child: Child,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
}

impl Program {
    pub fn start(program: &str, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(program)
            .args(args)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cargo has built it");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut stderr = child.stderr.take().expect("it is piped");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines() {
                // The test may be over.
                let _ = sender.send(line.expect("text"));
            }
        });
        let errors = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("text");
            text
        });
        Self {
            child,
            lines,
            errors: Some(errors),
        }
    }

    /// Waits for the next line of the standard output.
    #[track_caller]
    pub fn line(&self) -> String {
        self.lines.recv_timeout(HANGS).expect("a line")
    }

    /// Ends a program that would run for ever. Returns its standard error.
    pub fn kill(mut self) -> String {
        self.child.kill().expect("it runs");
        self.errors()
    }

    /// Waits until the program ends. Returns its exit status, the rest of its standard output,
    /// and its standard error.
    #[track_caller]
    pub fn wait(mut self) -> (Option<i32>, String, String) {
        let mut output = String::new();
        loop {
            match self.lines.recv_timeout(HANGS) {
                Ok(line) => output += &format!("{line}\n"),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("the program hangs"),
            }
        }
        let status = self.child.wait().expect("it has ended");
        (status.code(), output, self.errors())
    }

    fn errors(&mut self) -> String {
        let errors = self.errors.take().expect("it is taken once");
        errors.join().expect("it reads text")
    }
}

/// A failed test leaves no process behind.
impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
