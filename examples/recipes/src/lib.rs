//! What the programs share: connections, a random seed, and error messages.

mod net;

use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;

use embedded_sse::{Head, Stop};

pub use net::Net;

/// A random seed, so that many clients do not all reconnect at the same moment.
pub fn seed() -> u32 {
    RandomState::new().hash_one(()) as u32
}

/// Says why a source has stopped, with the first bytes of the response that stopped it.
pub fn refusal(stop: Stop, response: Option<(Head<'_>, &[u8])>) -> Box<dyn Error> {
    match response {
        Some((_, body)) => format!("{stop}: {}", String::from_utf8_lossy(body)).into(),
        None => stop.into(),
    }
}

/// Runs a program. Prints its error as a sentence; `main` itself would print the `Debug` form.
pub fn run(program: fn() -> Result<(), Box<dyn Error>>) -> ExitCode {
    match program() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
