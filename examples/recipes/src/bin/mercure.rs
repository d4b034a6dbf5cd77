//! Prints the updates of a Mercure hub, and detects missed ones. See `docs/recipes/mercure.md`.

use std::env;
use std::error::Error;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

use embedded_sse::std_net::StdTime;
use embedded_sse::{Decoder, EventSource, Head, Item, Policy, Request, Url, blocking};
use recipes::{Net, printable};

fn main() -> ExitCode {
    recipes::run(follow)
}

fn follow() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let usage = "usage: mercure URL/.well-known/mercure?topic=TOPIC [LAST_ID]";
    let url = args.next().ok_or(usage)?;
    let bearer = env::var("MERCURE_JWT").map(|jwt| format!("Bearer {jwt}"));
    let headers = bearer.iter().map(|bearer| ("Authorization", &bearer[..]));
    let request = Request {
        headers: &headers.collect::<Vec<_>>(),
        ..Request::get(Url::parse(&url)?)
    };
    let policy = Policy {
        // A comment comes every 40 s.
        idle_timeout: Some(Duration::from_secs(100)),
        ..Policy::DEFAULT
    };
    let mut decoder: Decoder<65536, 256> = Decoder::new();
    if let Some(last_id) = args.next() {
        decoder.set_last_event_id(&last_id)?;
    }
    let mut source = EventSource::new(request, policy, recipes::seed(), &mut decoder)?;
    let (clock, mut chunk) = (StdTime::new(), [0; 4096]);
    let mut net = Net::new(&clock);
    let stop = blocking::sse(&mut net, &clock, &mut source, &mut chunk, |item| {
        match item {
            Item::Open(head) => {
                if let Some(resumed) = gap(&head) {
                    let asked = head.last_event_id();
                    let missed =
                        format!("asked for those after {asked}, got those after {resumed}");
                    println!("missed updates: {}", printable(missed));
                    // Here, fetch the resource itself again.
                }
            }
            Item::Event(event) => {
                let (id, data) = (printable(event.last_event_id), printable(event.data));
                println!("{id}: {data}");
            }
            Item::TooLong(part) => eprintln!("skipped an update: {part}"),
            Item::Lost(wait) => eprintln!("lost: {wait}"),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    Err(recipes::refusal(stop, source.response()))
}

/// Where the hub has resumed, if that is not where it was asked to.
fn gap<'a>(head: &Head<'a>) -> Option<&'a str> {
    if head.last_event_id().is_empty() {
        return None;
    }
    let resumed = head.header("Last-Event-ID").unwrap_or("an unknown update");
    Some(resumed).filter(|resumed| *resumed != head.last_event_id())
}
