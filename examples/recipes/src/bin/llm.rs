//! Prints the answer of a language model while it is written. See `docs/recipes/llm.md`.

use std::env;
use std::error::Error;
use std::io::{Write, stdout};
use std::ops::ControlFlow::{Break, Continue};
use std::process::ExitCode;
use std::time::Duration;

use embedded_sse::std_net::StdTime;
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, Url, Verdict, blocking, hooks};
use recipes::{Net, printable_lines};
use serde_json::{Value, json};

fn main() -> ExitCode {
    recipes::run(ask)
}

fn ask() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().collect();
    let [_, url, model, prompt] = &args[..] else {
        return Err("usage: llm URL/v1/chat/completions MODEL PROMPT".into());
    };
    let bearer = format!("Bearer {}", env::var("LLM_API_KEY").unwrap_or_default());
    let message = json!({"role": "user", "content": prompt});
    let body = json!({"model": model, "stream": true, "messages": [message]}).to_string();
    let request = Request {
        headers: &[
            ("Authorization", bearer.trim_end()),
            ("Content-Type", "application/json"),
        ],
        ..Request::post(Url::parse(url)?, body.as_bytes())
    };
    let policy = Policy {
        reconnection_time: Duration::from_millis(500),
        max_reconnection_attempts: Some(2),
        // A model that thinks may be silent for minutes.
        idle_timeout: Some(Duration::from_secs(300)),
        ..Policy::DEFAULT
    };
    let mut decoder: Decoder<65536> = Decoder::new();
    // The service has not begun to answer, so asking again is safe.
    let refused = hooks::judge(|head, verdict| match head.status() {
        429 | 503 => Verdict::Retry,
        _ => verdict,
    });
    let mut source =
        EventSource::new(request, policy, recipes::seed(), &mut decoder)?.with_hooks(refused);
    let mut end = None;
    let (clock, mut chunk) = (StdTime::new(), [0; 4096]);
    let mut net = Net::new(&clock);
    let stop = blocking::sse(&mut net, &clock, &mut source, &mut chunk, |item| {
        end = match item {
            Item::Event(event) if event.data == "[DONE]" => Some(Ok(())),
            Item::Event(event) => show(event.data).err().map(Err),
            Item::TooLong(part) => Some(Err(part.to_string())),
            Item::Lost(wait) => {
                eprintln!("{wait}");
                None
            }
            _ => None,
        };
        if end.is_some() {
            Break(())
        } else {
            Continue(())
        }
    });
    if let Some((_, body)) = source.response() {
        return Err(format!("{stop}: {}", message_of(body)).into());
    }
    println!();
    match (end, stop.cause) {
        (Some(end), _) => Ok(end?),
        (None, Some(cause)) => Err(format!("the answer is incomplete: {cause}").into()),
        (None, None) => Err(stop.into()),
    }
}

/// Prints a piece of the answer, or returns the error that the service sent in its place.
fn show(data: &str) -> Result<(), String> {
    let chunk: Value = serde_json::from_str(data).map_err(|invalid| invalid.to_string())?;
    if !chunk["error"].is_null() {
        return Err(message_of(data.as_bytes()));
    }
    // The last chunk may have no choices, but the usage.
    let text = chunk["choices"][0]["delta"]["content"].as_str();
    print!("{}", printable_lines(text.unwrap_or_default()));
    stdout().flush().map_err(|error| error.to_string())
}

/// The message of an error object, or all of the body if it is not one.
fn message_of(body: &[u8]) -> String {
    let object: Value = serde_json::from_slice(body).unwrap_or_default();
    match object["error"]["message"].as_str() {
        Some(message) => message.to_owned(),
        None => String::from_utf8_lossy(body).trim_end().to_owned(),
    }
}
