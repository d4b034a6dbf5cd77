//! A browser that nobody sees.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// What distributions call it, and Google.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// It and its folder are gone when this is dropped.
pub struct Chromium {
    child: Child,
    folder: PathBuf,
}

impl Chromium {
    pub fn open(url: &str) -> Result<Self, String> {
        let folder = env::temp_dir().join(format!("embedded-sse-chromium-{}", process::id()));
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut started = NAMES.iter().map(|name| start(name, &folder, url));
        // The first that there is, even if it does not start.
        let child = started
            .find(|child| !matches!(child, Err(error) if error.kind() == ErrorKind::NotFound));
        match child {
            Some(Ok(child)) => Ok(Self { child, folder }),
            other => {
                let _removed = fs::remove_dir_all(&folder);
                Err(match other {
                    Some(Err(error)) => format!("Chromium does not start: {error}"),
                    _ => "there is no Chromium: sudo apt-get install chromium".to_owned(),
                })
            }
        }
    }

    /// What it has complained of.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
        // Its other processes end a moment after it, and write until then.
        for _ in 0..100 {
            if fs::remove_dir_all(&self.folder).is_ok() {
                break;
            }
            sleep(Duration::from_millis(20));
        }
    }
}

fn start(name: &str, folder: &Path, url: &str) -> io::Result<Child> {
    let mut profile = OsString::from("--user-data-dir=");
    profile.push(folder);
    Command::new(name)
        .args(["--headless", "--disable-gpu", "--no-first-run"])
        // It refuses to run as root with one, and is to see no page but ours.
        .arg("--no-sandbox")
        // It is to talk with nobody else.
        .args(["--no-proxy-server", "--disable-quic", "--disable-sync"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
        ])
        // A container may have little of it.
        .arg("--disable-dev-shm-usage")
        .arg(profile)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("log"))?)
        .spawn()
}
