//! The firmware for a user to look at.

use std::thread;
use std::time::Duration;

use crate::firmware::{self, AN386};
use crate::qemu::Run;
use crate::screen::Screen;
use crate::server::Server;

/// Events arrive, over connections that are lost.
pub fn demo() -> Result<(), String> {
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
    boot(&[], &url, 10)
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

/// Shows the client follow this URL, until it ends with the expected status.
pub fn boot(arguments: &[String], url: &str, expected: i32) -> Result<(), String> {
    let firmware = firmware::build("firmware", "client", "release", AN386)?;
    let mut arguments = arguments.to_vec();
    arguments.push(format!("url={url}"));
    let run = Run {
        board: AN386,
        firmware: &firmware,
        arguments,
        options: Vec::new(),
        port: None,
        limit: None,
        show: true,
    };
    match run.go(&Screen::default())? {
        status if status == expected => Ok(()),
        status => Err(format!("the firmware has ended with status {status}")),
    }
}
