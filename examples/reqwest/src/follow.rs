//! Follows an event stream with reqwest, until the server ends it. `resume` also connects again.

mod text;

use std::error::Error;
use std::process::ExitCode;

use embedded_sse::stream::ByteStreamExt;
use futures_util::StreamExt;
use reqwest::{Client, Response};
use text::with_sources;

async fn follow(url: &str) -> Result<(), Box<dyn Error>> {
    let request = Client::new().get(url);
    let request = request.header("Accept", "text/event-stream");
    let response = request.send().await.and_then(Response::error_for_status);
    let response = response.map_err(reqwest::Error::without_url)?; // It may contain a secret.
    let mut events = response.bytes_stream().event_stream();
    while let Some(event) = events.next().await {
        let event = event?;
        println!("{:?}: {:?}", event.event_type, event.data);
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
