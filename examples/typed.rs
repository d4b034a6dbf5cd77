//! Decodes events of several types, each to a type of its own: JSON with the feature `json`, and
//! another format with the crate `postcard`. Reads a stream from standard input:
//!
//! ```sh
//! printf 'event: product\ndata: {"id":1,"prices":[3,5]}\n\n' |
//!     cargo run --example typed --features json
//! ```

use std::error::Error;
use std::io::Read;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use embedded_sse::{Decoder, Event, Item};
use heapless::{String, Vec};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Debug, Deserialize)]
struct Customer {
    id: u32,
    /// An owned text, because a text with escapes cannot be borrowed from the event.
    name: String<32>,
}

#[derive(Debug, Deserialize)]
struct Product {
    id: u32,
    prices: Vec<u32, 8>,
}

#[derive(Debug, Deserialize)]
struct Reading {
    sensor: u8,
    millivolts: u16,
}

fn show(event: Event<'_>) -> Result<(), Box<dyn Error>> {
    match event.event_type {
        "customer" => {
            let Customer { id, name } = event.json()?;
            println!("customer {id}: {name}");
        }
        "product" => {
            let Product { id, prices } = event.json()?;
            println!("product {id}: {prices:?}");
        }
        "reading" => {
            let Reading { sensor, millivolts } = postcard(event.data)?;
            println!("sensor {sensor}: {millivolts} mV");
        }
        other => println!("{other}: {}", event.data),
    }
    Ok(())
}

/// An event's data is text, so binary data is encoded in base64.
fn postcard<T: DeserializeOwned>(data: &str) -> Result<T, Box<dyn Error>> {
    let mut memory = [0; 64];
    let len = STANDARD.decode_slice(data, &mut memory)?;
    Ok(postcard::from_bytes(&memory[..len])?)
}

fn main() -> ExitCode {
    if std::env::args_os().len() > 1 {
        eprintln!("usage: typed < STREAM");
        return ExitCode::from(2);
    }
    if let Err(error) = run() {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn run() -> std::io::Result<()> {
    let mut decoder: Decoder<1024> = Decoder::new();
    let mut chunk = [0; 256];
    loop {
        let read = std::io::stdin().read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        let mut input = &chunk[..read];
        while let Some(item) = decoder.decode(&mut input) {
            if let Item::Event(event) = item
                && let Err(error) = show(event)
            {
                // An invalid event does not affect the others.
                eprintln!("{}: {error}", event.event_type);
            }
        }
    }
}
