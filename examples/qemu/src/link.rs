//! The guest's Ethernet cable, and its switch, by QEMU's machine protocol.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

pub struct Link {
    port: u16,
}

impl Link {
    pub fn new() -> Self {
        Self { port: free_port() }
    }

    pub fn options(&self) -> Vec<String> {
        let server = format!("tcp:127.0.0.1:{},server=on,wait=off", self.port);
        vec!["-qmp".to_owned(), server]
    }

    pub fn set(&self, up: bool) {
        self.execute(&format!(
            r#"{{"execute":"set_link","arguments":{{"name":"net","up":{up}}}}}"#
        ));
    }

    /// Ends QEMU, with status 0.
    pub fn quit(&self) {
        self.execute(r#"{"execute":"quit"}"#);
    }

    fn execute(&self, command: &str) {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("QEMU listens");
        let mut answers = BufReader::new(&stream).lines().map_while(Result::ok);
        for command in [r#"{"execute":"qmp_capabilities"}"#, command] {
            (&stream)
                .write_all(command.as_bytes())
                .expect("QEMU listens");
            // The others are its greeting, and events.
            let answer = answers.find(|line| line.contains("return") || line.contains("error"));
            assert_eq!(answer.as_deref(), Some(r#"{"return": {}}"#));
        }
    }
}

/// One of this computer's, until somebody takes it.
pub fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    free.expect("there is a free port").port()
}
