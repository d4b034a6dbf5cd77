//! The guest's Ethernet cable, by QEMU's machine protocol.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

pub struct Link {
    port: u16,
}

impl Link {
    pub fn new() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        Self {
            port: free.expect("there is a free port").port(),
        }
    }

    pub fn options(&self) -> Vec<String> {
        let server = format!("tcp:127.0.0.1:{},server=on,wait=off", self.port);
        vec!["-qmp".to_owned(), server]
    }

    pub fn set(&self, up: bool) {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("QEMU listens");
        let mut answers = BufReader::new(&stream).lines().map_while(Result::ok);
        for command in [
            r#"{"execute":"qmp_capabilities"}"#.to_owned(),
            format!(r#"{{"execute":"set_link","arguments":{{"name":"net","up":{up}}}}}"#),
        ] {
            (&stream)
                .write_all(command.as_bytes())
                .expect("QEMU listens");
            // The others are its greeting, and events.
            let answer = answers.find(|line| line.contains("return") || line.contains("error"));
            assert_eq!(answer.as_deref(), Some(r#"{"return": {}}"#));
        }
    }
}
