//! The firmware for a user to look at.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::firmware::{self, AN386};
use crate::qemu::Run;
use crate::screen::Screen;
use crate::server::Server;

/// Events arrive, over connections that are lost.
pub fn demo() -> Result<(), String> {
    // The server waits for its client, which may take long to build.
    let firmware = client()?;
    let server = Server::bind(0);
    let url = format!("http://10.0.2.2:{}/events", server.port());
    println!("{} follows {url}; 10.0.2.2 is this computer", AN386.name);
    thread::spawn(move || {
        for last in (0..12).step_by(4) {
            let mut connection = server.open_after(last);
            for number in last + 1..=last + 4 {
                thread::sleep(Duration::from_millis(300));
                connection.events(number..=number);
            }
            // It ends in the middle of the next one.
            connection.send("40\r\nid: ");
            connection.cut();
        }
        server.request().send("HTTP/1.1 204 No Content\r\n\r\n");
    });
    // The server's last word is not to come back.
    boot(&firmware, &[], &url, Some(Duration::from_secs(60)), 10)
}

/// Events of the firmware's own.
pub fn serve(port: &str) -> Result<(), String> {
    let port = port.parse().map_err(|_| format!("no port: {port:?}"))?;
    let firmware = firmware::build("server", "server", "release", AN386)?;
    println!(
        "{} serves http://127.0.0.1:{port}/ for a browser,",
        AN386.name
    );
    println!("and http://127.0.0.1:{port}/events for any other client");
    let run = Run {
        board: AN386,
        firmware: &firmware,
        arguments: Vec::new(),
        options: Vec::new(),
        port: Some(port),
        limit: None,
        show: true,
    };
    let status = run.go(&Screen::default())?;
    Err(format!("the firmware has ended with status {status}"))
}

/// The firmware that follows.
pub fn client() -> Result<PathBuf, String> {
    firmware::build("firmware", "client", "release", AN386)
}

/// Shows it follow this URL, until it ends with the expected status.
pub fn boot(
    firmware: &Path,
    arguments: &[String],
    url: &str,
    limit: Option<Duration>,
    expected: i32,
) -> Result<(), String> {
    let mut arguments = arguments.to_vec();
    arguments.push(format!("url={url}"));
    let run = Run {
        board: AN386,
        firmware,
        arguments,
        options: Vec::new(),
        port: None,
        limit,
        show: true,
    };
    match run.go(&Screen::default())? {
        status if status == expected => Ok(()),
        status => Err(format!("the firmware has ended with status {status}")),
    }
}
