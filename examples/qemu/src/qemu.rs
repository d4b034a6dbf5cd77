//! One run of a firmware.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::firmware::Board;
use crate::screen::Screen;

/// What to run, and how.
pub struct Run<'a> {
    pub board: Board,
    pub firmware: &'a Path,
    /// The firmware's own, as `name=value`.
    pub arguments: Vec<String>,
    /// QEMU's own, besides those that each run has.
    pub options: Vec<String>,
    /// The port of this computer's at which the firmware's HTTP server is to be found, if it has one.
    pub port: Option<u16>,
    /// `None` is for ever.
    pub limit: Option<Duration>,
    /// Whether the user sees what the firmware says.
    pub show: bool,
}

impl Run<'_> {
    /// Returns QEMU's exit status when it has ended.
    pub fn go(self, screen: &Screen) -> Result<i32, String> {
        // The first is a program's name.
        let mut semihosting = String::from("enable=on,target=native,arg=firmware");
        for argument in &self.arguments {
            // A comma is QEMU's own, unless there are two.
            semihosting += ",arg=";
            semihosting += &argument.replace(',', ",,");
        }
        let mut network = String::from("user,id=net,model=lan9118");
        if let Some(port) = self.port {
            network += &format!(",hostfwd=tcp:127.0.0.1:{port}-:80");
        }
        let mut child = Command::new("qemu-system-arm")
            .args(["-machine", self.board.name])
            .args(["-nic", &network])
            .args(["-display", "none", "-serial", "null", "-monitor", "none"])
            .args(["-no-reboot", "-semihosting-config", &semihosting])
            .args(self.options)
            .arg("-kernel")
            .arg(self.firmware)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(missing)?;
        let output = child.stdout.take();
        thread::scope(|scope| {
            let reader = scope.spawn(|| output.map(|output| screen.fill(output, self.show)));
            wait(&mut child, self.limit, || reader.is_finished())
        })
    }
}

/// Whether it can be run at all.
pub fn is_installed() -> Result<(), String> {
    let version = Command::new("qemu-system-arm").arg("--version").output();
    version.map(|_| ()).map_err(missing)
}

fn missing(error: std::io::Error) -> String {
    format!("qemu-system-arm: {error}; is it installed?")
}

fn wait(
    child: &mut Child,
    limit: Option<Duration>,
    is_unread: impl Fn() -> bool,
) -> Result<i32, String> {
    let start = Instant::now();
    let mut unread_since = None;
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return status.code().ok_or(format!("QEMU has crashed: {status}"));
        }
        if is_unread() {
            unread_since.get_or_insert_with(Instant::now);
        }
        let problem = if limit.is_some_and(|limit| start.elapsed() > limit) {
            "it takes too long"
        } else if unread_since.is_some_and(|since: Instant| since.elapsed().as_secs() >= 1) {
            // As by `head`. At its own end QEMU lives a little longer than its output.
            "nobody reads on"
        } else {
            thread::sleep(Duration::from_millis(5));
            continue;
        };
        let _ended = child.kill().and_then(|()| child.wait());
        return Err(problem.to_owned());
    }
}
