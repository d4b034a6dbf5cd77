//! Follows an event stream with reqwest, until the server ends it. `resume` also connects again.

use std::error::Error;
use std::process::ExitCode;

use embedded_sse::stream::ByteStreamExt;
use futures_util::StreamExt;

async fn follow(url: &str) -> Result<(), Box<dyn Error>> {
    let request = reqwest::Client::new().get(url);
    let request = request.header("Accept", "text/event-stream");
    let response = request.send().await?.error_for_status()?;
    let mut events = response.bytes_stream().event_stream();
    while let Some(event) = events.next().await {
        let event = event?;
        println!("{}: {}", event.event_type, event.data);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: follow URL\n\nPrints the events of URL, which is http:// or https://.");
        return ExitCode::from(2);
    };
    match follow(&url).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", with_sources(&*error));
            ExitCode::FAILURE
        }
    }
}

/// reqwest's errors tell the reason only in their sources.
fn with_sources(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_sources(source)),
        None => error.to_string(),
    }
}
