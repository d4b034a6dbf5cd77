//! Prints the edits of a wiki from Wikimedia's EventStreams. See `docs/recipes/wikimedia.md`.

use std::env;
use std::error::Error;
use std::ops::ControlFlow::{Break, Continue};
use std::process::ExitCode;
use std::time::Duration;

use embedded_sse::std_net::StdTime;
use embedded_sse::{Decoder, EventSource, Item, Policy, Request, TooLong, Url, blocking};
use recipes::{Net, printable};

/// The longest ID of `recentchange` has 163 bytes.
const META: usize = 256;

#[derive(serde::Deserialize)]
struct Change {
    meta: Meta,
    wiki: Option<String>,
    title: Option<String>,
    user: Option<String>,
}

#[derive(serde::Deserialize)]
struct Meta {
    domain: String,
}

fn main() -> ExitCode {
    recipes::run(follow)
}

fn follow() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().collect();
    let [_, url, wiki, contact] = &args[..] else {
        return Err("usage: wikimedia URL/v2/stream/recentchange WIKI CONTACT".into());
    };
    let user_agent = format!("embedded-sse-recipe/1.0 ({contact}) embedded-sse/0.1");
    let request = Request {
        headers: &[("User-Agent", &user_agent)],
        ..Request::get(Url::parse(url)?)
    };
    let policy = Policy {
        // All wikis together are never silent for long.
        idle_timeout: Some(Duration::from_secs(60)),
        ..Policy::DEFAULT
    };
    let mut decoder: Decoder<65536, META> = Decoder::new();
    let mut source = EventSource::new(request, policy, recipes::seed(), &mut decoder)?;
    let mut end = None;
    let (clock, mut chunk) = (StdTime::new(), [0; 16384]);
    let mut net = Net::new(&clock);
    let stop = blocking::sse(&mut net, &clock, &mut source, &mut chunk, |item| {
        match item {
            Item::Event(event) if event.event_type == "message" => {
                match serde_json::from_str::<Change>(event.data) {
                    // Sent to test the service.
                    Ok(change) if change.meta.domain == "canary" => {}
                    Ok(change) if change.wiki.as_deref() == Some(wiki) => println!(
                        "{}: {}",
                        printable(change.user.unwrap_or_default()),
                        printable(change.title.unwrap_or_default())
                    ),
                    Ok(_) => {}
                    Err(invalid) => eprintln!("skipped an event: {}", printable(invalid)),
                }
            }
            Item::Event(event) => {
                let (kind, data) = (printable(event.event_type), printable(event.data));
                eprintln!("{kind}: {data}");
            }
            // Without IDs, the stream cannot be resumed.
            Item::TooLong(TooLong::Id { len }) => {
                end = Some(format!("an ID has {len} bytes: set META to {len} or more"));
                return Break(());
            }
            Item::TooLong(part) => eprintln!("skipped an event: {part}"),
            Item::Lost(wait) => eprintln!("lost: {wait}"),
            _ => {}
        }
        Continue(())
    });
    match end {
        Some(end) => Err(end.into()),
        None => Err(recipes::refusal(stop, source.response())),
    }
}
